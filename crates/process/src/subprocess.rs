//! Programs that a handler or a callback starts: their streams are on the loop, and so is their end.
//!
//! How such a program is described is the standard library's [`Command`]; `Stdio::piped()` is what
//! `Subprocess.STREAM` is in Tornado.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::rc::Rc;

use firewhirl_event::locks::Event;
use firewhirl_event::{IoLoop, IoStream, Signal, log_targets};
use tokio::process::Child;

use crate::signals;

/// A program that runs beside the loop.
///
/// Dropping it closes the streams that are still in it, and does not end the program: that goes on, and
/// the loop waits for it so that no zombie remains. [`kill`](Self::kill) ends it. Tornado's `Subprocess`.
///
/// # Examples
///
/// A filter, through which something is sent:
///
/// ```
/// use std::process::{Command, Stdio};
/// use firewhirl_event::IoLoop;
/// use firewhirl_process::Subprocess;
///
/// # IoLoop::current().run_sync(async {
/// let mut command = Command::new("sort");
/// command.stdin(Stdio::piped()).stdout(Stdio::piped());
/// let mut sort = Subprocess::spawn(command)?;
///
/// let mut input = sort.stdin.take().expect("it is piped");
/// input.write("fire\nwhirl\nair\n");
/// input.flush().await?;
/// drop(input); // The end of what it is to sort.
///
/// let sorted = sort.stdout.as_mut().expect("it is piped").read_until_close().await?;
/// assert_eq!(sorted, "air\nfire\nwhirl\n");
/// sort.wait_for_exit().await?;
/// # Ok(()) }).unwrap();
/// ```
pub struct Subprocess {
    /// What the program reads, if that is piped. The program reads to its end once this is closed or
    /// dropped, so one that waits for its end must have taken it out before.
    pub stdin: Option<IoStream>,
    /// What the program prints, if that is piped.
    pub stdout: Option<IoStream>,
    /// What the program complains of, if that is piped.
    pub stderr: Option<IoStream>,
    pid: u32,
    program: String,
    end: Rc<End>,
}

type ExitCallback = Box<dyn FnOnce(i32)>;

/// The end of a program, and who wants to know of it.
#[derive(Default)]
struct End {
    returncode: Cell<Option<i32>>,
    has_come: Event,
    callback: RefCell<Option<ExitCallback>>,
}

impl Subprocess {
    /// Starts a program on this thread's loop.
    ///
    /// Each of its three streams that the command says is [piped](std::process::Stdio::piped) becomes an
    /// [`IoStream`]; the others are what the command says: this process's own, a file, nothing.
    ///
    /// # Errors
    ///
    /// What the system says if the program cannot be started. Then nothing stays open.
    pub fn spawn(command: Command) -> io::Result<Self> {
        let io_loop = IoLoop::current();
        let _entered = io_loop.enter();
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = tokio::process::Command::from(command).spawn()?;
        let stdin = child.stdin.take().map(|pipe| IoStream::pipe_writer(pipe.into_owned_fd()?)).transpose()?;
        let stdout = child.stdout.take().map(|pipe| IoStream::pipe_reader(pipe.into_owned_fd()?)).transpose()?;
        let stderr = child.stderr.take().map(|pipe| IoStream::pipe_reader(pipe.into_owned_fd()?)).transpose()?;
        // It has not been waited for, so it has a number.
        let pid = child.id().unwrap_or_default();
        let end = Rc::<End>::default();
        io_loop.spawn_callback(end.clone().wait(child, pid));
        Ok(Self { stdin, stdout, stderr, pid, program, end })
    }

    /// Starts a program whose standard output and error are one stream: [`stdout`](Self::stdout).
    /// Python's `stderr=STDOUT`.
    ///
    /// # Errors
    ///
    /// Those of [`spawn`](Self::spawn).
    pub fn spawn_with_one_output(command: Command) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut command = command;
        command.stdout(writer.try_clone()?).stderr(writer);
        // The command goes with this, and with it our end of what the program writes to.
        let mut subprocess = Self::spawn(command)?;
        let io_loop = IoLoop::current();
        let _entered = io_loop.enter();
        subprocess.stdout = Some(IoStream::pipe_reader(reader.into())?);
        Ok(subprocess)
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How the program ended: its status, or the number of the signal that killed it, negated; `None`
    /// until the loop has learned of it.
    pub fn returncode(&self) -> Option<i32> {
        self.end.returncode.get()
    }

    /// Runs a callback on the loop when the program has ended, with its [`returncode`](Self::returncode);
    /// soon, if it has. A second callback takes the place of the first.
    pub fn set_exit_callback(&self, callback: impl FnOnce(i32) + 'static) {
        *self.end.callback.borrow_mut() = Some(Box::new(callback));
        self.end.call_back();
    }

    /// Waits until the program has ended with status 0. May be called more than once. Tornado's
    /// `wait_for_exit`.
    ///
    /// # Errors
    ///
    /// [`CalledProcessError`] if it ended otherwise.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn wait_for_exit(&self) -> impl Future<Output = Result<(), CalledProcessError>> + use<> {
        let (returncode, program) = (self.wait_for_returncode(), self.program.clone());
        async move {
            match returncode.await {
                0 => Ok(()),
                returncode => Err(CalledProcessError { returncode, program }),
            }
        }
    }

    /// Waits until the program has ended, however that is, and gives its
    /// [`returncode`](Self::returncode). Tornado's `wait_for_exit(raise_error=False)`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn wait_for_returncode(&self) -> impl Future<Output = i32> + use<> {
        let end = self.end.clone();
        async move {
            loop {
                if let Some(returncode) = end.returncode.get() {
                    return returncode;
                }
                end.has_come.wait().await;
            }
        }
    }

    /// Asks the program to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::Terminate);
    }

    /// Sends the program a signal. Nothing happens if it has ended.
    pub fn signal(&self, signal: Signal) {
        self.send(signals::of(signal));
    }

    /// Ends the program at once (SIGKILL). Nothing happens if it has ended.
    pub fn kill(&self) {
        self.send(Some(rustix::process::Signal::KILL));
    }

    fn send(&self, signal: Option<rustix::process::Signal>) {
        // Until it has been waited for, its number is no other's.
        if self.returncode().is_none()
            && let Some(signal) = signal
        {
            signals::send(self.pid, signal);
        }
    }
}

impl End {
    async fn wait(self: Rc<Self>, mut child: Child, pid: u32) {
        let returncode = match child.wait().await {
            Ok(status) => returncode(status),
            Err(error) => {
                tracing::error!(target: log_targets::GEN, "cannot learn how process {pid} ended: {error}");
                // As Python says where somebody else has waited for the process.
                255
            }
        };
        self.returncode.set(Some(returncode));
        self.has_come.set();
        self.call_back();
    }

    fn call_back(&self) {
        if let Some(returncode) = self.returncode.get()
            && let Some(callback) = self.callback.take()
        {
            IoLoop::current().add_callback(move || callback(returncode));
        }
    }
}

impl fmt::Debug for Subprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subprocess")
            .field("program", &self.program)
            .field("pid", &self.pid)
            .field("returncode", &self.returncode())
            .finish_non_exhaustive()
    }
}

/// The status, or the number of the signal negated.
fn returncode(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

/// A program has ended otherwise than with status 0. Python's `subprocess.CalledProcessError`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalledProcessError {
    /// Its status, or the number of the signal that killed it, negated.
    pub returncode: i32,
    /// The program, as it was given.
    pub program: String,
}

impl fmt::Display for CalledProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { returncode, program } = self;
        match returncode {
            ..0 => write!(f, "{program} was killed by signal {}", returncode.unsigned_abs()),
            _ => write!(f, "{program} exited with status {returncode}"),
        }
    }
}

impl std::error::Error for CalledProcessError {}

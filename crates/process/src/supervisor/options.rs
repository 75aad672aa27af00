//! What can be set of a supervisor, and the place where parent and child part ways.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::{handover, is_rehearsal};

use super::membership::Membership;
use super::restarts::RestartPolicy;
use super::{Executable, Supervision, SupervisorError};
use crate::{cpu_count, notify, pid_file};

/// Runs this program in several processes, and starts those again that die.
///
/// A parent and its children are the same program: [`start`](Self::start) gives a child its task's number,
/// and in the parent does not return. Before it, all run the same code: what it binds there the parent
/// binds, and the children inherit. [`fork_processes`](crate::fork_processes) is this with what is usual.
///
/// What the parent does about signals:
///
/// | signal | |
/// |---|---|
/// | SIGTERM, SIGINT | asks the children to end (SIGTERM), kills those that have not within [`drain_limit`](Self::drain_limit), ends with status 0; a second SIGINT kills them at once |
/// | SIGHUP | hands it on to the children, which reopen their logs; to one that is not ready yet as soon as it is |
/// | SIGUSR2 | replaces the children one by one by processes of the version that is on disk, see [`upgrade`](crate::upgrade) |
///
/// If the parent is killed, the children notice, and end as if they had been asked to.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, IoStream, Result};
/// use firewhirl_process::Supervisor;
/// use firewhirl_tcp::{BindOptions, TcpServer, bind_sockets};
///
/// fn main() -> Result {
///     let mut sockets = bind_sockets(8888, &BindOptions::default())?;
///     let task = Supervisor::new(4).sockets(&mut sockets).watchdog(Duration::from_secs(30)).start()?;
///     // Here we are one of four processes.
///     let server = TcpServer::new(async move |mut stream: IoStream, _peer| {
///         stream.write(format!("task {task}\n"));
///         stream.flush().await?;
///         Ok(())
///     });
///     server.add_sockets(sockets)?;
///     IoLoop::current().start()
/// }
/// ```
#[derive(Debug)]
pub struct Supervisor {
    pub(super) count: usize,
    pub(super) sockets: Vec<(String, OwnedFd)>,
    pub(super) program: Option<Executable>,
    pub(super) restarts: RestartPolicy,
    pub(super) drain_limit: Duration,
    pub(crate) ready_limit: Duration,
    pub(super) watchdog: Option<Duration>,
    pub(super) on_hangup: Option<fn()>,
}

impl Supervisor {
    /// A supervisor of `count` processes; 0 means one a core.
    pub fn new(count: usize) -> Self {
        Self {
            count: if count == 0 { cpu_count() } else { count },
            sockets: Vec::new(),
            program: None,
            restarts: RestartPolicy::default(),
            drain_limit: Duration::from_secs(60),
            ready_limit: Duration::from_secs(60),
            watchdog: None,
            on_hangup: None,
        }
    }

    /// Listening sockets that every process is to accept connections from.
    ///
    /// In the parent they are taken out of the list: it keeps them open, so that clients wait while a
    /// process is started again, and closes them when it is told to end. In a child they are the inherited
    /// ones, and stay in the list to be served. Comes after [`program`](Self::program), if that is called.
    pub fn sockets<Socket: Into<OwnedFd>>(mut self, sockets: &mut Vec<Socket>) -> Self {
        if !self.is_for_child() {
            let sockets = sockets.drain(..).map(Into::<OwnedFd>::into);
            self.sockets.extend(sockets.map(|socket| (handover::name_of(&socket), socket)));
        }
        self
    }

    /// Supervises processes of another program than this one. [`start`](Self::start) then never returns.
    pub fn program(
        mut self,
        path: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        self.program = Some(Executable::other(path.into(), arguments.into_iter().map(Into::into).collect()));
        self
    }

    /// How often the process of one task may be restarted within a time before all is given up. Default:
    /// 10 times in a minute. Tornado counts 100 in all, over the whole life of the parent.
    pub fn max_restarts(mut self, restarts: u32, within: Duration) -> Self {
        self.restarts.most = restarts;
        self.restarts.within = within;
        self
    }

    /// The longest wait before a process that died young is restarted. The first restart is at once, the
    /// second 0.1 seconds later, and each further one twice as long, until it lives for 10 seconds again.
    /// Default: 5 seconds.
    pub fn back_off(mut self, longest: Duration) -> Self {
        self.restarts.longest_wait = longest;
        self
    }

    /// How long a process that has been asked to end may take for that; then it is killed. Should be
    /// longer than the limit that it sets itself. Default: 60 seconds.
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = limit;
        self
    }

    /// How long a process of a new version may take to be ready; then the upgrade is given up. Default:
    /// 60 seconds.
    pub fn ready_limit(mut self, limit: Duration) -> Self {
        self.ready_limit = limit;
        self
    }

    /// Kills and restarts a process that gives no sign of life for so long, once it is ready.
    ///
    /// The signs come from the loop of the child's thread that calls [`start`](Self::start), so that has to
    /// be one that runs; further loops join by [`notify::watchdog`]. The process is ended by SIGABRT, which
    /// can leave a core dump, and by SIGKILL 5 seconds later. Default: off.
    pub fn watchdog(mut self, interval: Duration) -> Self {
        self.watchdog = Some(interval);
        self
    }

    /// What the parent itself does on SIGHUP, before it is handed on to the children: reopen its own log. It is
    /// no callback of a loop's, for [`start`](Self::start) runs one of its own. Default: nothing.
    pub fn on_hangup(mut self, callback: fn()) -> Self {
        self.on_hangup = Some(callback);
        self
    }

    /// In a child gives its task's number; in the parent supervises, and then ends the program.
    ///
    /// The status of the parent is 0 when all children have ended with 0, or when it was asked to end; 1
    /// when it has given up; 130 when it was interrupted twice.
    ///
    /// To be called before this thread's loop runs. What is on that loop by then stays there and does
    /// nothing in the parent. In a [rehearsal](firewhirl_tcp::is_rehearsal) there are no processes, and this
    /// one is the first.
    ///
    /// # Errors
    ///
    /// In the parent: that a loop runs already, or what the system says when there can be no loop. In a
    /// child: that its parent has gone.
    pub fn start(self) -> Result<usize> {
        if self.program.is_none() {
            if is_rehearsal() {
                return Ok(0);
            }
            if let Some(membership) = Membership::of_this_process() {
                membership.end_with_supervisor(self.drain_limit)?;
                notify::watchdog();
                return Ok(membership.task);
            }
        }
        let io_loop = IoLoop::new()?;
        let ended = io_loop.run_sync(self.supervise());
        let status = match ended {
            Ok(()) => 0,
            Err(error) => {
                let Some(reason) = error.downcast_ref::<SupervisorError>() else { return Err(error) };
                if matches!(reason, SupervisorError::Interrupted) { 130 } else { 1 }
            }
        };
        pid_file::remove_all();
        std::process::exit(status)
    }

    /// Whether [`start`](Self::start) will return.
    fn is_for_child(&self) -> bool {
        self.program.is_none() && (is_rehearsal() || Membership::of_this_process().is_some())
    }

    /// Supervises on the loop that runs, until all processes have ended.
    ///
    /// For programs that do something beside; signals are handled here as well.
    ///
    /// # Errors
    ///
    /// [`SupervisorError`], when all processes have ended; before any is started what the system says if
    /// signals cannot be handled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the processes without a supervisor. They go on until this process ends.
    pub async fn supervise(self) -> Result<()> {
        Supervision::begin(self)?.run().await
    }
}

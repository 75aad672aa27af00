//! `firewhirl routes`: what a program serves, asked of the program itself.
//!
//! The program is built and started for show: it binds no port of its own, builds its applications,
//! writes their routes into a file that the environment names, and ends. So the list is right whatever
//! the code does to make its routes; what a program does before it serves, it does here too.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::target::Target;

mod table;

/// Lists the routes of a program: verbs, URL, name, login, site, handler and the line that adds it
///
/// The program is built and started without taking its ports, and ends when its applications are built.
#[derive(Args, Debug)]
pub(crate) struct Routes {
    #[command(flatten)]
    target: Target,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Seconds that the program has to build its applications
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Arguments for the program
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<std::ffi::OsString>,
}

impl Routes {
    pub(crate) fn run(self) -> Result<ExitCode, RoutesError> {
        let options = self.target.cargo_options();
        // Apart from the run, so that what the compiler says is shown and what the program says is not.
        if !cargo("build").args(&options).stdout(Stdio::null()).status()?.success() {
            return Ok(ExitCode::FAILURE);
        }
        let listing = Listing::new()?;
        let mut program = cargo("run");
        program.arg("--quiet").args(&options).arg("--").args(&self.arguments);
        program.env("FIREWHIRL_REHEARSAL", "1").env("FIREWHIRL_ROUTES", &listing.path);
        Said::of(program)?.wait(Duration::from_secs(self.timeout))?;
        let applications = listing.read()?;
        if applications.is_empty() {
            return Err(RoutesError::NothingServed);
        }
        let text = if self.json { json_of(&applications) } else { table::of(&applications) };
        io::stdout().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand).stdin(Stdio::null());
    command
}

/// The routes of all applications in one array, each with the number of its application.
fn json_of(applications: &[Vec<Value>]) -> String {
    let mut all = Vec::new();
    for (number, routes) in applications.iter().enumerate() {
        for route in routes {
            let mut route = route.clone();
            route["application"] = json!(number);
            all.push(route);
        }
    }
    format!("{:#}\n", Value::Array(all))
}

/// The file that the program writes its routes into.
struct Listing {
    path: PathBuf,
}

impl Listing {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("firewhirl-routes-{}", std::process::id()));
        // New and ours alone: nobody else is to say what is written there.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path })
    }

    /// The routes of each application; those of several workers are alike and come once.
    fn read(&self) -> Result<Vec<Vec<Value>>, RoutesError> {
        let mut applications = Vec::new();
        for line in fs::read_to_string(&self.path)?.lines() {
            let Ok(Value::Array(routes)) = serde_json::from_str(line) else { return Err(RoutesError::Unreadable) };
            if !applications.contains(&routes) {
                applications.push(routes);
            }
        }
        Ok(applications)
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        // What is left behind in the folder of temporary files does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// A program that runs, and what it says meanwhile, which is shown only if it fails.
struct Said {
    program: Child,
    words: Vec<thread::JoinHandle<String>>,
}

impl Said {
    fn of(mut command: Command) -> io::Result<Self> {
        let mut program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let words = [program.stdout.take().map(std::os::fd::OwnedFd::from), program.stderr.take().map(Into::into)];
        let words = words.into_iter().flatten().map(|pipe| thread::spawn(move || read_all(pipe.into()))).collect();
        Ok(Self { program, words })
    }

    fn wait(mut self, patience: Duration) -> Result<(), RoutesError> {
        let start = Instant::now();
        loop {
            match self.program.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(RoutesError::Failed { status, said: self.words() }),
                None if start.elapsed() < patience => thread::sleep(Duration::from_millis(20)),
                None => {
                    self.program.kill()?;
                    self.program.wait()?;
                    return Err(RoutesError::TooSlow { patience, said: self.words() });
                }
            }
        }
    }

    fn words(self) -> String {
        self.words.into_iter().filter_map(|words| words.join().ok()).collect()
    }
}

fn read_all(mut pipe: File) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is still worth showing.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Why there is no list of routes.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum RoutesError {
    /// Cargo or the file in between could not be used.
    Io(io::Error),
    /// The program ended with an error.
    Failed { status: ExitStatus, said: String },
    /// The program did not build its applications in time.
    TooSlow { patience: Duration, said: String },
    /// The program ended well, and served nothing.
    NothingServed,
    /// The program wrote something else.
    Unreadable,
}

impl From<io::Error> for RoutesError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for RoutesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Failed { status, said } => {
                write!(f, "the program failed ({status}) before it had its routes; it said:\n{said}")
            }
            Self::TooSlow { patience, said } => write!(
                f,
                "the program had not built its applications after {} seconds, if it has any; \
                 --timeout gives it longer; it said:\n{said}",
                patience.as_secs()
            ),
            Self::NothingServed => f.write_str(
                "the program ended without an `Application` being served; \
                 what it needs to serve goes behind `--`: firewhirl routes -- ARGS",
            ),
            Self::Unreadable => f.write_str(
                "the program's routes cannot be read: it and this command are of different versions of Firewhirl",
            ),
        }
    }
}

impl std::error::Error for RoutesError {}

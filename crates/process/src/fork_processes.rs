//! Several processes in one line: Tornado's `fork_processes`, and how many there should be.

use std::os::fd::OwnedFd;
use std::thread;

use firewhirl_event::{Result, log_targets};

use crate::Supervisor;

/// How many processors this process may use.
///
/// 1, with an error in the log, if that cannot be learned. Tornado's `cpu_count`, which counts those of
/// the machine.
pub fn cpu_count() -> usize {
    thread::available_parallelism().map_or_else(
        |error| {
            tracing::error!(target: log_targets::GEN, "could not detect number of processors; assuming 1: {error}");
            1
        },
        usize::from,
    )
}

/// Starts several processes, and gives each its task's number, from 0 on; 0 processes mean one a core.
///
/// The parent supervises and does not return: a process that dies is started again with the same number,
/// one that ends with status 0 is not, and when all have, the parent ends with status 0 too. See
/// [`Supervisor`], which has more to set.
///
/// The processes are started as this one was, so they run `main` from its beginning, up to here. What
/// they bind there are the parent's `sockets`, which they inherit; those of the parent are taken out of the
/// list. Tornado's `fork_processes`, whose children go on from here.
///
/// # Errors
///
/// Those of [`Supervisor::start`].
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, IoStream, Result};
/// use firewhirl_process::fork_processes;
/// use firewhirl_tcp::{BindOptions, TcpServer, bind_sockets};
///
/// fn main() -> Result {
///     let mut sockets = bind_sockets(8888, &BindOptions::default())?;
///     let task = fork_processes(0, &mut sockets)?;
///     let server = TcpServer::new(async move |mut stream: IoStream, _peer| {
///         stream.write(format!("task {task}\n"));
///         stream.flush().await?;
///         Ok(())
///     });
///     server.add_sockets(sockets)?;
///     IoLoop::current().start()
/// }
/// ```
pub fn fork_processes<Socket: Into<OwnedFd>>(count: usize, sockets: &mut Vec<Socket>) -> Result<usize> {
    Supervisor::new(count).sockets(sockets).start()
}

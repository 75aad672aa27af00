//! Becoming the new program: the same process, on the same sockets.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use firewhirl_event::log_targets;
use firewhirl_tcp::{drain_all, handover};

use super::registry;

/// How long the requests in progress may go on. New ones wait in the kernel meanwhile.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// The first descriptor that a parent leaves open for its child (sd_listen_fds(3)).
const FIRST_INHERITED: i32 = 3;

/// Ends the requests in progress, runs the hooks, and becomes `executable`, with the arguments that this
/// program was given. Comes back only if that is not possible.
///
/// The listening sockets are inherited, by systemd's protocol: clients that connect meanwhile are the
/// new program's.
pub(super) async fn restart(executable: &Path) -> io::Error {
    if let Err(error) = check(executable) {
        return error;
    }
    // Before they stop being listened on.
    let sockets = handover::listening();
    let cut_off = drain_all(DRAIN_LIMIT).await;
    if cut_off > 0 {
        tracing::debug!(target: log_targets::GEN, "{cut_off} connections went on for longer than the restart waits");
    }
    registry::run_hooks();
    // What is buffered is this program's.
    let _ = io::stdout().flush();
    let _ = io::stderr().flush();

    let mut arguments = std::env::args_os();
    let own_name = arguments.next().unwrap_or_else(|| executable.into());
    let mut command = Command::new(executable);
    command.arg0(own_name).args(arguments);
    let (names, descriptors): (Vec<String>, Vec<_>) = sockets.into_iter().unzip();
    for (variable, value) in inheritance(&names) {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    let mappings = (FIRST_INHERITED..).zip(descriptors).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
    match command.fd_mappings(mappings.collect()) {
        Ok(command) => command.exec(),
        Err(error) => io::Error::other(error),
    }
}

/// The environment that tells of inherited sockets.
fn inheritance(names: &[String]) -> [(&'static str, Option<OsString>); 3] {
    let some = |value: String| (!names.is_empty()).then(|| value.into());
    [
        ("LISTEN_FDS", some(names.len().to_string())),
        ("LISTEN_FDNAMES", some(names.join(":"))),
        ("LISTEN_PID", some(std::process::id().to_string())),
    ]
}

/// Whether there is something to become, for afterwards there is no way back.
fn check(executable: &Path) -> io::Result<()> {
    let found = fs::metadata(executable)?;
    if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is no program"));
    }
    Ok(())
}

//! `firewhirl dev`: runs a program while it is being written.

mod child;
mod events;
mod hub;
mod keys;
mod output;
mod runner;
mod stand_in;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use firewhirl_event::{IoLoop, Result};
use firewhirl_process::development::CargoProgram;

use crate::target::Target;
use runner::Runner;

/// Runs a program, and builds and replaces it whenever its source changes
///
/// The program serves on while it is built again; then the next one takes over on the same sockets, so
/// that no client is refused, and requests in progress end. Compile errors are shown here and in the browser, whose
/// pages load themselves again. On a terminal, `r` builds and restarts at once, and `q` ends.
#[derive(Args, Debug)]
pub(crate) struct Dev {
    #[command(flatten)]
    target: Target,
    /// Ends when the program has ended by itself with status 0
    #[arg(long)]
    until_success: bool,
    /// Arguments for the program
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

impl Dev {
    pub(crate) fn run(self) -> Result<ExitCode> {
        // What the layers below have to say, such as that files have to be polled.
        tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
        IoLoop::current().run_sync(async {
            let program = CargoProgram::find(".", &self.target.choice()).await?;
            Runner::new(program, self.arguments, self.until_success).await?.run().await
        })
    }
}

//! The `firewhirl` command: the frame, in which each subcommand has a file of its own.

mod completions;
mod dev;
mod new;
mod routes;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use firewhirl_event::{Error, Result};

/// Develops web services with Firewhirl.
#[derive(Debug, Parser)]
#[command(name = "firewhirl", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Dev(dev::Dev),
    Routes(routes::Routes),
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let ended: Result<ExitCode> = match Arguments::parse().command {
        Command::New(new) => new.run().map_err(Error::from),
        Command::Dev(dev) => dev.run(),
        Command::Routes(routes) => routes.run().map_err(Error::from),
        Command::Completions(completions) => completions.run().map_err(Error::from),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("firewhirl: {error}");
        ExitCode::FAILURE
    })
}

//! `firewhirl completions`: what a shell needs to complete the command's words.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Prints what a shell needs to complete this command
#[derive(Args, Debug)]
#[command(after_help = INSTALLATION)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

const INSTALLATION: &str = "\
Where each shell looks for them:
  bash  firewhirl completions bash > ~/.local/share/bash-completion/completions/firewhirl
  zsh   firewhirl completions zsh > ~/.zfunc/_firewhirl    (fpath+=~/.zfunc before compinit in ~/.zshrc)
  fish  firewhirl completions fish > ~/.config/fish/completions/firewhirl.fish";

impl Completions {
    pub(crate) fn run(self) -> io::Result<ExitCode> {
        let mut script = Vec::new();
        let mut command = crate::Arguments::command();
        clap_complete::generate(self.shell, &mut command, "firewhirl", &mut script);
        // In one piece, so that a closed pipe is an error and no panic.
        io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

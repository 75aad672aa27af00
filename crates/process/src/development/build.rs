//! One run of `cargo build`: what it prints while it works, and what comes of it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use firewhirl_event::coroutine::multi;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::{CargoProgram, DevelopmentError};

/// What came of a build.
#[derive(Clone, Debug)]
pub struct Build {
    /// The program, or why there is none.
    pub result: Result<Built, BrokenBuild>,
    /// How long it took.
    pub took: Duration,
}

/// A program that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Built {
    /// Where it is.
    pub executable: PathBuf,
    /// What it looks like on the disk: as before, if nothing that it is made of has changed.
    pub stamp: Stamp,
    /// The compiler's warnings, with a terminal's colours.
    pub warnings: String,
}

/// What tells one state of an executable from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: SystemTime,
    identity: (u64, u64),
}

impl Stamp {
    /// What an executable looks like now.
    ///
    /// # Errors
    ///
    /// What the system says, if it is not there.
    pub fn of(executable: &Path) -> io::Result<Self> {
        let found = std::fs::metadata(executable)?;
        Ok(Self { modified: found.modified()?, identity: (found.dev(), found.ino()) })
    }

    /// When it was made.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }
}

/// A build that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenBuild {
    /// What the compiler said, with a terminal's colours.
    pub output: String,
    /// What cargo itself said, line by line as it came, where the compiler found no errors: a manifest that
    /// cannot be read is cargo's own to tell.
    pub remarks: String,
    /// How many errors the compiler found.
    pub errors: usize,
}

impl BrokenBuild {
    /// All that was said.
    pub fn text(&self) -> String {
        format!("{}{}", self.output, self.remarks)
    }
}

impl CargoProgram {
    /// Builds the program. `on_line` is given each line that cargo prints about its own work, such as
    /// `Compiling shop v0.1.0`, as it comes.
    ///
    /// # Errors
    ///
    /// [`DevelopmentError::NoCargo`] if cargo cannot be run. That the build fails is no error here: it
    /// is in the [`Build`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends cargo.
    pub async fn build(&self, on_line: impl FnMut(&str)) -> Result<Build, DevelopmentError> {
        let began = Instant::now();
        let result = self.run(on_line).await.map_err(DevelopmentError::NoCargo)?;
        Ok(Build { result, took: began.elapsed() })
    }

    async fn run(&self, mut on_line: impl FnMut(&str)) -> io::Result<Result<Built, BrokenBuild>> {
        let mut cargo = self.build_command().spawn()?;
        // Both were asked for as pipes.
        let (messages, remarks) = (cargo.stdout.take(), cargo.stderr.take());
        let mut said = Said::default();
        let mut own_words = String::new();
        let hear = |line: &str| said.hear(line, self.name());
        let overhear = |line: &str| {
            on_line(line);
            own_words.push_str(line);
            own_words.push('\n');
        };
        let pipes: [Pin<Box<dyn Future<Output = io::Result<()>>>>; 2] =
            [Box::pin(lines(messages, hear)), Box::pin(lines(remarks, overhear))];
        multi(pipes).await?;
        let status = cargo.wait().await?;
        if !status.success() {
            let remarks = if said.errors > 0 { String::new() } else { own_words };
            return Ok(Err(BrokenBuild { output: said.diagnostics, remarks, errors: said.errors }));
        }
        Ok(match said.executable {
            Some(executable) => Ok(Built { stamp: Stamp::of(&executable)?, executable, warnings: said.diagnostics }),
            None => {
                let output = format!("cargo built no executable of `{}`\n", self.name());
                Err(BrokenBuild { output, remarks: own_words, errors: 0 })
            }
        })
    }
}

/// Hands over the lines of a pipe until it ends.
async fn lines(pipe: Option<impl AsyncRead + Unpin>, mut on_line: impl FnMut(&str)) -> io::Result<()> {
    let Some(pipe) = pipe else { return Ok(()) };
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).await? > 0 {
        on_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
    Ok(())
}

/// What cargo's messages have said so far.
#[derive(Debug, Default)]
struct Said {
    diagnostics: String,
    errors: usize,
    executable: Option<PathBuf>,
}

impl Said {
    /// Takes in one message of `--message-format=json`. Whatever else there is, build scripts print.
    fn hear(&mut self, line: &str, name: &str) {
        let Ok(said) = serde_json::from_str::<Value>(line) else { return };
        match said["reason"].as_str() {
            Some("compiler-message") => self.hear_diagnostic(&said["message"]),
            Some("compiler-artifact") if said["target"]["name"] == name => {
                if let Some(executable) = said["executable"].as_str() {
                    self.executable = Some(executable.into());
                }
            }
            _ => {}
        }
    }

    fn hear_diagnostic(&mut self, diagnostic: &Value) {
        // The last one of a crate, "aborting due to 2 previous errors", is at no place.
        let is_at_a_place = diagnostic["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        let is_error = diagnostic["level"].as_str().is_some_and(|level| level.starts_with("error"));
        self.errors += usize::from(is_error && is_at_a_place);
        self.diagnostics.push_str(diagnostic["rendered"].as_str().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_picked_out_of_cargos_messages() {
        let mut said = Said::default();
        let lines = [
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null,"fresh":true}"#,
            r#"{"reason":"build-script-executed","package_id":"x"}"#,
            r#"{"reason":"compiler-message","message":{"level":"warning","rendered":"warning: unused\n","spans":[{}]}}"#,
            r#"{"reason":"compiler-message","message":{"level":"error","rendered":"error: no\n","spans":[{"a":1}]}}"#,
            r#"{"reason":"compiler-message","message":{"level":"error","rendered":"error: aborting\n","spans":[]}}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"tool"},"executable":"/t/tool","fresh":true}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"shop"},"executable":"/t/shop","fresh":false}"#,
            "hello from a build script",
        ];
        lines.iter().for_each(|line| said.hear(line, "shop"));
        assert_eq!(said.diagnostics, "warning: unused\nerror: no\nerror: aborting\n");
        assert_eq!(said.errors, 1);
        assert_eq!(said.executable, Some(PathBuf::from("/t/shop")));
    }
}

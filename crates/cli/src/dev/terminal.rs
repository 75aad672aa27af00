//! What the runner says: one line for each thing that happens, on standard error, among what the program and
//! cargo print.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::path::Path;
use std::time::Duration;

use firewhirl_process::development::ansi_to_text;

/// The terminal, or the file or pipe in its place, which then gets no colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    colours: bool,
}

impl Terminal {
    pub(super) fn new() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: stderr().is_terminal() && !refused }
    }

    /// Says that things go on.
    pub(super) fn say(self, text: impl Display) {
        self.line("36", &text);
    }

    /// Says that something went well.
    pub(super) fn good(self, text: impl Display) {
        self.line("32", &text);
    }

    /// Says that something went wrong.
    pub(super) fn bad(self, text: impl Display) {
        self.line("31", &text);
    }

    /// Prints what cargo or the compiler printed.
    pub(super) fn quote(self, text: &str) {
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let text = if self.colours { text.to_owned() } else { ansi_to_text(text) };
        self.print(&format!("{text}\n"));
    }

    fn line(self, colour: &str, text: &dyn Display) {
        match self.colours {
            true => self.print(&format!("\x1b[1;{colour}mfirewhirl\x1b[0m {text}\n")),
            false => self.print(&format!("firewhirl {text}\n")),
        }
    }

    /// In one piece, for the program prints too. Where nobody reads, nothing is lost.
    fn print(self, text: &str) {
        let _ = stderr().lock().write_all(text.as_bytes());
    }
}

/// A time as people say it: `812 ms`, `4.2 s`.
pub(super) fn human(time: Duration) -> String {
    match time.as_millis() {
        milliseconds @ ..1000 => format!("{milliseconds} ms"),
        milliseconds => format!("{:.1} s", milliseconds as f64 / 1000.0),
    }
}

/// The paths that changed, from where the terminal is: the first one, and how many more.
pub(super) fn paths(changed: &[std::path::PathBuf]) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    match changed {
        [] => String::new(),
        [one] => short(one),
        [one, more @ ..] => format!("{} and {} more", short(one), more.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (milliseconds, expected) in [(0, "0 ms"), (812, "812 ms"), (1000, "1.0 s"), (4249, "4.2 s")] {
            assert_eq!(human(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn paths_are_told_from_here() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(paths(&[here.join("src/main.rs")]), "src/main.rs");
        assert_eq!(paths(&["/x/a.rs".into(), "/x/b.rs".into(), "/x/c.rs".into()]), "/x/a.rs and 2 more");
    }
}

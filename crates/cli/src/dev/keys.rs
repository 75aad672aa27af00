//! Single keys from the terminal, without Return; only where the runner has the terminal to itself.

use std::io::{IsTerminal, Read, stdin};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::events::{Event, Events};

/// The terminal gives each key at once and does not show it, until this is dropped.
pub(super) struct Keys {
    before: Termios,
}

impl Keys {
    /// Sends the keys that are pressed; `None` where standard input is no terminal, or is another
    /// program's at the moment.
    pub(super) fn read(events: Events) -> Option<Self> {
        let input = stdin();
        if !input.is_terminal() || tcgetpgrp(&input).ok()? != rustix::process::getpgrp() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut single = before.clone();
        // Ctrl-C stays a signal.
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Now, &single).ok()?;
        let keys = Self { before };
        // It waits in a system call when the runner ends, and ends with the process.
        thread::Builder::new().name("keys".to_owned()).spawn(move || send(&events)).ok()?;
        Some(keys)
    }
}

fn send(events: &Events) {
    for key in stdin().lock().bytes().map_while(Result::ok) {
        if events.send(Event::Key(key)).is_err() {
            return;
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

//! PyPI tornado, asked for its answers: what differential tests share.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::peers;

/// The version that the rest of the world's `pip install` may no longer give.
const TORNADO: &str = "6.6.1";

/// Tornado's answers to the calls, one each; `None` where there is no Tornado.
///
/// The script prints Tornado's version, then for each line with a call in JSON one with its answer.
pub(crate) fn ask(script: &str, calls: Vec<Value>) -> Option<Vec<Value>> {
    let python = peers::python()?;
    let mut tornado = Command::new(&python)
        // Some of what Tornado calls is deprecated.
        .args(["-W", "ignore", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}"));
    let mut input = tornado.stdin.take().unwrap();
    let mut lines = BufReader::new(tornado.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().and_then(Result::ok).as_deref(), Some(TORNADO), "the Tornado of {python}");

    // Calls are written beside the reading, so that neither pipe can fill up and stop both.
    let number = calls.len();
    let writer = std::thread::spawn(move || calls.iter().for_each(|call| writeln!(input, "{call}").unwrap()));
    let answers: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    writer.join().unwrap();
    assert!(tornado.wait().unwrap().success());
    assert_eq!(answers.len(), number);
    Some(answers)
}

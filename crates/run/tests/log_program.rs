//! The log of a whole program: switched on by its options, on a terminal, and up to the last line before a
//! crash. Tornado's `LoggingOptionTest`, under its names, is in the module `option`.
//!
//! The program is this file's first test, started once more with its part in the environment.

#[path = "../../../tests/support/peers.rs"]
mod peers;

mod log_support;

use std::env;
use std::process::{Command, Output, Stdio};

use firewhirl_run::log::{Levels, set_levels};
use firewhirl_run::options::options;
use log_support::Folder;
use tracing::{Level, debug, error, info};
use tracing_log::log::Record;

/// Names the part of the program; without it there is nothing to do.
const PART: &str = "FIREWHIRL_LOG_PROGRAM";
/// The program's command line.
const ARGUMENTS: &str = "FIREWHIRL_LOG_ARGUMENTS";

#[test]
fn the_program_that_the_others_run() {
    let Ok(part) = env::var(PART) else { return };
    let arguments = env::var(ARGUMENTS).unwrap_or_default();
    let parse = || {
        options()
            .parse_command_line([&["program"], &*arguments.split_whitespace().collect::<Vec<_>>()].concat())
            .unwrap()
    };
    match part.as_str() {
        "pass" => {}
        "parse" => drop(parse()),
        "none, parse" => {
            options().set("logging", Some("none".to_owned())).unwrap();
            parse();
        }
        "unset, parse" => {
            options().set("logging", None::<String>).unwrap();
            parse();
        }
        "a subscriber of its own, parse" => {
            tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
            match options().parse_command_line(["program", &arguments]) {
                Ok(_) => eprintln!("parsed"),
                Err(error) => eprintln!("{error}: {}", std::error::Error::source(&error).unwrap()),
            }
        }
        "levels that change" => {
            parse();
            debug!("too early");
            assert!(set_levels(Levels::all(Level::DEBUG)));
            debug!("now");
            assert!(set_levels("error".parse().unwrap()));
            info!("too late");
        }
        "parse twice" => {
            options().parse_command_line(["program"]).unwrap();
            parse();
        }
        "by the log crate" => {
            parse();
            let mut record = Record::builder();
            record.level(tracing_log::log::Level::Warn).target("library").file(Some("src/inside.rs")).line(Some(7));
            tracing_log::log::logger().log(&record.args(format_args!("in {} words", "two")).build());
            tracing_log::log::debug!("not shown");
        }
        "crash" => {
            parse();
            (0..100).for_each(|number| info!("line {number}"));
            std::process::abort();
        }
        other => panic!("no part {other:?}"),
    }
    info!("hello");
    error!("goodbye");
}

fn program(part: &str, arguments: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "the_program_that_the_others_run", "--nocapture"])
        .env(PART, part)
        .env(ARGUMENTS, arguments)
        .env_remove("RUST_LOG")
        .env_remove("NO_COLOR");
    command
}

/// What the program says on its standard error output.
fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{text}{}", String::from_utf8_lossy(&stdout));
    text
}

mod option {
    use super::*;

    fn logs_present(part: &str, arguments: &str) -> bool {
        said(&mut program(part, arguments)).contains("hello")
    }

    #[test]
    fn default() {
        assert!(!logs_present("pass", ""));
    }

    #[test]
    fn tornado_default() {
        assert!(logs_present("parse", ""));
    }

    #[test]
    fn disable_command_line() {
        assert!(!logs_present("parse", "--logging=none"));
    }

    #[test]
    fn disable_command_line_case_insensitive() {
        assert!(!logs_present("parse", "--logging=None"));
    }

    #[test]
    fn disable_code_string() {
        assert!(!logs_present("none, parse", ""));
    }

    #[test]
    fn disable_code_none() {
        assert!(!logs_present("unset, parse", ""));
    }

    #[test]
    fn disable_override() {
        assert!(logs_present("unset, parse", "--logging=info"));
    }
}

#[test]
fn the_environment_counts_where_no_option_does() {
    let with = |rust_log: &str, arguments: &str| said(program("parse", arguments).env("RUST_LOG", rust_log));
    assert!(!with("error", "").contains("hello"));
    assert!(with("error", "").contains("goodbye"));
    assert!(with("error", "--logging=info").contains("hello"));
    let text = with("info,[span{field=1}]=debug", "");
    assert!(text.contains("hello") && text.contains("RUST_LOG in the environment is left alone"), "{text}");
}

#[test]
fn levels_change_while_the_program_runs() {
    let text = said(&mut program("levels that change", ""));
    let messages: Vec<&str> = text.lines().map(|line| line.rsplit("] ").next().unwrap()).collect();
    assert_eq!(messages, ["now", "goodbye"]);
}

#[test]
fn a_second_parse_changes_the_log_and_does_not_double_it() {
    let text = said(&mut program("parse twice", "--log-format=json"));
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().all(|line| line.starts_with('{')), "{text}");
}

#[test]
fn what_libraries_log_by_the_log_crate_comes_too() {
    let text = said(&mut program("by the log crate", ""));
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("[W ") && text.lines().next().unwrap().ends_with(" inside:7] in two words"), "{text}");
    let text = said(&mut program("by the log crate", "--log-format=json --logging=none,library=warning"));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("\"target\":\"library\"") && !text.contains("\"fields\""), "{text}");
}

#[test]
fn a_subscriber_of_the_programs_own_is_left_alone() {
    let text = said(&mut program("a subscriber of its own, parse", "--logging=debug"));
    assert_eq!(text, "parsed\n");
    let text = said(&mut program("a subscriber of its own, parse", "--log-to-stderr"));
    assert!(text.contains("add `log::layer(&options)` to it"), "{text}");
}

#[test]
fn outputs_are_those_asked_for() {
    let folder = Folder::new("outputs");
    let path = folder.join("site-{task}.log");
    let prefix = format!("--log-file-prefix={}", path.display());
    assert_eq!(said(&mut program("parse", &prefix)), "");
    assert_eq!((folder.names(), folder.lines().len()), (vec!["site-0.log".to_owned()], 2));
    assert_eq!(said(&mut program("parse", &format!("{prefix} --log-to-stderr"))).lines().count(), 2);
    assert_eq!(folder.lines().len(), 4);
    assert_eq!(said(&mut program("parse", "--log-to-stderr=false")), "");
}

#[test]
fn the_last_line_before_a_crash_is_there() {
    let folder = Folder::new("crash");
    let arguments = format!("--log-to-stderr --log-file-prefix={}", folder.join("site.log").display());
    let output = program("crash", &arguments).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    for lines in [folder.lines(), text.lines().map(str::to_owned).collect()] {
        assert_eq!(lines.len(), 100);
        assert!(lines[99].ends_with("] line 99"), "{}", lines[99]);
    }
}

/// What the program shows on a terminal, which `script` makes.
fn shown_on_a_terminal(script: &std::path::Path, arguments: &str, variable: &str, value: &str) -> String {
    let program = program("parse", arguments);
    let words: Vec<String> = std::iter::once(program.get_program())
        .chain(program.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut command = Command::new(script);
    command.args(["-qefc", &words.join(" "), "/dev/null"]).stdin(Stdio::null()).stderr(Stdio::null());
    command.env(PART, "parse").env(ARGUMENTS, arguments).env("TERM", "xterm-256color");
    command.env_remove("RUST_LOG").env_remove("NO_COLOR").env(variable, value);
    let output = command.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn colours_are_for_terminals_that_have_them() {
    let Some(script) = peers::command("script") else { return };
    let folder = Folder::new("terminal");
    let to_file = format!("--log-file-prefix={} --log-format=pretty", folder.join("site.log").display());
    #[rustfmt::skip]
    let on_terminals = [
        ("a terminal",             "",                    "TERM",     "xterm",  true),
        ("whose user wants none",  "",                    "NO_COLOR", "1",      false),
        ("an empty wish is none",  "",                    "NO_COLOR", "",       true),
        ("a terminal without",     "",                    "TERM",     "dumb",   false),
        ("one of old",             "",                    "TERM",     "vt100",  false),
        ("plain lines",            "--log-format=plain",  "TERM",     "xterm",  false),
        ("objects",                "--log-format=json",   "TERM",     "xterm",  false),
        ("a wish and an order",    "--log-format=pretty", "NO_COLOR", "1",      true),
        ("a file",                 &to_file,              "TERM",     "xterm",  false),
    ];
    for (case, arguments, variable, value, expected) in on_terminals {
        let text = shown_on_a_terminal(&script, arguments, variable, value);
        assert_eq!(text.contains("\x1b[32m[I "), expected, "{case}: {text:?}");
        assert_eq!(text.contains("]\x1b[0m hello"), expected, "{case}: {text:?}");
    }
    assert_eq!(folder.lines().len(), 2);
    assert!(folder.lines().iter().all(|line| !line.contains('\x1b')));
    for (arguments, expected) in [("", false), ("--log-format=pretty", true)] {
        let text = said(&mut program("parse", arguments));
        assert_eq!(text.contains('\x1b'), expected, "in a pipe: {text:?}");
    }
}

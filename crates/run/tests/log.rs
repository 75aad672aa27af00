//! Lines and objects as they are logged. The modules `formatter` and `enable` hold the cases of Tornado's
//! `log_test`, under its names.

mod log_support;

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use firewhirl_event::log_targets::{ACCESS, APP, GEN};
use firewhirl_run::log::{
    Color, ColorSupport, JsonFormatter, Levels, LogError, LogFormatter, LogLayer, Output, define_logging_options, layer,
};
use firewhirl_run::options::OptionParser;
use log_support::{Folder, logged, logged_from};
use regex::Regex;
use tracing::subscriber::with_default;
use tracing::{Level, debug, error, info, info_span, trace, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

/// What is logged without the prefix, which has to be Tornado's.
fn message_of(run: impl FnOnce()) -> String {
    let text = logged(LogFormatter::new(), run);
    let prefix = Regex::new(r"\A\[[TDIWE] [0-9]{6} [0-9]{2}:[0-9]{2}:[0-9]{2} log:[0-9]+\] ").unwrap();
    let found = prefix.find(&text).unwrap_or_else(|| panic!("no prefix in {text:?}"));
    text[found.end()..].strip_suffix('\n').unwrap().to_owned()
}

mod formatter {
    use super::*;

    #[test]
    fn basic_logging() {
        assert_eq!(message_of(|| error!("foo")), "foo");
    }

    #[test]
    fn bytes_logging() {
        assert_eq!(message_of(|| error!(bytes = &b"\xe9"[..], "foo")), r#"foo bytes=b"\xe9""#);
    }

    #[test]
    fn utf8_logging() {
        assert_eq!(message_of(|| error!(bytes = "\u{e9}".as_bytes(), "foo")), r#"foo bytes=b"\xc3\xa9""#);
    }

    #[test]
    fn bytes_exception_logging() {
        let failed = || -> Result<(), io::Error> {
            Err(io::Error::other(format!("{:?}\nsecond line", b"\xe9".escape_ascii().to_string())))
        };
        let error = firewhirl_event::Error::from(failed().unwrap_err());
        let message = message_of(|| error!("caught exception: {error:?}"));
        assert!(message.contains(r"\xe9") && message.contains("\n    second line"), "{message}");
    }

    #[test]
    fn unicode_logging() {
        assert_eq!(message_of(|| error!("\u{e9}")), "\u{e9}");
    }
}

mod enable {
    use super::*;

    fn options() -> OptionParser {
        let options = OptionParser::new();
        define_logging_options(&options);
        options
    }

    fn check_log_file(mode: &str) {
        let folder = Folder::new(&format!("enable-{mode}"));
        let options = options();
        options.set("log_file_prefix", Some(folder.join("test_log"))).unwrap();
        options.set("log_rotate_mode", mode.to_owned()).unwrap();
        let layer = layer(&options).unwrap();
        with_default(tracing_subscriber::registry().with(layer), || error!("hello"));
        assert_eq!(folder.names(), ["test_log"]);
        let lines = folder.lines();
        assert!(Regex::new(r"^\[E [^]]*\] hello$").unwrap().is_match(&lines.join("\n")), "{lines:?}");
    }

    #[test]
    fn log_file() {
        check_log_file("size");
    }

    #[test]
    fn log_file_with_timed_rotating() {
        check_log_file("time");
    }

    #[test]
    fn wrong_rotate_mode_value() {
        let options = options();
        options.set("log_file_prefix", Some(std::path::PathBuf::from("some_path"))).unwrap();
        options.set("log_rotate_mode", "wrong_mode".to_owned()).unwrap();
        let error = layer::<tracing_subscriber::Registry>(&options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "The value of log_rotate_mode option should be \"size\" or \"time\", not \"wrong_mode\"."
        );
        assert!(!std::path::Path::new("some_path").exists());
    }

    #[test]
    fn a_mistake_names_the_option_and_where_it_was_made() {
        for (argument, expected) in [
            ("--logging=loud", "\"loud\" is no log level"),
            ("--logging=info,a=loud", "\"a=loud\" is no log level"),
            ("--log-format=xml", "auto, pretty, plain, json"),
            ("--log-rotate-when=noon", "expected S, M, H, D, midnight"),
            ("--log-file-max-size=-1", "log_file_max_size"),
            ("--log-file-prefix=/nowhere/at/all.log", "make its directory first"),
        ] {
            let error = options().parse_command_line(["site", argument]).unwrap_err();
            let told = std::iter::successors(Some(&error as &dyn Error), |&error| error.source());
            let told = told.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            assert!(told.contains(expected), "{argument}: {told}");
        }
    }

    #[test]
    fn options_of_another_set_are_an_error_that_says_what_is_missing() {
        let error = layer::<tracing_subscriber::Registry>(&OptionParser::new()).unwrap_err();
        assert!(matches!(error, LogError::Options(_)));
        assert!(error.to_string().contains("define_logging_options"), "{error}");
    }
}

#[test]
fn every_level_has_its_letter_and_its_colour() {
    let text = logged(LogFormatter::new().color(Color::Always), || error!("to a file"));
    assert!(!text.contains('\x1b'), "nothing puts colours into what keeps them");

    struct Terminal(Mutex<Vec<u8>>);
    impl Output for Terminal {
        fn write_line(&self, line: &[u8]) -> io::Result<()> {
            self.0.write_line(line)
        }

        fn color_support(&self) -> ColorSupport {
            ColorSupport::Yes
        }
    }
    let terminal = std::sync::Arc::new(Terminal(Mutex::default()));
    let layer = LogLayer::new(LogFormatter::new(), terminal.clone());
    with_default(tracing_subscriber::registry().with(layer), || {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
        trace!("t");
    });
    let text = String::from_utf8(terminal.0.lock().unwrap().clone()).unwrap();
    for (line, (letter, color)) in text.lines().zip([('E', 1), ('W', 3), ('I', 2), ('D', 4), ('T', 5)]) {
        assert!(line.starts_with(&format!("\x1b[3{color}m[{letter} ")), "{line:?}");
        assert!(line.ends_with(&format!("]\x1b[0m {}", letter.to_ascii_lowercase())), "{line:?}");
    }
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn fields_stand_behind_the_message_and_those_of_spans_behind_them() {
    let run = || {
        let outer = info_span!("job", id = 7, owner = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("owner", "two words");
        let _inner = info_span!("step").entered();
        let error = io::Error::other("disk full");
        info!(table = "users", rows = 3, ratio = 0.5, done = true, list = ?["a", "b"], error = &error as &dyn Error, "read {}", 1);
    };
    assert_eq!(
        message_of(run),
        r#"read 1 table=users rows=3 ratio=0.5 done=true list=["a", "b"] error=disk full job.id=7 job.owner="two words""#
    );
}

#[test]
fn an_access_line_stands_alone_though_it_has_fields() {
    let run = || info!(target: ACCESS, status = 200, "200 GET / (::1) 1.20ms");
    assert_eq!(message_of(run), "200 GET / (::1) 1.20ms");
}

#[test]
fn what_a_visitor_sends_forges_no_line_and_no_field() {
    let name = "x\n[I 260608 12:58:49 web:1] 200 GET /admin (127.0.0.1) 1.00ms\x1b[2J";
    let text = logged(LogFormatter::new(), || warn!(name, "no such user: {name}"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("    [I 260608") && lines[1].contains("\\x1b[2J"), "{text}");
    assert!(lines[1].contains(" name=\"x\\n[I 260608"), "{text}");
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
}

#[test]
fn a_value_that_fails_is_a_bad_message_and_breaks_nothing() {
    struct Failing;
    impl fmt::Display for Failing {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    struct Panicking;
    impl fmt::Display for Panicking {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("on purpose")
        }
    }
    assert_eq!(message_of(|| error!("so {Failing}")), "so Bad message (a value's Display or Debug failed)");
    assert_eq!(
        message_of(|| error!("so {Panicking}")),
        "so Bad message (a value's Display or Debug panicked: on purpose)"
    );
    let field = message_of(|| error!(value = %Panicking, "so"));
    assert_eq!(field, "Bad message (a value's Display or Debug panicked: on purpose)");
    let after = logged(LogFormatter::new(), || {
        error!("so {Panicking}");
        error!("and on");
    });
    assert!(after.ends_with("] and on\n"));
}

#[test]
fn what_logs_while_it_is_being_logged_disturbs_no_line() {
    struct Telling;
    impl fmt::Display for Telling {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!("within");
            f.write_str("told")
        }
    }
    let text = logged(LogFormatter::new(), || info!("outer {Telling}"));
    // Whether the inner one is shown is `tracing`'s matter: within a subscriber of a thread's own it is not.
    assert!(text.ends_with("] outer told\n"), "{text}");
    assert_eq!(text.matches("outer").count(), 1);
}

#[test]
fn a_pattern_of_ones_own_is_followed() {
    let formatter = LogFormatter::new().fmt("%(levelname)-8s|%(name)s|%(lineno)05d|%(message)s|%(fields)s|%%").unwrap();
    let text = logged(formatter, || warn!(target: GEN, size = 3, "here"));
    let line = line!() - 1;
    assert_eq!(text, format!("WARNING |{GEN}|{line:05}|here|size=3|%\n"));
    let dated = LogFormatter::new().fmt("%(asctime)s.%(msecs)03d").unwrap().datefmt("%Y-%m-%dT%H:%M:%S").unwrap();
    let text = logged(dated, || info!("x"));
    assert!(
        Regex::new(r"\A20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\n\z").unwrap().is_match(&text)
    );
}

#[test]
fn each_target_has_its_level() {
    let levels: Levels = format!("error,{ACCESS}=none,{APP}=debug").parse().unwrap();
    let text = logged_from(levels, LogFormatter::new().fmt("%(message)s").unwrap(), || {
        error!(target: ACCESS, "no access");
        debug!(target: APP, "of the application");
        warn!("a warning of no stream");
        error!("an error of no stream");
    });
    assert_eq!(text, "of the application\nan error of no stream\n");
}

#[test]
fn an_object_a_line_holds_all_that_was_said() {
    let text = logged(JsonFormatter::new(), || {
        let _span = info_span!("job", id = 7, request_id = "from-the-span").entered();
        let error = io::Error::other("disk full");
        error!(target: APP, rows = 3, ratio = f64::NAN, done = true, error = &error as &dyn Error, bytes = &b"\xff"[..], "two\nlines \u{1b}[2J\u{202e}");
        info!(big = u64::MAX, trace_id = "0af7", "small");
    });
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    let objects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let object = &objects[0];
    let timestamp = object["timestamp"].as_str().unwrap();
    assert!(Regex::new(r"\A20[0-9-]{8}T[0-9:]{8}\.[0-9]{6}Z\z").unwrap().is_match(timestamp), "{timestamp}");
    assert_eq!((&object["level"], &object["target"], &object["module"]), (&"ERROR".into(), &APP.into(), &"log".into()));
    assert_eq!(object["message"], "two\nlines \u{1b}[2J\u{202e}");
    assert_eq!(object["request_id"], "from-the-span");
    let fields =
        serde_json::json!({"rows": 3, "ratio": "NaN", "done": true, "error": "disk full", "bytes": "b\"\\xff\""});
    assert_eq!(object["fields"], fields);
    assert_eq!(object["spans"][0]["name"], "job");
    assert_eq!(object["spans"][0]["id"], 7);
    assert_eq!(objects[1]["fields"]["big"], u64::MAX);
    assert_eq!(objects[1]["trace_id"], "0af7");
}

#[test]
fn lines_that_were_lost_are_counted_in_the_log() {
    struct Full(AtomicBool, Mutex<Vec<u8>>);
    impl Output for Full {
        fn write_line(&self, line: &[u8]) -> io::Result<()> {
            if self.0.load(Relaxed) { Err(io::ErrorKind::StorageFull.into()) } else { self.1.write_line(line) }
        }
    }
    let full = std::sync::Arc::new(Full(AtomicBool::new(true), Mutex::default()));
    let layer = LogLayer::new(LogFormatter::new().fmt("%(levelname)s %(message)s").unwrap(), full.clone());
    with_default(tracing_subscriber::registry().with(layer.with_filter(Levels::all(Level::INFO))), || {
        info!("lost");
        info!("lost as well");
        full.0.store(false, Relaxed);
        info!("there is room again");
        info!("and more");
    });
    let text = String::from_utf8(full.1.lock().unwrap().clone()).unwrap();
    let expected = "INFO there is room again\nWARNING 2 lines before the last could not be logged\nINFO and more\n";
    assert_eq!(text, expected);
}

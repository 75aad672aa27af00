//! Tornado's own `options_test`, case by case and in its order, each under its name.
//!
//! What Python has and Rust has not stands in a comment where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firewhirl_run::options::{DateTime, Error, OptionParser, SignedDuration, Value};

/// A type of the program's own.
#[derive(Clone, Debug, PartialEq)]
struct Email(String);

impl FromStr for Email {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('@') { Ok(Self(text.to_owned())) } else { Err("an address has an @".to_owned()) }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file that is gone when the test ends.
struct Config(PathBuf);

impl Config {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Tornado's `options_test.cfg`.
const OPTIONS_TEST_CFG: &str = "port=443\nport=443\nusername='李康'\n\nfoo_bar='a'\n\nmy_path = __file__\n";

#[test]
fn parse_command_line() {
    let options = OptionParser::new();
    options.define("port", 80);
    options.parse_command_line(["main.py", "--port=443"]).unwrap();
    assert_eq!(options.get::<i32>("port").unwrap(), 443);
}

#[test]
fn parse_config_file() {
    let options = OptionParser::new();
    let port = options.define("port", 80);
    let username = options.define("username", "foo");
    let my_path = options.define("my_path", None::<String>);
    let config = Config::new("options_test.cfg", OPTIONS_TEST_CFG);
    options.parse_config_file(config.path()).unwrap();
    assert_eq!(port.get(), 443);
    assert_eq!(username.get(), "李康");
    assert_eq!(my_path.get().as_deref(), config.path().to_str());
}

#[test]
fn parse_callbacks() {
    let options = OptionParser::new();
    let called = Arc::new(AtomicBool::new(false));
    let told = called.clone();
    options.add_parse_callback(move || told.store(true, SeqCst));

    // A parse that is not final runs none.
    options.not_final().parse_command_line(["main.py"]).unwrap();
    assert!(!called.load(SeqCst));

    // A final one does.
    options.parse_command_line(["main.py"]).unwrap();
    assert!(called.load(SeqCst));

    // And again, if there are several final ones.
    called.store(false, SeqCst);
    options.parse_command_line(["main.py"]).unwrap();
    assert!(called.load(SeqCst));
}

#[test]
fn help() {
    const CHILD: &str = "FIREWHIRL_TEST_OPTIONS_HELP";
    if std::env::var_os(CHILD).is_some() {
        let _ = OptionParser::new().parse_command_line(["main.py", "--help"]);
        unreachable!("--help has ended the program");
    }
    // This very test again, as a program that may end.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "help", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Usage:"), "{text}");
    assert!(!text.contains("test result"), "the program went on: {text}");

    // A program that does not want to end is told.
    let options = OptionParser::new();
    options.exit_on_help(false);
    let error = options.parse_command_line(["main.py", "--help"]).unwrap_err();
    assert!(matches!(&error, Error::HelpRequested(help) if help.starts_with("Usage:")), "{error}");
}

#[test]
fn subcommand() {
    let base_options = OptionParser::new();
    let verbose = base_options.define("verbose", false);
    let sub_options = OptionParser::new();
    let foo = sub_options.define("foo", "");
    let rest = base_options.parse_command_line(["main.py", "--verbose", "subcommand", "--foo=bar"]).unwrap();
    assert_eq!(rest, ["subcommand", "--foo=bar"]);
    assert!(verbose.get());
    let rest = sub_options.parse_command_line(rest).unwrap();
    assert!(rest.is_empty());
    assert_eq!(foo.get(), "bar");

    // The two sets are distinct.
    assert!(sub_options.parse_command_line(["subcommand", "--verbose"]).is_err());
}

#[test]
fn setattr() {
    let options = OptionParser::new();
    options.define("foo", 1);
    options.set("foo", 2).unwrap();
    assert_eq!(options.get::<i32>("foo").unwrap(), 2);
}

#[test]
fn setattr_type_check() {
    let options = OptionParser::new();
    options.define("foo", 1);
    let error = options.set("foo", "2").unwrap_err();
    assert_eq!(error.to_string(), "option 'foo' is required to be a i32 (&str given)");
    assert_eq!(options.get::<i32>("foo").unwrap(), 1);
}

#[test]
fn setattr_with_callback() {
    let values = Arc::new(Mutex::new(Vec::new()));
    let options = OptionParser::new();
    let kept = values.clone();
    options.define("foo", 1).callback(move |value: &i32| kept.lock().unwrap().push(*value));
    options.set("foo", 2).unwrap();
    assert_eq!(*values.lock().unwrap(), [2]);
}

fn sample_options() -> OptionParser {
    let options = OptionParser::new();
    options.define("a", 1);
    options.define("b", 2);
    options
}

#[test]
fn iter() {
    let names: BTreeSet<String> = sample_options().names().into_iter().collect();
    assert_eq!(names, ["a", "b", "help"].map(str::to_owned).into());
}

#[test]
fn getitem() {
    assert_eq!(sample_options().get::<i32>("a").unwrap(), 1);
    assert_eq!(sample_options().get_value("a").unwrap(), Value::Integer(1));
}

#[test]
fn setitem() {
    let options = OptionParser::new();
    let foo = options.define("foo", 1);
    foo.set(2).unwrap();
    assert_eq!(options.get::<i32>("foo").unwrap(), 2);
}

#[test]
fn items() {
    let mut items = sample_options().items();
    items.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [("a", Value::Integer(1)), ("b", Value::Integer(2)), ("help", Value::None)];
    assert_eq!(items, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn as_dict() {
    let expected = [("a", Value::Integer(1)), ("b", Value::Integer(2)), ("help", Value::None)];
    assert_eq!(sample_options().as_dict(), BTreeMap::from(expected.map(|(name, value)| (name.to_owned(), value))));
}

#[test]
fn group_dict() {
    let options = OptionParser::new();
    options.define("a", 1);
    options.define("b", 2).group("b_group");
    assert_eq!(options.groups(), ["b_group", "", file!()].map(str::to_owned).into());
    assert_eq!(options.group_dict("b_group"), BTreeMap::from([("b".to_owned(), Value::Integer(2))]));
    assert_eq!(options.group_dict("nonexistent"), BTreeMap::new());
    // What feeds an application's settings can be serialized.
    let everything = serde_json::to_value(options.group_dict("")).unwrap();
    assert_eq!(everything, serde_json::json!({ "a": 1, "b": 2, "help": null }));
}

#[test]
fn mock_patch() {
    let options = OptionParser::new();
    let foo = options.define("foo", 1);
    options.parse_command_line(["main.py", "--foo=2"]).unwrap();
    assert_eq!(foo.get(), 2);

    options.scoped(|options| {
        options.set("foo", 3).unwrap();
        assert_eq!(foo.get(), 3);
    });
    assert_eq!(foo.get(), 2);

    // Scopes inside each other, with explicit sets between.
    options.scoped(|options| {
        options.set("foo", 4).unwrap();
        assert_eq!(foo.get(), 4);
        options.set("foo", 5).unwrap();
        assert_eq!(foo.get(), 5);
        options.scoped(|options| {
            options.set("foo", 6).unwrap();
            assert_eq!(foo.get(), 6);
        });
        assert_eq!(foo.get(), 5);
    });
    assert_eq!(foo.get(), 2);
}

/// Tornado's `basestring`, a type of Python 2's, is the same as its `str`.
fn define_options() -> OptionParser {
    let options = OptionParser::new();
    options.define("str", None::<String>);
    options.define("basestring", None::<&str>);
    options.define("int", None::<i64>);
    options.define("float", None::<f64>);
    options.define("datetime", None::<DateTime>);
    options.define("timedelta", None::<SignedDuration>);
    options.define("duration", None::<Duration>);
    options.define("email", None::<Email>);
    options.define("list-of-int", Vec::<i64>::new());
    options.define("list-of-str", Vec::<String>::new());
    options
}

fn check_options_values(options: &OptionParser) {
    let text = |name: &str| options.get::<Option<String>>(name).unwrap();
    assert_eq!(text("str").as_deref(), Some("asdf"));
    assert_eq!(text("basestring").as_deref(), Some("qwer"));
    assert_eq!(options.get::<Option<i64>>("int").unwrap(), Some(42_i64));
    assert_eq!(options.get::<Option<f64>>("float").unwrap(), Some(1.5));
    assert_eq!(
        options.get::<Option<DateTime>>("datetime").unwrap(),
        Some(DateTime::constant(2013, 4, 28, 5, 16, 0, 0))
    );
    assert_eq!(options.get::<Option<SignedDuration>>("timedelta").unwrap(), Some(SignedDuration::from_secs(45)));
    assert_eq!(options.get::<Option<Duration>>("duration").unwrap(), Some(Duration::from_secs(45)));
    assert_eq!(options.get::<Option<Email>>("email").unwrap(), Some(Email("tornado@web.com".to_owned())));
    assert_eq!(options.get::<Vec<i64>>("list_of_int").unwrap(), [1, 2, 3]);
    assert_eq!(options.get::<Vec<String>>("list_of_str").unwrap(), ["a", "b", "c"]);
}

#[test]
fn types() {
    let options = define_options();
    let arguments = [
        "main.py",
        "--str=asdf",
        "--basestring=qwer",
        "--int=42",
        "--float=1.5",
        "--datetime=2013-04-28 05:16",
        "--timedelta=45s",
        "--duration=45s",
        "--email=tornado@web.com",
        "--list-of-int=1,2,3",
        "--list-of-str=a,b,c",
    ];
    options.parse_command_line(arguments).unwrap();
    check_options_values(&options);
}

#[test]
fn types_with_conf_file() {
    // Tornado's options_test_types_str.cfg.
    let as_text = "str = 'asdf'\nbasestring = 'qwer'\nint = 42\nfloat = 1.5\ndatetime = '2013-04-28 05:16'\n\
                   timedelta = '45s'\nduration = '45s'\nemail = 'tornado@web.com'\nlist_of_int = '1,2,3'\n\
                   list_of_str = 'a,b,c'\n";
    // Its options_test_types.cfg with what TOML has of types.
    let typed = "str = 'asdf'\nbasestring = \"qwer\"\nint = 42\nfloat = 1.5\ndatetime = 2013-04-28T05:16:00\n\
                 timedelta = 45\nduration = 45.0\nemail = 'tornado@web.com'\nlist_of_int = [1, 2, 3]\n\
                 list_of_str = ['a', 'b', 'c']\n";
    for (name, text) in
        [("as_text.cfg", as_text), ("as_text.py", as_text), ("as_text.toml", as_text), ("typed.cfg", typed)]
    {
        let options = define_options();
        options.parse_config_file(Config::new(name, text).path()).unwrap();
        check_options_values(&options);
    }

    // That file itself imports modules and calls classes, which is Python and not a config file's part here.
    let python = "from datetime import datetime, timedelta\ndatetime = datetime(2013, 4, 28, 5, 16)\n";
    let error = define_options().parse_config_file(Config::new("python.cfg", python).path()).unwrap_err().to_string();
    assert!(error.contains("python.cfg:1:"), "{error}");
    let error = define_options().parse_config_file(Config::new("python.py", python).path()).unwrap_err().to_string();
    assert!(error.contains("python.py:1: nothing can be imported here"), "{error}");
}

#[test]
fn multiple_string() {
    let options = OptionParser::new();
    let foo = options.define("foo", Vec::<String>::new());
    options.parse_command_line(["main.py", "--foo=a,b,c"]).unwrap();
    assert_eq!(foo.get(), ["a", "b", "c"]);
}

#[test]
fn multiple_int() {
    let options = OptionParser::new();
    let foo = options.define("foo", Vec::<i32>::new());
    options.parse_command_line(["main.py", "--foo=1,3,5:7"]).unwrap();
    assert_eq!(foo.get(), [1, 3, 5, 6, 7]);
}

#[test]
fn error_redefine() {
    let options = OptionParser::new();
    options.define("foo", "");
    let first = line!() - 1;
    let error = options.try_define("foo", "").unwrap_err().to_string();
    let (second, file) = (line!() - 1, file!());
    assert!(error.starts_with(&format!("option 'foo' already defined in {file}:{first}:")), "{error}");
    assert!(error.contains(&format!("{file}:{second}:")), "{error}");

    let panic = std::panic::catch_unwind(|| options.define("foo", "")).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("already defined"));
}

#[test]
fn error_redefine_underscore() {
    let pairs = [("foo-bar", "foo-bar"), ("foo_bar", "foo_bar"), ("foo-bar", "foo_bar"), ("foo_bar", "foo-bar")];
    for (first, second) in pairs {
        let options = OptionParser::new();
        options.define(first, "");
        let error = options.try_define(second, "").unwrap_err().to_string();
        assert!(error.contains(&format!("option '{second}' already defined")), "{first} {second}: {error}");
    }
}

#[test]
fn dash_underscore_cli() {
    for defined_name in ["foo-bar", "foo_bar"] {
        for flag in ["--foo-bar=a", "--foo_bar=a"] {
            let options = OptionParser::new();
            let foo_bar = options.define(defined_name, "");
            options.parse_command_line(["main.py", flag]).unwrap();
            assert_eq!(foo_bar.get(), "a");
            assert_eq!(options.get::<String>("foo-bar").unwrap(), "a");
            assert_eq!(options.get::<String>("foo_bar").unwrap(), "a");
        }
    }
}

#[test]
fn dash_underscore_file() {
    for defined_name in ["foo-bar", "foo_bar"] {
        let options = OptionParser::new();
        let foo_bar = options.define(defined_name, "");
        options.parse_config_file(Config::new(defined_name, OPTIONS_TEST_CFG).path()).unwrap();
        assert_eq!(foo_bar.get(), "a");
    }
}

#[test]
fn dash_underscore_introspection() {
    let options = OptionParser::new();
    options.define("with-dash", "").group("g");
    options.define("with_underscore", "").group("g");
    let all_options = ["help", "with-dash", "with_underscore"];
    let mut names = options.names();
    names.sort();
    assert_eq!(names, all_options);
    assert!(options.as_dict().keys().eq(&all_options));
    assert!(options.group_dict("g").keys().eq(&all_options[1..]));

    // Help shows them as the command line has them.
    let mut text = Vec::new();
    options.print_help(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("--with-dash") && text.contains("--with-underscore"), "{text}");
}

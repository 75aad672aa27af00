//! Where values come from: which source wins, what each of them says when something is wrong, and that
//! a mistake leaves the options as they were.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::time::Duration;

use firewhirl_event::log_targets;
use firewhirl_run::options::{
    Choice, Defined, Error, OptionParser, Source, Sources, UnknownNames, choice, declare_options,
};
use firewhirl_testing::{expect_log, run_test};

/// A folder that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("firewhirl-options-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of a file with this text.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Options of a small site.
struct Site {
    options: OptionParser,
    port: Defined<u16>,
    name: Defined<String>,
    debug: Defined<bool>,
    hosts: Defined<Vec<String>>,
}

fn site() -> Site {
    let options = OptionParser::new();
    Site {
        port: options.define("port", 8888),
        name: options.define("site_name", "fire"),
        debug: options.define("debug", false),
        hosts: options.define("memcache_hosts", ["localhost"]),
        options,
    }
}

/// What a parse says is wrong, with what caused it.
fn complaint<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[test]
fn each_source_overrides_the_one_before() {
    let folder = Folder::new("order");
    let config = folder.file("site.toml", "port = 1\nsite_name = 'one'\nmemcache_hosts = ['one']\n");
    let site = site();
    site.options.define("config", "");
    let sources = Sources::new()
        .environment("SITE")
        .variables([
            ("SITE_PORT", "2"),
            ("SITE_SITE_NAME", "two"),
            ("SITE_HELP", "true"),
            ("PORT", "9"),
            ("SITE_TZ", ""),
        ])
        .command_line(["site", "--config", &config, "--port", "3", "serve", "--now"]);
    let rest = site.options.load(sources).unwrap();
    assert_eq!(rest, ["serve", "--now"]);

    assert_eq!((site.port.get(), site.port.source()), (3, Source::CommandLine));
    assert_eq!(
        (site.name.get(), site.name.source()),
        ("two".to_owned(), Source::Environment { variable: "SITE_SITE_NAME".to_owned() })
    );
    assert_eq!(
        (site.hosts.get(), site.hosts.source()),
        (vec!["one".to_owned()], Source::ConfigFile { path: config.into(), line: 3 })
    );
    assert_eq!((site.debug.get(), site.debug.source()), (false, Source::Default));

    // What the program says by itself, and what is parsed by hand, is simply the last writer.
    site.port.set(4).unwrap();
    assert!(matches!(site.options.source("port").unwrap(), Source::Program(place) if place.file() == file!()));
    site.options.parse_environment_of("SITE", [("SITE_PORT", "5")]).unwrap();
    assert_eq!(site.port.get(), 5);
}

#[test]
fn a_config_file_is_found_by_the_option_that_names_it() {
    let folder = Folder::new("named");
    let one = folder.file("one.toml", "port = 1\nsite_name = 'one'\n");
    let two = folder.file("two.toml", "port = 2\n");
    let missing = folder.0.join("missing.toml");

    // By its default, several, in their order, and after the program's own.
    let options = OptionParser::new();
    let port = options.define("port", 0);
    let name = options.define("site_name", "");
    options.define("files", [one.as_str(), two.as_str()]);
    let sources = || Sources::new().config_option("files").command_line(["site"]);
    options.load(sources().optional_config_file(&missing)).unwrap();
    assert_eq!((port.get(), name.get().as_str()), (2, "one"));

    // The environment is stronger than the default, and the command line than the environment.
    let sources = sources().environment("SITE").variables([("SITE_FILES", &two)]);
    options.load(sources.clone()).unwrap();
    assert_eq!(port.get(), 2);
    options.load(sources.command_line(["site".to_owned(), format!("--files={one}")])).unwrap();
    assert_eq!(port.get(), 1);

    // A file that has to be there is an error where it is not.
    let said = complaint(options.load(Sources::new().config_file(&missing).command_line(["site"])));
    assert_eq!(
        said,
        format!("config file {} cannot be read: No such file or directory (os error 2)", missing.display())
    );
}

#[test]
fn a_config_option_with_a_callback_loads_at_its_place() {
    let folder = Folder::new("callback");
    let config = folder.file("site.toml", "port = 1\nsite_name = 'config'\n");
    let wrong = folder.file("wrong.toml", "prot = 1\n");
    let site = site();
    let options = site.options.clone();
    site.options.define("config", "").callback(move |path: &String| options.not_final().parse_config_file(path));

    let arguments = ["site", "--port=2", &format!("--config={config}"), "--site-name=flag"];
    site.options.parse_command_line(arguments).unwrap();
    assert_eq!((site.port.get(), site.name.get().as_str()), (1, "flag"));

    // What the file's parse says comes out as it is.
    let said = complaint(site.options.parse_command_line(["site", "--config", &wrong]));
    assert_eq!(said, format!("{wrong}:1: unrecognized option 'prot'; did you mean 'port'?"));
}

#[test]
fn an_error_names_the_option_and_where_its_value_came_from() {
    let site = site();
    let mode = ["fast", "careful"];
    site.options.define("mode", "fast").choices(mode);
    site.options.define("timeout", Duration::from_secs(1));
    site.options.define("range", Vec::<u8>::new());
    #[rustfmt::skip]
    let cases: [(&[&str], &str); 13] = [
        (&["--port=abc"],      "command line: option 'port': expected an integer, got 'abc' (invalid digit found in string)"),
        (&["--port=70000"],    "command line: option 'port': expected an integer, got '70000' (number too large to fit in target type)"),
        (&["--port"],          "command line: option 'port' requires a value: --port=VALUE"),
        (&["--port", "--debug"], "command line: option 'port' requires a value: --port=VALUE"),
        (&["--site_name"],     "command line: option 'site-name' requires a value: --site-name=VALUE"),
        (&["--debug=maybe"],   "command line: option 'debug': expected true or false, got 'maybe'"),
        (&["--mode=fsat"],     "command line: option 'mode': expected one of fast, careful, got 'fsat'"),
        (&["--timeout=1h30m"], "command line: option 'timeout': expected a duration such as 1h 30m, got '1h30m' ('h30m' is no unit: w, d, h, m, s, ms, us, each with its space before the next number)"),
        (&["--timeout=-1s"],   "command line: option 'timeout': '-1s' is a negative duration"),
        (&["--range=1:300"],   "command line: option 'range': expected an integer, got '300' (number too large to fit in target type)"),
        (&["--prot=1"],        "unrecognized command line option: '--prot'; did you mean '--port'?"),
        (&["--site_nam=1"],    "unrecognized command line option: '--site_nam'; did you mean '--site-name'?"),
        (&["--colour"],        "unrecognized command line option: '--colour'; --help lists them all"),
    ];
    for (arguments, expected) in cases {
        let said = complaint(site.options.parse_command_line(["site"].iter().chain(arguments)));
        assert_eq!(said, expected, "{arguments:?}");
    }
    let said = complaint(site.options.parse_environment_of("MYAPP_", [("MYAPP_PORT", "abc")]));
    assert_eq!(
        said,
        "option 'port' from MYAPP_PORT=abc: expected an integer, got 'abc' (invalid digit found in string)"
    );
    assert_eq!(complaint(site.options.get::<u16>("prot")), "unrecognized option 'prot'; did you mean 'port'?");
    assert_eq!(complaint(site.options.get::<i64>("port")), "option 'port' is required to be a u16 (i64 given)");
    let said = complaint(site.options.try_define("--port", 1));
    let place = format!("'--port', defined in {}:{}:", file!(), line!() - 1);
    assert!(said.starts_with(&place), "{said}");
    assert!(
        said.ends_with("has to begin with a letter, a digit or an underscore, and to have no space and no '=' in it")
    );
    assert!(site.options.try_define("a b", 1).is_err() && site.options.try_define("", 1).is_err());
    // Nothing of all this was set.
    assert_eq!((site.port.get(), site.debug.get()), (8888, false));
}

#[test]
fn a_mistake_in_a_config_file_is_shown_with_its_line_and_changes_nothing() {
    let folder = Folder::new("lines");
    let site = site();
    #[rustfmt::skip]
    let cases = [
        ("site.toml", "port = 1\nport_ = 2\n",           "2: unrecognized option 'port_'; did you mean 'port'?"),
        ("site.toml", "port = 1\n\ncolour = 2\n",        "3: unrecognized option 'colour'; it has to be defined, or the parser told to ignore unknown names"),
        ("site.toml", "port = 1\n[site]\nnane = 'x'\n",  "3: unrecognized option 'site_nane'; did you mean 'site_name'?"),
        ("site.toml", "site_name = 'x'\nport = 'abc'\n", "2: option 'port': expected an integer, got 'abc' (invalid digit found in string)"),
        ("site.toml", "port = true\n",                   "1: option 'port': is required to be an integer (a boolean given)"),
        ("site.toml", "site_name = 5\n",                 "1: option 'site_name': is required to be text (an integer given)"),
        ("site.toml", "debug = 1\n",                     "1: option 'debug': is required to be true or false (an integer given)"),
        ("site.toml", "memcache_hosts = 1\n",            "1: option 'memcache_hosts': is required to be a list or text with commas, each text (an integer given)"),
        ("site.toml", "memcache_hosts = [1]\n",          "1: option 'memcache_hosts': is required to be text (an integer given)"),
        ("site.py",   "port = None\n",                   "1: option 'port': is required to be an integer (nothing given)"),
        ("site.py",   "port = 80 + 1\n",                 "1: expected the end of the line: values are literals, nothing is computed\n  port = 80 + 1"),
        ("site.conf", "debug = True\nport = 80 + 1\n",   "2: as assignments: expected the end of the line: values are literals, nothing is computed\n  port = 80 + 1"),
    ];
    for (name, text, expected) in cases {
        let path = folder.file(name, text);
        let said = complaint(site.options.parse_config_file(&path));
        assert_eq!(said, format!("{path}:{expected}"), "{text:?}");
        assert_eq!((site.port.get(), site.name.get().as_str()), (8888, "fire"), "{text:?}");
    }
    let path = folder.file("site.toml", "port = = 1\n");
    let said = complaint(site.options.parse_config_file(&path));
    assert!(said.starts_with(&format!("{path}:1: ")) && said.ends_with("\n  port = = 1"), "{said}");

    fs::write(folder.0.join("latin.toml"), b"site_name = '\xe9'\n").unwrap();
    let said = complaint(site.options.parse_config_file(folder.0.join("latin.toml")));
    assert!(said.ends_with("latin.toml cannot be read: stream did not contain valid UTF-8"), "{said}");
}

#[test]
fn a_mistake_anywhere_stops_a_load_before_anything_is_set() {
    let folder = Folder::new("atomic");
    let config = folder.file("site.toml", "port = 1\n");
    let site = site();
    site.options.define("config", config.as_str());
    let cases = [
        Sources::new().command_line(["site", "--port=2", "--debug=maybe"]),
        Sources::new().environment("S").variables([("S_PORT", "x")]).command_line(["site"]),
        Sources::new().command_line(["site", "--config=/nowhere/site.toml"]),
    ];
    for sources in cases {
        assert!(site.options.load(sources.clone()).is_err());
        assert_eq!(site.port.get(), 8888, "{sources:?}");
    }
}

#[test]
fn unknown_names_are_refused_warned_of_or_passed_over() {
    let folder = Folder::new("unknown");
    let text = "prot = 80\n_private = 1\nsite_name = 'x'\n";
    let (strict, path) = (folder.file("site.toml", text), folder.file("site.conf", text));
    let site = site();
    // Unless told otherwise: refused where it is TOML, warned of where it may be an older file of Tornado's.
    assert!(complaint(site.options.parse_config_file(&strict)).contains("did you mean 'port'?"));

    run_test(async {
        let log = expect_log(log_targets::GEN, r".*site\.conf:1: unrecognized option 'prot'; did you mean 'port'\?");
        // The log may be set up by a parse callback, so the warning comes after those of a final parse.
        site.options.not_final().parse_config_file(&path)?;
        site.options.parse_command_line(["site"])?;
        log.finish()?;
        assert_eq!(site.name.get(), "x");

        // A variable that is nearly one of ours is warned of too, others are somebody else's.
        let log = expect_log(log_targets::GEN, "SITE_PROT is no option; did you mean SITE_PORT");
        site.options.parse_environment_of("SITE", [("SITE_PROT", "1"), ("SITE_HOME", "/srv")])?;
        log.finish()?;
        Ok(())
    });

    site.options.unknown_names(UnknownNames::Ignore);
    site.options.parse_config_file(&strict).unwrap();
    site.options.unknown_names(UnknownNames::Refuse);
    assert!(complaint(site.options.parse_config_file(&path)).contains("did you mean 'port'?"));
}

/// A command line, what three options are after it, and what is left of it.
type Line = (&'static [&'static str], (i32, &'static str, bool), &'static [&'static str]);

#[test]
fn arguments_may_stand_apart_from_their_options() {
    let options = OptionParser::new();
    let (offset, name, debug) =
        (options.define("offset", 0), options.define("name", ""), options.define("debug", false));
    #[rustfmt::skip]
    let cases: [Line; 8] = [
        (&["--offset", "5", "rest"],            (5, "", false),   &["rest"]),
        (&["--offset", "-5", "--debug"],        (-5, "", true),   &[]),
        (&["-name", "x y", "-debug", "false"],  (0, "x y", true), &["false"]),   // a boolean takes none that stands apart
        (&["--name", "-", "--debug=f"],         (0, "-", false),  &[]),
        (&["--name="],                          (0, "", false),   &[]),
        (&["--debug", "-", "--name=x"],         (0, "", true),    &["-", "--name=x"]),
        (&["--debug", "--", "--name=x"],        (0, "", true),    &["--name=x"]),
        (&["--name=x", "--name=y"],             (0, "y", false),  &[]),
    ];
    for (arguments, expected, rest) in cases {
        options.scoped(|options| {
            let found = options.parse_command_line(["site"].iter().chain(arguments)).unwrap();
            assert_eq!((offset.get(), name.get().as_str(), debug.get()), expected, "{arguments:?}");
            assert_eq!(found, rest, "{arguments:?}");
        });
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_an_error() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let site = site();
    let argument = || OsString::from_vec(b"--site-name=\xff".to_vec());
    let said = complaint(site.options.parse_command_line([OsString::from("site"), argument()]));
    assert_eq!(said, "command line: '--site-name=\u{fffd}' is no UTF-8");
    let value = OsString::from_vec(vec![0xff]);
    let said = complaint(site.options.parse_environment_of("S", [(OsString::from("S_SITE_NAME"), value)]));
    assert_eq!(said, "S_SITE_NAME: '\u{fffd}' is no UTF-8");
}

#[test]
fn a_callback_that_fails_ends_the_parse() {
    let options = OptionParser::new();
    options.define("port", 1).callback(|port: &i32| if *port > 0 { Ok(()) } else { Err("ports are positive") });
    let said = complaint(options.parse_command_line(["site", "--port=0"]));
    assert_eq!(said, "command line: the callback of option 'port' failed: ports are positive");

    options.add_parse_callback(|| Err::<(), _>("no log"));
    let said = complaint(options.parse_command_line(["site"]));
    assert_eq!(said, "a callback at the end of parsing failed: no log");
}

#[test]
fn callbacks_may_use_the_options_themselves() {
    let options = OptionParser::new();
    let (inside, seen) = (options.clone(), Arc::new(Mutex::new(Vec::new())));
    let told = seen.clone();
    options.define("verbose", false).callback(move |_| {
        inside.try_define("late", 5)?;
        told.lock().unwrap().push(inside.get::<bool>("verbose")?);
        Ok::<_, Error>(())
    });
    options.parse_command_line(["site", "--verbose", "--late=6"]).unwrap();
    assert_eq!(*seen.lock().unwrap(), [true]);
    assert_eq!(options.get::<i32>("late").unwrap(), 6);
}

#[test]
fn a_type_may_use_the_options_while_it_is_read_and_shown() {
    static OUTER: OnceLock<OptionParser> = OnceLock::new();

    /// Text below the folder that another option names.
    #[derive(Clone)]
    struct Below(String);

    impl std::str::FromStr for Below {
        type Err = Error;

        fn from_str(text: &str) -> Result<Self, Error> {
            let options = OUTER.get().unwrap();
            options.set("read", options.get::<i32>("read")? + 1)?;
            Ok(Self(format!("{}/{text}", options.get::<String>("folder")?)))
        }
    }

    impl std::fmt::Display for Below {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let read = OUTER.get().unwrap().set("read", 0);
            write!(f, "{}{}", self.0, if read.is_ok() { "" } else { "?" })
        }
    }

    let options = OUTER.get_or_init(OptionParser::new);
    options.define("read", 0);
    options.define("folder", "www");
    let page = options.define("page", None::<Below>).choices(["www/index"]);
    options.parse_command_line(["site", "--page=index"]).unwrap();
    assert_eq!(page.get().unwrap().0, "www/index");
    assert_eq!(options.as_dict()["page"].to_string(), "www/index");
}

#[test]
fn choices_are_checked_whoever_gives_them() {
    #[derive(Clone, Debug, PartialEq, clap::ValueEnum)]
    enum Mode {
        Fast,
        VeryCareful,
    }
    let options = OptionParser::new();
    let mode = options.define("mode", None::<Choice<Mode>>);
    let modes = options.define("modes", [choice(Mode::Fast)]);
    let level = options.define("level", "info").choices(["debug", "info"]);
    options.parse_command_line(["site", "--mode=very-careful", "--modes=fast,very-careful", "--level=debug"]).unwrap();
    assert_eq!(mode.get(), Some(Mode::VeryCareful));
    assert_eq!(modes.get(), [Mode::Fast, Mode::VeryCareful]);
    assert_eq!(level.get(), "debug");

    assert!(
        complaint(options.parse_command_line(["site", "--modes=fast,slow"]))
            .contains("one of fast, very-careful, got 'slow'")
    );
    let said = complaint(level.set("loud".to_owned()));
    assert!(said.ends_with("option 'level': expected one of debug, info, got 'loud'"), "{said}");
    assert!(options.help_text().contains("(one of fast, very-careful)"), "{}", options.help_text());
}

#[test]
fn values_are_put_back_after_a_panic_too() {
    let site = site();
    let panicked = std::panic::catch_unwind(|| {
        site.options.scoped(|options| {
            options.set("port", 1_u16).unwrap();
            panic!("a test that fails");
        })
    });
    assert!(panicked.is_err());
    assert_eq!((site.port.get(), site.port.source()), (8888, Source::Default));
}

#[test]
fn scopes_of_several_threads_wait_for_each_other() {
    let site = site();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for number in 1..=4_u16 {
            let (options, port, start) = (&site.options, &site.port, &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..200 {
                    options.scoped(|options| {
                        assert_eq!(port.get(), 8888, "another scope is open");
                        options.set("port", number).unwrap();
                        std::thread::yield_now();
                        assert_eq!(port.get(), number);
                    });
                }
            });
        }
    });
    assert_eq!(site.port.get(), 8888);
}

#[test]
fn a_range_has_an_end() {
    let options = OptionParser::new();
    let numbers = options.define("numbers", Vec::<u64>::new());
    options.parse_command_line(["site", "--numbers=1:1000000"]).unwrap();
    assert_eq!(numbers.with(Vec::len), 1_000_000);
    let said = complaint(options.parse_command_line(["site", "--numbers=0:18446744073709551615"]));
    assert!(said.ends_with("expected a range of at most a million integers, got '0:18446744073709551615'"), "{said}");
    options.parse_command_line(["site", "--numbers=18446744073709551614:18446744073709551615"]).unwrap();
    assert_eq!(numbers.get(), [u64::MAX - 1, u64::MAX]);
}

mod database {
    //! A module that declares what it needs, as one of Tornado's does when it is imported.

    super::declare_options! {
        /// Main user DB,
        /// with its port
        pub(crate) static MYSQL_HOST: String = "127.0.0.1:3306";

        /// Connections to it, at most
        pub(crate) static MYSQL_CONNECTIONS: u32 = 10, metavar = "N", group = "mysql";

        pub(crate) static MYSQL_PASSWORD: Option<String> = None::<String>;
    }
}

#[test]
fn modules_declare_options_without_a_call() {
    let options = firewhirl_run::options::options();
    options.scoped(|options| {
        options.parse_command_line(["site", "--mysql-connections=20", "--mysql-password=x"]).unwrap();
        assert_eq!(database::MYSQL_HOST.get(), "127.0.0.1:3306");
        assert_eq!(database::MYSQL_CONNECTIONS.get(), 20);
        assert_eq!(database::MYSQL_PASSWORD.get().as_deref(), Some("x"));
    });
    let help = options.help_text();
    assert!(help.contains(&format!("\n{} options:\n", file!())), "{help}");
    assert!(help.contains("--mysql-host                     Main user DB, with its port (default\n"), "{help}");
    assert!(
        help.contains("mysql options:\n\n  --mysql-connections=N            Connections to it, at most (default 10)\n"),
        "{help}"
    );
    assert!(options.try_define("mysql-host", "").unwrap_err().to_string().contains(file!()));
}

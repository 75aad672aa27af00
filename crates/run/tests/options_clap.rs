//! Options beside the arguments of programs that derive or build them with clap.
//!
//! The program's own set is one for the process, and these tests run side by side in one: so whoever
//! uses it opens a scope, and every option is defined once, for all of them.

use std::fs;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use firewhirl_run::options::{self, Choice, Defined, OptionParser, Options, Sources, choice, options};

/// A program as clap's users write it.
#[derive(Debug, Parser)]
#[command(name = "site", version = "1.0")]
struct Site {
    /// Say more
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Commands>,
}

#[derive(Debug, PartialEq, Subcommand)]
enum Commands {
    /// Serve the site
    Serve(Serve),
    /// Read stories from a file
    Import {
        file: String,
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args, Debug, PartialEq)]
struct Serve {
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

/// The program's options.
struct Own {
    port: Defined<u16>,
    debug: Defined<bool>,
    mysql_host: Defined<String>,
    offset: Defined<i32>,
    mode: Defined<Mode>,
    ports: Defined<Vec<u16>>,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Mode {
    Fast,
    Careful,
}

static OWN: LazyLock<Own> = LazyLock::new(|| Own {
    port: options::define("port", 8888).help("port to listen on").metavar("PORT").group("server"),
    debug: options::define("debug", false).help("restart on every change").group("server"),
    mysql_host: options::define("mysql_host", "127.0.0.1:3306").help("Main user DB").group("database"),
    offset: options::define("offset", 0),
    mode: options::define("mode", choice(Mode::Careful)),
    ports: options::define("ports", Vec::<u16>::new()),
});

/// Runs `part` on the program's options, which are as they were afterwards.
fn scoped(part: impl FnOnce(&Own)) {
    LazyLock::force(&OWN);
    options().scoped(|options| {
        options.read_with_clap(Sources::new());
        part(&OWN);
    });
}

#[test]
fn a_derived_program_has_our_options_beside_its_own() {
    scoped(|own| {
        let arguments = [
            "site",
            "-vv",
            "--port",
            "80",
            "--debug",
            "--mysql_host=db",
            "--offset",
            "-5",
            "--mode=fast",
            "--ports=8000:8002,9000",
            "serve",
            "--workers=4",
        ];
        let site = Site::parse_from(arguments);
        assert_eq!((site.verbose, site.command), (2, Some(Commands::Serve(Serve { workers: 4 }))));
        assert_eq!((own.port.get(), own.debug.get(), own.mysql_host.get().as_str()), (80, true, "db"));
        assert_eq!((own.offset.get(), own.mode.get()), (-5, Mode::Fast));
        assert_eq!(own.ports.get(), [8000, 8001, 8002, 9000]);
        assert_eq!(site.options.get::<u16>("port").unwrap(), 80);
    });
}

#[test]
fn options_may_stand_after_a_subcommand() {
    scoped(|own| {
        let site = Site::parse_from(["site", "--debug=true", "import", "--port=80", "stories.csv", "--dry-run"]);
        assert_eq!(site.command, Some(Commands::Import { file: "stories.csv".into(), dry_run: true }));
        assert_eq!((own.port.get(), own.debug.get()), (80, true));
    });
}

#[test]
fn what_is_not_given_stays_as_it_was() {
    scoped(|own| {
        own.port.set(7).unwrap();
        Site::parse_from(["site", "--debug"]);
        assert_eq!((own.port.get(), own.debug.get(), own.offset.get()), (7, true, 0));
        // A boolean that stands alone takes no word after it.
        let site = Site::parse_from(["site", "--debug", "import", "x"]);
        assert_eq!(site.command, Some(Commands::Import { file: "x".into(), dry_run: false }));
        // The last of several counts.
        Site::parse_from(["site", "--port=1", "--port=2", "--debug=false"]);
        assert_eq!((own.port.get(), own.debug.get()), (2, false));
    });
}

#[test]
fn clap_says_what_is_wrong_with_our_options() {
    scoped(|own| {
        let said = |arguments: &[&str]| Site::try_parse_from(arguments).unwrap_err().to_string();
        let error = said(&["site", "--port=abc"]);
        assert!(
            error.starts_with(
                "error: invalid value 'abc' for '--port <PORT>': expected an integer, got 'abc' (invalid digit found in \
                 string)"
            ),
            "{error}"
        );
        let error = said(&["site", "--prot=1"]);
        assert!(error.contains("unexpected argument '--prot'") && error.contains("'--port'"), "{error}");
        let error = said(&["site", "--mode=fats"]);
        assert!(error.contains("fast, careful") && error.contains("a similar value exists: 'fast'"), "{error}");
        assert!(said(&["site", "--debug=maybe"]).contains("expected true or false, got 'maybe'"));
        assert!(said(&["site", "--port"]).contains("a value is required for '--port <PORT>'"));
        assert_eq!(own.port.get(), 8888);
    });
}

#[test]
fn help_lists_our_options_by_groups() {
    scoped(|_| {
        let help = Site::command().render_help().to_string();
        assert!(help.contains("Usage: site [OPTIONS] [COMMAND]"), "{help}");
        let server = "server options:\n      --debug[=<DEBUG>]  restart on every change (default False)\n      --port <PORT>      \
                      port to listen on (default 8888)\n";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed(&help).contains(&squeezed(server)), "{help}");
        assert!(help.contains("database options:"), "{help}");
        assert!(help.contains("Say more"), "{help}");
    });
}

#[test]
fn every_source_is_read_in_its_order() {
    let path = std::env::temp_dir().join(format!("firewhirl-{}-clap.toml", std::process::id()));
    fs::write(&path, "port = 1\noffset = 1\nmysql_host = 'config'\n").unwrap();
    scoped(|own| {
        let sources = Sources::new().config_file(&path).environment("SITE");
        options().read_with_clap(sources.variables([("SITE_PORT", "2"), ("SITE_OFFSET", "2")]));
        Site::parse_from(["site", "--port=3"]);
        assert_eq!((own.port.get(), own.offset.get(), own.mysql_host.get().as_str()), (3, 2, "config"));

        // An error of another source is clap's to show.
        options().read_with_clap(Sources::new().environment("SITE").variables([("SITE_PORT", "x")]));
        let error = Site::try_parse_from(["site"]).unwrap_err().to_string();
        assert!(error.contains("option 'port' from SITE_PORT=x: expected an integer"), "{error}");
    });
    fs::remove_file(path).unwrap();
}

#[test]
fn a_set_of_ones_own_joins_a_command_that_is_built() {
    let options = OptionParser::new();
    let port = options.define("port", 8888_u16).group("server");
    let mode = options.define("mode", None::<Choice<Mode>>);
    let command = options.augment(Command::new("site").arg(Arg::new("name").required(true)));
    // Clap's own check of a command.
    command.clone().debug_assert();

    let matches = command.clone().try_get_matches_from(["site", "blog", "--port=80"]).unwrap();
    options.take_matches(&matches).unwrap();
    assert_eq!((port.get(), mode.get()), (80, None));
    assert_eq!(matches.get_one::<String>("name").unwrap(), "blog");

    // A derived program beside them, which knows nothing of them.
    #[derive(Debug, Parser)]
    struct Plain {
        name: String,
    }
    let matches = options.augment(Plain::command()).try_get_matches_from(["site", "--mode", "fast", "blog"]).unwrap();
    options.load(Sources::new().matches(&matches)).unwrap();
    assert_eq!(mode.get(), Some(Mode::Fast));
    assert_eq!(Plain::from_arg_matches(&matches).unwrap().name, "blog");
}

#[test]
fn callbacks_run_in_the_order_of_the_command_line() {
    let options = OptionParser::new();
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    for name in ["one", "two", "three"] {
        let order = order.clone();
        options.define(name, 0).callback(move |_| order.lock().unwrap().push(name));
    }
    let command = options.augment(Command::new("site"));
    options.take_matches(&command.get_matches_from(["site", "--three=1", "--one=1", "--two=1"])).unwrap();
    assert_eq!(*order.lock().unwrap(), ["three", "one", "two"]);
}

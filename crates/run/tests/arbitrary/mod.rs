//! What holds of any text that options are given, for a test and for a fuzzer.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use firewhirl_run::options::{DateTime, OptionDefault, OptionParser, SignedDuration};

/// Reads the text as everything that options read, and asserts what has to hold.
pub(crate) fn check(text: &str) {
    shown_as_it_is_read(None::<bool>, text);
    shown_as_it_is_read(None::<u8>, text);
    shown_as_it_is_read(None::<i128>, text);
    shown_as_it_is_read(None::<f64>, text);
    shown_as_it_is_read(None::<&str>, text);
    shown_as_it_is_read(None::<PathBuf>, text);
    shown_as_it_is_read(None::<IpAddr>, text);
    shown_as_it_is_read(None::<DateTime>, text);
    shown_as_it_is_read(None::<Duration>, text);
    shown_as_it_is_read(None::<SignedDuration>, text);
    shown_as_it_is_read(Vec::<i16>::new(), text);
    shown_as_it_is_read(Vec::<String>::new(), text);
    help_fits_its_columns(text);
    for name in ["site.toml", "site.py", "site.conf"] {
        a_mistake_has_a_line(text, name);
    }
    let options = OptionParser::new();
    options.exit_on_help(false);
    options.define("a", "").metavar(text);
    let _ = options.parse_command_line(text.split('\n').map(str::to_owned));
    let _ = options.parse_environment_of("A", text.split('\n').filter_map(|line| line.split_once('=')));
}

/// A value that was read and is shown is read as the same again.
fn shown_as_it_is_read<D: OptionDefault<Kind>, Kind>(default: D, text: &str) {
    let options = OptionParser::new();
    options.define("x", default);
    let given = |text: &str| {
        options.parse_command_line(["program", &format!("--x={text}")]).ok()?;
        Some(options.get_value("x").unwrap().to_string())
    };
    if let Some(shown) = given(text) {
        assert_eq!(given(&shown).as_ref(), Some(&shown), "{text:?}");
    }
}

/// No line of the help's descriptions is longer than 79 columns, and no word is lost.
fn help_fits_its_columns(text: &str) {
    let options = OptionParser::new();
    options.define("x", None::<bool>).help(text).group("group");
    let help = options.help_text();
    let (_, described) = help.split_once("\ngroup options:\n\n").unwrap();
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    assert_eq!(letters(described), letters(&format!("--x{text}")));
    assert!(described.split('\n').all(|line| line.chars().count() <= 79), "{described}");
}

/// A config file is read, or refused with the place of what is wrong with it.
fn a_mistake_has_a_line(text: &str, name: &str) {
    let options = OptionParser::new();
    options.define("a", "");
    options.define("b", Vec::<i64>::new());
    if let Err(error) = options.parse_config_text(text, name) {
        let said = error.to_string();
        let line =
            said.strip_prefix(&format!("{name}:")).and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
        let lines = text.split('\n').count();
        assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{said}");
    }
}

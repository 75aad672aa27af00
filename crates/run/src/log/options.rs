//! The options of a log: Tornado's, and three that it has not.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

use firewhirl_process::task_id;

use super::enable::enable_pretty_logging;
use super::{Color, JsonFormatter, Levels, LogError, LogFile, LogFormatter, LogLayer, Rotation, Stderr, When};
use crate::options::{OptionParser, Source};

/// What the environment says of levels where no option does, as nearly every program in Rust takes it.
const RUST_LOG: &str = "RUST_LOG";
/// What stands for the number of the process in the path of a log file.
const TASK: &str = "{task}";

/// Defines the options of the log, and has [`enable_pretty_logging`] called when all options are known.
///
/// The program's own set, [`options()`](crate::options::options), has them from the start; this is for a set of
/// one's own.
///
/// | option | default | what it says |
/// |---|---|---|
/// | `logging` | `info` | the levels, as [`Levels`] has them; `none` leaves logging alone |
/// | `log_format` | `auto` | `auto`: lines with colours if standard error is a terminal that has some; `pretty`: also into a pipe; `plain`: never; `json`: objects |
/// | `log_request_id` | `false` | whether lines that belong to a request end with its id |
/// | `log_to_stderr` | unset | whether standard error gets the log; unset: if no file does |
/// | `log_file_prefix` | unset | the log file's path; `{task}` in it stands for [`task_id`], the number of the process |
/// | `log_rotate_mode` | `size` | `size` or `time` |
/// | `log_file_max_size` | 100,000,000 | bytes of a file, for `size` |
/// | `log_file_num_backups` | 10 | how many old files are kept |
/// | `log_rotate_when` | `midnight` | [`When`], for `time` |
/// | `log_rotate_interval` | 1 | how many of it |
///
/// Where nobody gives `logging`, the environment's `RUST_LOG` counts, if there is one. Tornado's
/// `define_logging_options`; `log_format` and `log_request_id` are ours.
///
/// # Panics
///
/// If the set has an option of such a name already.
///
/// # Examples
///
/// ```
/// use firewhirl_run::log::define_logging_options;
/// use firewhirl_run::options::OptionParser;
///
/// let options = OptionParser::new();
/// define_logging_options(&options);
/// options.parse_command_line(["site", "--logging=none"])?;
/// # Ok::<(), firewhirl_run::options::Error>(())
/// ```
#[track_caller]
pub fn define_logging_options(options: &OptionParser) {
    let of_levels =
        |levels: &Option<String>| levels.as_deref().filter(|text| !is_none(text)).map_or(Ok(()), check::<Levels>);
    options
        .define("logging", Some("info".to_owned()))
        .help("least level that is logged, also by target as in info,firewhirl::access=warning; none leaves logging alone")
        .metavar("debug|info|warning|error|none")
        .group("log")
        .callback(of_levels);
    options
        .define("log_format", "auto")
        .help("lines with colours on a terminal, with colours in any case, without, or an object a line")
        .choices(["auto", "pretty", "plain", "json"])
        .metavar("auto|pretty|plain|json")
        .group("log");
    options.define("log_request_id", false).help("end the lines of a request with its id").group("log");
    options
        .define("log_to_stderr", None::<bool>)
        .help("log to standard error; unless said, where there is no log file")
        .group("log");
    options
        .define("log_file_prefix", None::<PathBuf>)
        .help("path of the log file; {task} in it is the number of the process, where there are several")
        .metavar("PATH")
        .group("log");
    options
        .define("log_rotate_mode", "size")
        .help("whether the log file is rotated by size or by time")
        .metavar("size|time")
        .group("log");
    options
        .define("log_file_max_size", 100_000_000_u64)
        .help("bytes that a log file may have before it is rotated by size; 0 never rotates it")
        .group("log");
    options.define("log_file_num_backups", 10_usize).help("how many rotated log files are kept").group("log");
    options
        .define("log_rotate_when", "midnight")
        .help("when a log file is rotated by time: in seconds, minutes, hours, days, at midnight, or at the end of a weekday, W0 being Monday")
        .metavar("S|M|H|D|midnight|W0-W6")
        .group("log")
        .callback(|when: &String| check::<When>(when));
    options
        .define("log_rotate_interval", 1_u32)
        .help("how many seconds, minutes and so on a log file lasts that is rotated by time")
        .group("log");
    let own = options.clone();
    options.add_parse_callback(move || enable_pretty_logging(&own));
}

fn check<T: FromStr<Err = LogError>>(text: &str) -> Result<(), LogError> {
    text.parse::<T>().map(drop)
}

fn is_none(text: &str) -> bool {
    text.eq_ignore_ascii_case("none")
}

/// What the options of a log say.
#[derive(Debug)]
pub(super) struct Settings {
    /// `None` leaves logging alone.
    pub(super) levels: Option<Levels>,
    /// Whether somebody asked for an output in so many words.
    pub(super) is_asked_for: bool,
    /// What was wrong with `RUST_LOG`.
    pub(super) complaint: Option<LogError>,
    format: Format,
    request_id: bool,
    to_stderr: bool,
    file: Option<(PathBuf, Rotation)>,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Lines(Color),
    Json,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// What of it makes no sense, or is not there at all.
    pub(super) fn read(options: &OptionParser) -> Result<Self, LogError> {
        let (levels, complaint) = levels(options)?;
        let to_stderr: Option<bool> = options.get("log_to_stderr")?;
        let file = match options.get::<Option<PathBuf>>("log_file_prefix")? {
            Some(path) if !path.as_os_str().is_empty() => Some((of_task(path), rotation(options)?)),
            _ => None,
        };
        Ok(Self {
            levels,
            complaint,
            is_asked_for: file.is_some() || to_stderr == Some(true),
            format: match options.get::<String>("log_format")?.as_str() {
                "auto" => Format::Lines(Color::Auto),
                "pretty" => Format::Lines(Color::Always),
                "plain" => Format::Lines(Color::Never),
                "json" => Format::Json,
                other => return Err(LogError::Format { format: other.to_owned() }),
            },
            request_id: options.get("log_request_id")?,
            to_stderr: to_stderr.unwrap_or(file.is_none()),
            file,
        })
    }

    /// The layer that does as they say.
    ///
    /// # Errors
    ///
    /// [`LogError::Open`].
    pub(super) fn layer(&self) -> Result<LogLayer, LogError> {
        let mut layer = LogLayer::default();
        if let Some((path, rotation)) = &self.file {
            let file = LogFile::open(path, rotation.clone())?;
            layer = match self.format {
                Format::Lines(_) => layer.and(self.lines(Color::Never), file),
                Format::Json => layer.and(JsonFormatter::new(), file),
            };
        }
        if self.to_stderr {
            layer = match self.format {
                Format::Lines(color) => layer.and(self.lines(color), Stderr::new()),
                Format::Json => layer.and(JsonFormatter::new(), Stderr::new()),
            };
        }
        Ok(layer)
    }

    fn lines(&self, color: Color) -> LogFormatter {
        LogFormatter::new().color(color).request_id(self.request_id)
    }
}

/// The levels, and what is wrong with the environment's.
fn levels(options: &OptionParser) -> Result<(Option<Levels>, Option<LogError>), LogError> {
    let Some(text) = options.get::<Option<String>>("logging")?.filter(|text| !is_none(text)) else {
        return Ok((None, None));
    };
    let from_environment = match options.source("logging")? {
        Source::Default => env::var(RUST_LOG).ok().filter(|text| !text.trim().is_empty()),
        _ => None,
    };
    // What an environment says to all programs may be meant for others: it breaks none.
    match from_environment.map(|text| text.parse()).transpose() {
        Ok(levels) => Ok((Some(levels.map_or_else(|| text.parse(), Ok)?), None)),
        Err(complaint) => Ok((Some(text.parse()?), Some(complaint))),
    }
}

fn rotation(options: &OptionParser) -> Result<Rotation, LogError> {
    let backups = options.get("log_file_num_backups")?;
    match options.get::<String>("log_rotate_mode")?.as_str() {
        "size" => Ok(Rotation::by_size(options.get("log_file_max_size")?, backups)),
        "time" => {
            let when = options.get::<String>("log_rotate_when")?.parse()?;
            Ok(Rotation::by_time(when, options.get("log_rotate_interval")?, backups))
        }
        mode => Err(LogError::RotateMode { mode: mode.to_owned() }),
    }
}

/// The path for this process: one that is alone is number 0.
fn of_task(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(text) if text.contains(TASK) => text.replace(TASK, &task_id().unwrap_or(0).to_string()).into(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_processes_have_files_of_their_own_where_the_path_says_so() {
        assert_eq!(of_task("/var/log/site-{task}.log".into()), PathBuf::from("/var/log/site-0.log"));
        assert_eq!(of_task("/var/log/site.log".into()), PathBuf::from("/var/log/site.log"));
    }
}

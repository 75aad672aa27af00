//! A captured stack in words: functions, files and lines, and which of the lines is the program's own that
//! blocks.
//!
//! Done by the watchdog's thread, which has the time. Works in release builds that have line tables
//! (`debug = "line-tables-only"` in the profile); without them functions are named and lines are not.

use std::ffi::c_void;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// A function on the stack of a blocked thread.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Its name, or its address where it has none.
    pub function: String,
    /// Its source file, if the program was built with line tables; below the current directory from there.
    pub file: Option<PathBuf>,
    /// The line in it that was being run.
    pub line: Option<u32>,
    /// Where in the code it was. Several frames have one address where functions were inlined.
    pub address: usize,
    pub(super) origin: Origin,
}

/// `app::pause  src/main.rs:17`
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "  {}:{line}", file.display()),
            (Some(file), None) => write!(f, "  {}", file.display()),
            _ => Ok(()),
        }
    }
}

/// Whose code a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The program's own.
    Program,
    /// Firewhirl's, the standard library's, or that of another dependency.
    Dependency,
    /// What lies between the loop and that which it runs: ours, and tokio's for tasks that were given to
    /// it directly.
    Boundary,
}

/// The stack of a thread that was caught, from where it is down to where the loop called it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    /// The innermost first.
    pub(super) frames: Vec<Frame>,
    /// Which of them is the one to look at.
    pub(super) named: Option<usize>,
    /// Frames of the loop itself, beneath these.
    pub(super) beneath: usize,
}

impl Stack {
    /// Puts addresses into words.
    pub(super) fn of(addresses: &[usize]) -> Self {
        let mut frames = Vec::new();
        for (index, &address) in addresses.iter().enumerate() {
            // What is asked for is the instruction before: calls return behind themselves. The innermost
            // did not call, it is exact.
            let asked = if index == 0 { address + 1 } else { address };
            resolve(asked, address, &mut frames);
        }
        Self::cut(frames)
    }

    /// Leaves out what lies beneath the code that the loop was to run.
    fn cut(mut frames: Vec<Frame>) -> Self {
        let all = frames.len();
        // One on top is where the thread was caught, and no boundary to anything.
        let caught = frames.iter().take_while(|frame| frame.origin == Origin::Boundary).count();
        if let Some(boundary) = frames.iter().skip(caught).position(|frame| frame.origin == Origin::Boundary) {
            frames.truncate(caught + boundary);
        }
        // The outermost of the program's own: what is beneath that only led to it.
        if let Some(outermost) = frames.iter().rposition(|frame| frame.origin == Origin::Program) {
            frames.truncate(outermost + 1);
        }
        let named = frames.iter().position(|frame| frame.origin == Origin::Program);
        Self { beneath: all - frames.len(), named, frames }
    }

    /// Reads the tables of the program once, so that the first report need not.
    pub(super) fn warm_up() {
        own_sources();
    }
}

/// The functions at an address, inlined ones first.
fn resolve(asked: usize, address: usize, frames: &mut Vec<Frame>) {
    let known = frames.len();
    backtrace::resolve(asked as *mut c_void, |symbol| {
        let function = symbol.name().map_or_else(|| format!("{address:#x}"), |name| format!("{name:#}"));
        let file = symbol.filename();
        let origin = origin(&function, file, own_sources());
        let function = readable(&function);
        let (file, line) = (file.map(shortened), symbol.lineno());
        frames.push(Frame { function, file, line, address, origin });
    });
    if frames.len() == known {
        let function = format!("{address:#x}");
        frames.push(Frame { function, file: None, line: None, address, origin: Origin::Dependency });
    }
}

/// The folder with the crates of Firewhirl, as the line tables name it; `None` without line tables.
fn own_sources() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let mut folder = None;
        backtrace::resolve((landmark as *const c_void).wrapping_byte_add(1).cast_mut(), |symbol| {
            // Of `crates/event/src/watchdog/stack.rs` what is before `event`.
            if let Some(file) = symbol.filename()
                && file.ends_with("event/src/watchdog/stack.rs")
            {
                folder = file.ancestors().nth(4).map(Path::to_path_buf);
            }
        });
        folder
    };
    FOLDER.get_or_init(find).as_deref()
}

/// A function of this very file, to be looked up.
#[inline(never)]
fn landmark() -> u32 {
    std::hint::black_box(line!())
}

/// Whose code a function is: by its file, as inlined functions have no path in their names; where there
/// are no line tables by its name.
fn origin(function: &str, file: Option<&Path>, own: Option<&Path>) -> Origin {
    let Some(file) = file else { return origin_by_name(function) };
    if let Some(below) = own.and_then(|own| file.strip_prefix(own).ok()) {
        if below == Path::new("event/src/watchdog/mark.rs") {
            return Origin::Boundary;
        }
        // Tests and examples of a crate of ours are programs.
        if below.components().nth(1) == Some(Component::Normal("src".as_ref())) {
            return Origin::Dependency;
        }
    }
    let text = file.to_string_lossy();
    if text.contains("/tokio-") && text.ends_with("/src/runtime/task/harness.rs") {
        return Origin::Boundary;
    }
    let is_rust = file.extension().is_some_and(|extension| extension == "rs");
    let elsewhere = ["/rustc/", "/rustlib/src/", "/registry/src/", "/git/checkouts/", "/vendor/"];
    if is_rust && !elsewhere.iter().any(|mark| text.contains(mark)) { Origin::Program } else { Origin::Dependency }
}

/// Names of C have no path; of Rust the usual suspects are known.
fn origin_by_name(function: &str) -> Origin {
    let name = crate_of(function);
    if name == "firewhirl_event" && function.contains("::watchdog::mark::")
        || function.starts_with("tokio::runtime::task::harness::")
    {
        Origin::Boundary
    } else if function.contains("::")
        && !name.starts_with("firewhirl_")
        && !matches!(name, "std" | "core" | "alloc" | "tokio" | "backtrace")
    {
        Origin::Program
    } else {
        Origin::Dependency
    }
}

/// The crate of a function: `app` of `<app::Story as web::Handler>::get`.
fn crate_of(function: &str) -> &str {
    let start = function.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
    let start = start.strip_prefix("dyn ").or_else(|| start.strip_prefix("mut ")).unwrap_or(start);
    let end = start.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(start.len());
    &start[..end]
}

/// A path without its detours, and without what says nothing: the current directory, and where the
/// sources of the standard library and of other crates lie.
fn shortened(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    for folder in ["/rustc/", "/registry/src/"] {
        if let Some((_, below)) = text.split_once(folder)
            && let Some((_, below)) = below.split_once('/')
        {
            return PathBuf::from(below);
        }
    }
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if straight.file_name().is_some() => {
                straight.pop();
            }
            part => straight.push(part),
        }
    }
    let here = std::env::current_dir().ok().filter(|here| here.parent().is_some());
    let below = here.and_then(|here| Some(straight.strip_prefix(here).ok()?.to_path_buf()));
    below.unwrap_or(straight)
}

/// A name without what makes it long: inlined functions come with all types that they were made for.
fn readable(name: &str) -> String {
    let name = match name.find('<') {
        Some(start) if start > 0 && !name[..start].contains("::") => &name[..start],
        _ => name,
    };
    for (mark, word) in [("{async_fn", "(async fn)"), ("{async_block", "(async block)"), ("{closure#", "(closure)")] {
        if name.starts_with(mark) {
            return word.to_owned();
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_told_from_what_it_depends_on() {
        let own = Some(Path::new("/home/me/firewhirl/crates"));
        let registry = "/home/me/.cargo/registry/src/index-1/serde-1.0/src/de.rs";
        #[rustfmt::skip]
        let cases: &[(&str, &str, Option<&str>, Origin)] = &[
            ("its own",         "app::pause",                     Some("/home/me/app/src/main.rs"), Origin::Program),
            ("a handler",       "<app::A as web::Handler>::get::{{closure}}", Some("src/main.rs"),  Origin::Program),
            ("std",             "std::thread::sleep",             Some("/rustc/5980/library/std/src/thread.rs"), Origin::Dependency),
            ("a library",       "serde::de::read",                Some(registry),                   Origin::Dependency),
            ("vendored",        "serde::de::read",                Some("/home/me/app/vendor/serde/src/de.rs"), Origin::Dependency),
            ("ours",            "firewhirl_web::entry::answer",   Some("/home/me/firewhirl/crates/web/src/entry.rs"), Origin::Dependency),
            ("ours, inlined",   "{closure#0}<app::Story>",        Some("/home/me/firewhirl/crates/event/src/ioloop.rs"), Origin::Dependency),
            ("its test",        "{closure#0}",                    Some("/home/me/firewhirl/crates/event/tests/x.rs"), Origin::Program),
            ("like ours",       "firewhirl_blog::load",           Some("/home/me/blog/src/main.rs"), Origin::Program),
            ("the boundary",    "labelled<app::Story>",           Some("/home/me/firewhirl/crates/event/src/watchdog/mark.rs"), Origin::Boundary),
            ("C",               "clock_nanosleep",                None,                             Origin::Dependency),
            ("a task of tokio", "poll_future",                    Some("/home/me/.cargo/registry/src/i-1/tokio-1.54.1/src/runtime/task/harness.rs"), Origin::Boundary),
            ("C with tables",   "__libc_recv",                    Some("sysdeps/unix/sysv/linux/recv.c"), Origin::Dependency),
            ("boundary, no tables", "firewhirl_event::watchdog::mark::labelled", None,               Origin::Boundary),
            ("no tables",       "app::pause",                     None,                             Origin::Program),
            ("std, no tables",  "<core::pin::Pin<P> as core::future::Future>::poll", None,          Origin::Dependency),
        ];
        for (what, function, file, expected) in cases {
            assert_eq!(origin(function, file.map(Path::new), own), *expected, "{what}");
        }
    }

    #[test]
    fn the_crate_is_the_first_name() {
        for (function, expected) in [
            ("app::pause", "app"),
            ("<app::Story as web::Handler>::get", "app"),
            ("<&mut app::Story as web::Handler>::get", "app"),
            ("<dyn app::Story>::get", "app"),
            ("clock_nanosleep", "clock_nanosleep"),
            ("", ""),
        ] {
            assert_eq!(crate_of(function), expected, "{function}");
        }
    }

    #[test]
    fn the_stack_is_cut_at_the_outermost_function_of_the_program() {
        let frame = |function: &str, origin| Frame {
            function: function.to_owned(),
            file: None,
            line: None,
            address: 0,
            origin,
        };
        use Origin::{Boundary, Dependency, Program};
        let stack = Stack::cut(vec![
            frame("nanosleep", Dependency),
            frame("app::pause", Program),
            frame("core::iter::for_each", Dependency),
            frame("app::handler", Program),
            frame("web::answer", Dependency),
            frame("mark::labelled", Boundary),
            frame("tokio::poll", Dependency),
            frame("app::main", Program),
        ]);
        let names: Vec<&str> = stack.frames.iter().map(|frame| &*frame.function).collect();
        assert_eq!(names, ["nanosleep", "app::pause", "core::iter::for_each", "app::handler"]);
        assert_eq!((stack.named, stack.beneath), (Some(1), 4));

        let caught_between = Stack::cut(vec![
            frame("mark::step", Boundary),
            frame("web::answer", Dependency),
            frame("mark::labelled", Boundary),
            frame("app::main", Program),
        ]);
        assert_eq!((caught_between.frames.len(), caught_between.named), (2, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_folder_of_our_crates_is_found_by_the_line_tables() {
        let folder = own_sources().expect("tests are built with line tables");
        assert!(folder.join("event/src/watchdog/stack.rs").ends_with("crates/event/src/watchdog/stack.rs"));
    }

    #[test]
    fn names_are_as_long_as_they_have_to_be() {
        for (name, expected) in [
            ("app::pause", "app::pause"),
            ("<app::Story as web::Handler>::get::{{closure}}", "<app::Story as web::Handler>::get::{{closure}}"),
            ("poll<(), web::answer::{closure_env#0}>", "poll"),
            ("{async_fn#0}<app::Story>", "(async fn)"),
            ("{closure#2}", "(closure)"),
        ] {
            assert_eq!(readable(name), expected);
        }
    }

    #[test]
    fn paths_lose_their_detours() {
        for (path, expected) in [
            ("/nowhere/crates/app/../../examples/x.rs", "/nowhere/examples/x.rs"),
            ("/rustc/5980/library/std/src/thread.rs", "library/std/src/thread.rs"),
            ("/home/me/.cargo/registry/src/index-1/tokio-1.54.1/src/lib.rs", "tokio-1.54.1/src/lib.rs"),
        ] {
            assert_eq!(shortened(Path::new(path)), Path::new(expected));
        }
    }
}

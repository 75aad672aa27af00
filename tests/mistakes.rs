//! The compiler's messages, as a test: likely mistakes, each with what a newcomer reads of it.
//!
//! Each file in `mistakes/` is a program with one mistake, which its first line names; the compiler's
//! text stands beside it in a `.stderr` file. Only `none.rs`, without a mistake, has to compile in
//! silence. After a change that is meant to change the texts, write them anew and read the difference:
//!
//!     FIREWHIRL_BLESS=1 cargo test -p firewhirl --test mistakes
//!
//! The compiler alone runs, on the library that cargo has just built for this test: less than a tenth
//! of a second a file, where trybuild would build the library and all beneath it once more.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;
use std::{env, fs, thread};

/// Where the programs are, as the compiler is told and as it names them.
const FOLDER: &str = "tests/mistakes";

/// The one program without a mistake.
const NONE: &str = "none";

/// At this column the line runs down beside the source, whatever number the last of the lines has.
const GUTTER: usize = 4;

#[test]
fn each_mistake_is_told_as_the_text_beside_it_says() {
    let programs = files("rs");
    let library = Library::find();
    let texts = in_parallel(&programs, |program| library.compile(program));

    let bless = env::var_os("FIREWHIRL_BLESS").is_some();
    let mut wrong = Vec::new();
    for (program, text) in programs.iter().zip(texts) {
        let is_right = program.file_stem() == Some(OsStr::new(NONE));
        if text.is_empty() != is_right {
            let wish = if is_right { "has to compile in silence" } else { "compiles, and ought not to" };
            wrong.push(format!("{} {wish}\n\n{text}", program.display()));
            continue;
        }
        let path = program.with_extension("stderr");
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if text != expected && bless {
            fs::write(&path, text).unwrap();
        } else if text != expected {
            wrong.push(format!("{}\n\nexpected:\n\n{expected}\nfound:\n\n{text}", program.display()));
        }
    }
    assert!(wrong.is_empty(), "{} told otherwise:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_text_belongs_to_a_mistake() {
    let lost: Vec<_> = files("stderr").into_iter().filter(|text| !text.with_extension("rs").exists()).collect();
    assert!(lost.is_empty(), "texts without a program: {lost:?}");
}

#[test]
fn a_text_is_the_same_wherever_the_library_lies() {
    let here = "error: wrong\n --> tests/mistakes/x.rs:7:3\n  |\n7 |   f();\n  |   ^ here\n  = note: expected a\n             found b\n\
                note: required by\n --> crates/web/src/f.rs:9:1\n  |\n9 | fn f();\n  |    ^ this\n\nerror: aborting due to 1 previous error\n";
    let there = "error: wrong\n   --> tests/mistakes/x.rs:7:3\n    |\n  7 |   f();\n    |   ^ here\n    = note: expected a\n               found b\n\
                 note: required by\n   --> /home/me/crates/web/src/f.rs:105:1\n    |\n105 | fn f();\n    |    ^ this\n\n";
    let kept = "error: wrong\n   --> tests/mistakes/x.rs:7:3\n    |\n  7 |   f();\n    |   ^ here\n    = note: expected a\n               found b\n\
                note: required by\n   --> crates/web/src/f.rs\n";
    assert_eq!(lasting(here), kept);
    assert_eq!(lasting(there), kept);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn files(ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension() == Some(OsStr::new(ending))).collect();
    files.sort();
    files
}

/// The results in the order of the items; a thread a core.
fn in_parallel<Item: Sync, R: Send>(items: &[Item], work: impl Fn(&Item) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let positions = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        positions.map_while(|at| Some((at, work(items.get(at)?)))).collect::<Vec<_>>()
    };
    let mut results = thread::scope(|scope| {
        let threads: Vec<_> = (0..thread::available_parallelism().unwrap().get()).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The facade as cargo has built it, beside this test.
struct Library {
    dependencies: PathBuf,
    file: PathBuf,
}

impl Library {
    /// Of several, built with other features or for another command, the newest is this test's own or
    /// one that was built later, of the same source.
    fn find() -> Self {
        let dependencies = env::current_exe().unwrap().parent().unwrap().to_path_buf();
        let built = |path: &PathBuf| -> SystemTime { fs::metadata(path).unwrap().modified().unwrap() };
        let entries = fs::read_dir(&dependencies).unwrap().map(|entry| entry.unwrap().path());
        let file = entries
            .filter(|path| path.extension() == Some(OsStr::new("rlib")))
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("libfirewhirl-"))
            .max_by_key(built)
            .expect("cargo builds the library before its tests");
        Self { dependencies, file }
    }

    /// Checks a program, and gives what the compiler says.
    fn compile(&self, program: &Path) -> String {
        let output = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
            .current_dir(root())
            .args(["--edition", "2024", "--emit", "metadata", "--diagnostic-width", "120", "--out-dir"])
            .arg(env!("CARGO_TARGET_TMPDIR"))
            .arg("-L")
            .arg(joined("dependency=", &self.dependencies))
            .arg("--extern")
            .arg(joined("firewhirl=", &self.file))
            .arg(Path::new(FOLDER).join(program.file_name().unwrap()))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("[E0463]"), "another build took the library away meanwhile:\n{text}");
        lasting(&text)
    }
}

fn joined(name: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(name);
    argument.push(path);
    argument
}

/// What of a compiler's text is the same tomorrow and on another machine.
///
/// The program's own lines stay as they are. Of other files only the names are left: their lines move
/// with every change. What the compiler says of itself goes: how many errors, where to read more. `Url` has its path
/// before it where a dependency has a type of that name, which only some features bring.
fn lasting(text: &str) -> String {
    let text = text.replace("firewhirl::firewhirl_web::Url", "Url");
    let mut kept = String::new();
    // How far the text is to be shifted, so that it starts at the gutter.
    let mut shift = 0_isize;
    let mut elsewhere = false;
    for line in text.lines().filter(|line| !is_about_the_compiler(line)) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if let Some((arrow, place)) =
            ["--> ", "::: "].iter().find_map(|arrow| Some((arrow, content.strip_prefix(arrow)?)))
        {
            shift = GUTTER as isize - (indent as isize + 1);
            elsewhere = !place.starts_with(FOLDER);
            let place = if elsewhere { file_name(place) } else { place };
            kept.push_str(&format!("{:width$}{arrow}{place}\n", "", width = GUTTER - 1));
            continue;
        }
        let is_new_part = line.starts_with(|first: char| first.is_ascii_alphabetic()) || content.starts_with("= ");
        elsewhere &= !is_new_part;
        if elsewhere && !line.is_empty() {
            continue;
        }
        let is_source = line.starts_with(|first: char| first == ' ' || first.is_ascii_digit());
        let indent = if is_source { indent.saturating_add_signed(shift) } else { indent };
        kept.push_str(format!("{:indent$}{}", "", uncounted(content)).trim_end());
        kept.push('\n');
    }
    let kept = kept.trim_end();
    if kept.is_empty() { String::new() } else { format!("{kept}\n") }
}

fn is_about_the_compiler(line: &str) -> bool {
    line.starts_with("error: aborting due to")
        || line.starts_with("For more information about")
        || line.starts_with("Some errors have detailed explanations")
        || line.ends_with("emitted") && line.starts_with("warning: ")
        || line.contains("the full name for the type has been written to")
        || line.contains("to print the full type name to the console")
}

/// The file of a place, from its crate's folder on and without line and column.
fn file_name(place: &str) -> &str {
    let file = place.split(".rs:").next().unwrap();
    let start = ["crates/", "library/", "/registry/src/"].iter().find_map(|folder| file.find(folder)).unwrap_or(0);
    &place[start..place.len().min(file.len() + ".rs".len())]
}

/// Without the number of types that it would have been too much to list.
fn uncounted(line: &str) -> &str {
    if line.starts_with("and ") && line.ends_with(" others") { "and others" } else { line }
}

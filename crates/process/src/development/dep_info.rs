//! The file beside an executable in which cargo says what it was made of.
//!
//! `target/debug/shop.d` is a rule of make: the executable, a colon, and every source of the program and
//! of the packages on this machine that it depends on, `include_str!`'s files among them.

use std::path::{Path, PathBuf};

/// The files that an executable was made of, without those that its build made; none where cargo has not
/// said.
///
/// # Examples
///
/// ```
/// use firewhirl_process::development::sources_of;
///
/// let executable = std::env::current_exe()?;
/// assert!(sources_of(&executable.with_file_name("no-such-program")).is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sources_of(executable: &Path) -> Vec<PathBuf> {
    let file = executable.with_extension("d");
    // A folder that is relative is so to where cargo was run, which is the workspace.
    let mut sources = std::fs::read_to_string(file).map(|text| parse(&text)).unwrap_or_default();
    sources.retain(|source| !is_made(source, executable));
    sources
}

/// Whether it is where the executable is: in `target/debug`, of which an example is a folder deeper.
fn is_made(source: &Path, executable: &Path) -> bool {
    let folder = executable.parent().map(|folder| match folder.ends_with("examples") {
        true => folder.parent().unwrap_or(folder),
        false => folder,
    });
    folder.is_some_and(|folder| source.starts_with(folder.join("build")))
}

fn parse(text: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = text.lines().find_map(|line| line.split_once(": ")) else { return Vec::new() };
    let mut paths = Vec::new();
    let mut path = String::new();
    let mut letters = sources.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if matches!(letters.peek(), Some(' ' | '\\' | '#' | ':')) => path.extend(letters.next()),
            ' ' => paths.push(PathBuf::from(std::mem::take(&mut path))),
            letter => path.push(letter),
        }
    }
    paths.push(PathBuf::from(path));
    paths.retain(|path| !path.as_os_str().is_empty());
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_from_the_rule() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, &[&str])] = &[
            ("two sources",        "/t/shop: /w/src/a.rs /w/src/main.rs\n", &["/w/src/a.rs", "/w/src/main.rs"]),
            ("a space in a name",  "/t/shop: /w/my\\ src/main.rs\n",        &["/w/my src/main.rs"]),
            ("a colon in a name",  "/t/a:b: /w/src/main.rs",                &["/w/src/main.rs"]),
            ("spaces at the end",  "/t/shop: /w/src/main.rs  \n",           &["/w/src/main.rs"]),
            ("more than one rule", "/t/shop: /a.rs\n/a.rs:\n",              &["/a.rs"]),
            ("no source",          "/t/shop:\n",                            &[]),
            ("nothing",            "",                                      &[]),
        ];
        for (shows, text, expected) in cases {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(parse(text), expected, "{shows}");
        }
    }
}

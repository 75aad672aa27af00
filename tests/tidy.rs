//! The style that matters, as a test: what every file opens with, which crate may know which, that
//! nothing is left half done, and that every example is run by a test and told of in the README.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which crates of ours each crate may depend on, itself and tests aside: the arrows point down.
#[rustfmt::skip]
const ARROWS: &[(&str, &[&str])] = &[
    ("event",     &[]),
    ("escape",    &[]),
    ("tcp",       &["event"]),
    ("http",      &["event", "escape", "tcp"]),
    ("process",   &["event", "tcp"]),
    ("web",       &["event", "escape", "http", "process"]),
    ("run",       &["event", "tcp", "http", "web", "process"]),
    ("cli",       &["event", "tcp", "http", "web", "process", "run"]),
    ("testing",   &["event", "tcp", "http", "web"]),
    ("firewhirl", &["event", "escape", "tcp", "http", "web", "process", "run"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder` with this ending, build output and the fuzzers' corpora aside.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !(name.starts_with('.') || name == "target" || name == "corpus" || name == "artifacts") {
                    todo.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Fails with all of what was found wrong, a line each.
fn none(wrong: Vec<String>, what: &str) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let wrong = files(&root(), "rs")
        .into_iter()
        .filter(|path| {
            // A mistake that the compiler is to complain of begins with the mistake's own words.
            let text = fs::read_to_string(path).unwrap();
            !text.starts_with("//!") && !text.starts_with("#!")
        })
        .map(|path| path.display().to_string())
        .collect();
    none(wrong, "files without a module doc");
}

#[test]
fn a_crate_knows_only_the_crates_below_it() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let Some(below) = arrows.get(name.as_str()) else {
            wrong.push(format!("{name} has no row in ARROWS"));
            continue;
        };
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section == "[dependencies]"
                && let Some(dependency) = line.strip_prefix("firewhirl-")
            {
                let dependency = dependency.split(['.', ' ', '=']).next().unwrap();
                if !below.contains(&dependency) {
                    wrong.push(format!("{name} depends on {dependency}"));
                }
            }
        }
    }
    none(wrong, "arrows that point up or sideways");
}

#[test]
fn nothing_is_left_half_done() {
    let mut wrong = Vec::new();
    // Put together here, so that this file does not find itself.
    let marks =
        [["todo", "!("].concat(), ["unimpl", "emented!("].concat(), ["FIX", "ME"].concat(), ["#[ign", "ore]"].concat()];
    for path in files(&root(), "rs") {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    none(wrong, "unfinished");
}

#[test]
fn every_example_is_registered_run_by_a_test_and_in_the_readme() {
    let manifest = fs::read_to_string(root().join("crates/firewhirl/Cargo.toml")).unwrap();
    let test = fs::read_to_string(root().join("tests/examples.rs")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut wrong = Vec::new();
    for path in files(&root().join("examples"), "rs") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !manifest.contains(&format!("path = \"../../examples/{name}.rs\"")) {
            wrong.push(format!("{name} is no target of the facade"));
        }
        if !test.contains(&format!("\"{name}\"")) {
            wrong.push(format!("{name} is not run in tests/examples.rs"));
        }
        if !readme.contains(&format!("examples/{name}.rs")) {
            wrong.push(format!("{name} is not in the README"));
        }
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains(&format!("cargo run --example {name}")) {
            wrong.push(format!("{name} does not say how to run it"));
        }
    }
    none(wrong, "examples");
}

#[test]
fn every_crate_is_on_the_map_and_every_dependency_has_its_reason() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let reasons = fs::read_to_string(root().join("DEPENDENCIES.md")).unwrap();
    let mut wrong = Vec::new();
    let mut dependencies = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !map.contains(&format!("crates/{name}")) {
            wrong.push(format!("{name} is not in ARCHITECTURE.md"));
        }
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let mut section = String::new();
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line.to_owned();
            } else if section.ends_with("dependencies]")
                && let Some(name) = line.split(['.', ' ', '=']).next()
                && !name.is_empty()
                && !name.starts_with(['#', '"', ']', '}'])
                && !name.starts_with("firewhirl")
            {
                dependencies.insert(name.to_owned());
            }
        }
    }
    for name in dependencies {
        if !reasons.contains(&format!("`{name}`")) {
            wrong.push(format!("{name} has no line in DEPENDENCIES.md"));
        }
    }
    none(wrong, "crates and dependencies");
}

#[test]
fn local_links_in_the_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files(&root(), "md") {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            let outside =
                target.contains("://") || target.is_empty() || target.contains(' ') || !target.contains(['.', '/']);
            if !outside && !target.contains("::") && !path.parent().unwrap().join(target).exists() {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    none(wrong, "links to files that are not there");
}

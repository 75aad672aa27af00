//! The Dockerfile of `deploy/`, read as an engine reads it, and its commands run where that needs no
//! engine. Whether the images build only an engine can say.

use std::fs;
use std::process::Command;

use super::demo::{Demo, free_port};
use super::installation::deploy;

/// The instructions of the file, each with its arguments, continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(deploy().join("Dockerfile")).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let split = |line: &str| {
        let (word, rest) = line.split_once(' ').unwrap_or_else(|| panic!("no arguments: {line}"));
        (word.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    joined.lines().map(split).collect()
}

/// The words of an instruction in the form that no shell reads: a JSON array.
fn exec_form(arguments: &str) -> Vec<String> {
    let words = arguments.get(arguments.find('[').unwrap_or_else(|| panic!("a shell would read {arguments}"))..);
    serde_json::from_str(words.unwrap()).unwrap_or_else(|error| panic!("{arguments}: {error}"))
}

/// The arguments of the only instruction of a name.
fn only(name: &str) -> String {
    let all: Vec<String> =
        instructions().into_iter().filter(|(word, _)| word == name).map(|(_, arguments)| arguments).collect();
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn the_image_has_the_program_alone_and_runs_it_without_rights_or_a_shell() {
    let instructions = instructions();
    let words: Vec<&str> = instructions.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(
        words,
        [
            "FROM",
            "WORKDIR",
            "COPY",
            "RUN",
            "FROM",
            "RUN",
            "COPY",
            "WORKDIR",
            "USER",
            "EXPOSE",
            "STOPSIGNAL",
            "HEALTHCHECK",
            "ENTRYPOINT",
            "CMD"
        ]
    );
    let manifest = fs::read_to_string(deploy().join("../Cargo.toml")).unwrap();
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert_eq!(instructions[0].1, format!("rust:{version}-slim-bookworm AS build"));
    assert!(instructions[3].1.contains("cargo build --release --locked --package firewhirl-demo "));
    // What the first image ends with is what the second takes.
    assert!(instructions[3].1.ends_with("cp target/release/firewhirl-demo /firewhirl-demo"));
    assert_eq!(instructions[6].1, "--from=build /firewhirl-demo /srv/firewhirl-demo/firewhirl-demo");
    assert!(instructions[5].1.starts_with("useradd ") && instructions[5].1.ends_with(&format!(" {}", only("USER"))));
    assert_eq!(only("STOPSIGNAL"), "SIGTERM");
    assert_eq!(exec_form(&only("ENTRYPOINT")), ["./firewhirl-demo"]);
    assert_eq!(exec_form(&only("CMD")), [format!("--port={}", only("EXPOSE"))]);
}

#[test]
fn the_container_is_healthy_while_the_program_answers() {
    let port = free_port();
    let in_place = |word: &String| word.replace("8888", &port.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_firewhirl-demo"));
    command.args(exec_form(&only("CMD")).iter().map(in_place));
    let mut demo = Demo::start(command, port);
    let check: Vec<String> = exec_form(&only("HEALTHCHECK")).iter().map(in_place).collect();
    let is_healthy = || Command::new(&check[0]).args(&check[1..]).output().unwrap().status.success();
    assert!(is_healthy(), "{check:?}");
    assert!(demo.end().success());
    assert!(!is_healthy(), "{check:?}");
}

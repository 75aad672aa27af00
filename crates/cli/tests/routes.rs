//! `firewhirl routes`, as it is called.

use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::Value;

/// Calls the command on this package's example.
fn routes(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firewhirl"));
    command.args(["routes", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    command.args(["--example", "members"]).args(arguments);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn says_verbs_url_login_site_handler_and_line_of_every_application() {
    // The port is in use, as it is where the program already runs.
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let table = stdout(&routes(&["--", &port]));
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect()).collect();
    let here = "crates/cli/examples/members.rs";
    let line = |needle: &str| {
        let source = include_str!("../examples/members.rs");
        source.lines().position(|line| line.contains(needle)).unwrap() + 1
    };
    let at = |needle: &str, cell: &str| {
        assert!(cell.starts_with(&format!("{here}:{}:", line(needle))), "{needle}: {cell}");
    };
    assert_eq!(rows[0], ["VERBS", "URL", "NAME", "LOGIN", "SITE", "HANDLER", "ADDED AT"]);
    let club: Vec<&[&str]> = rows[1..4].iter().map(|row| &row[..6]).collect();
    assert_eq!(
        club,
        [
            ["any", "/login", "-", "-", "members::Club", "members::login"],
            ["GET", "/members/", "-", "declared", "members::Club", "members::club (closure)"],
            ["GET PUT", "/members/{name}", "member", "declared", "members::Club", "members::Member"],
        ],
        "{table}"
    );
    at(".any(\"/login\"", rows[1][6]);
    at(".get(\"/\"", rows[2][6]);
    at(".route(url", rows[3][6]);
    assert_eq!(rows[5], ["VERBS", "URL", "HOST", "LOGIN", "HANDLER", "ADDED AT"]);
    assert_eq!(rows[6][..5], ["GET", "/status", "localhost", "-", "members::status (closure)"]);
    assert!(table.contains("a handler that asks in its own code is not seen"), "{table}");
    assert!(!table.contains("this is no route"), "{table}");
}

#[test]
fn json_has_everything_for_programs() {
    let all: Vec<Value> = serde_json::from_str(&stdout(&routes(&["--json", "--", "0"]))).unwrap();
    let member = all.iter().find(|route| route["name"] == "member").unwrap();
    assert_eq!(member["verbs"], serde_json::json!(["GET", "HEAD", "PUT", "OPTIONS"]));
    assert_eq!((&member["login"], &member["application"]), (&true.into(), &0.into()));
    let status = all.iter().find(|route| route["url"] == "/status").unwrap();
    assert_eq!((&status["login"], &status["application"]), (&false.into(), &1.into()));
    assert_eq!(status["site"], Value::Null);
    // Two workers have built the first application, and it is listed once.
    assert_eq!(all.len(), 4);
}

#[test]
fn a_program_that_fails_is_quoted() {
    let output = routes(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the program failed (exit status: 1)") && said.contains("which port?"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_program_that_takes_too_long_is_ended() {
    let output = routes(&["--timeout", "0", "--", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("had not built its applications after 0 seconds, if it has any; --timeout"), "{said}");
}

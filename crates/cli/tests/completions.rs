//! `firewhirl completions`, as the shells take them.

#[path = "../../../tests/support/peers.rs"]
mod peers;

use std::process::Command;

fn completions(shell: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_firewhirl")).args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a shell prints that is given a script; `None` where the shell is not installed.
fn said_by(shell: &str, arguments: &[&str], script: &str) -> Option<String> {
    let path = peers::command(shell)?;
    let output = Command::new(path).args(arguments).arg(script).output().unwrap();
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bash_completes_a_subcommand_and_its_options() {
    let script = format!(
        "{}\n\
         complete_it() {{ COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); \
         _firewhirl firewhirl \"${{@: -1}}\" \"${{@: -2:1}}\"; echo \"${{COMPREPLY[*]}}\"; }}\n\
         complete_it firewhirl ro; complete_it firewhirl routes --js",
        completions("bash")
    );
    if let Some(said) = said_by("bash", &["-c"], &script) {
        assert_eq!(said, "routes\n--json\n");
    }
}

#[test]
fn fish_completes_a_subcommand() {
    let script = format!("{}\ncomplete --do-complete 'firewhirl rou'", completions("fish"));
    if let Some(said) = said_by("fish", &["--no-config", "-c"], &script) {
        assert!(said.starts_with("routes\tLists the routes"), "{said}");
    }
}

#[test]
fn zsh_takes_the_definition() {
    let script = format!("autoload -U compinit && compinit -D\n{}\nprint $_comps[firewhirl]", completions("zsh"));
    if let Some(said) = said_by("zsh", &["-f", "-c"], &script) {
        assert_eq!(said, "_firewhirl\n");
    }
}

#[test]
fn other_shells_are_known_and_unknown_ones_are_refused() {
    for shell in ["elvish", "powershell"] {
        assert!(completions(shell).contains("completions"), "{shell}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_firewhirl")).args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("tcsh") && said.contains("bash, elvish, fish"), "{said}");
}

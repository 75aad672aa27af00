//! A package's name: what cargo takes as one and what a library of that name can be called by.

use std::fmt;

/// The words that Rust keeps for itself, those of edition 2024 included.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates and folders that are there already.
const TAKEN: &[(&str, &str)] = &[
    ("test", "is a library of Rust's own"),
    ("core", "is a library of Rust's own"),
    ("std", "is a library of Rust's own"),
    ("alloc", "is a library of Rust's own"),
    ("proc_macro", "is a library of Rust's own"),
    ("build", "is a folder of cargo's"),
    ("deps", "is a folder of cargo's"),
    ("examples", "is a folder of cargo's"),
    ("incremental", "is a folder of cargo's"),
    ("firewhirl", "is what the project depends on"),
    ("firewhirl_testing", "is what the project depends on"),
    ("serde", "is what the project depends on"),
];

/// A name that a project can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, NameError> {
        let wrong = |problem: String| Err(NameError { name: text.to_owned(), problem });
        if let Some(other) = text.chars().find(|char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '_')) {
            return wrong(format!("`{other}` is in it: letters, digits, `-` and `_` can be"));
        }
        if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return wrong("it has to begin with a letter".to_owned());
        }
        let crate_name = text.replace('-', "_");
        if KEYWORDS.contains(&crate_name.as_str()) {
            return wrong("it is a word of the language".to_owned());
        }
        if let Some((_, why)) = TAKEN.iter().find(|(taken, _)| *taken == crate_name) {
            return wrong(format!("that {why}"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The package's name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the library is called in code.
    pub(super) fn of_crate(&self) -> String {
        self.0.replace('-', "_")
    }
}

/// A name that a project cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameError {
    name: String,
    problem: String,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be the name of a package: {}", self.name, self.problem)
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_cargo_and_the_language_take() {
        let cases = [
            ("blog", Ok("blog")),
            ("my-blog", Ok("my_blog")),
            ("Blog2_x", Ok("Blog2_x")),
            ("", Err("begin with a letter")),
            ("2blog", Err("begin with a letter")),
            ("-blog", Err("begin with a letter")),
            ("_", Err("begin with a letter")),
            ("my blog", Err("` ` is in it")),
            ("../blog", Err("`.` is in it")),
            ("blög", Err("`ö` is in it")),
            ("async", Err("a word of the language")),
            ("gen", Err("a word of the language")),
            ("proc-macro", Err("a library of Rust's own")),
            ("deps", Err("a folder of cargo's")),
            ("firewhirl", Err("what the project depends on")),
        ];
        for (text, expected) in cases {
            match (Name::parse(text), expected) {
                (Ok(name), Ok(of_crate)) => assert_eq!(name.of_crate(), of_crate),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (parsed, _) => panic!("{text}: {parsed:?}, expected {expected:?}"),
            }
        }
    }
}

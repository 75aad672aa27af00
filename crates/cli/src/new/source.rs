//! Where the new project gets Firewhirl from: a registry, a folder, or a git repository.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where crates come from that cargo has fetched itself: no folder for others to depend on.
const FETCHED: [&str; 2] = ["/registry/src/", "/git/checkouts/"];

/// Where Firewhirl comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A version of the registry.
    Version(String),
    /// The folder of a checkout.
    Folder(PathBuf),
    /// A git repository's URL.
    Git(String),
}

impl Source {
    /// Reads what the command line says.
    ///
    /// # Errors
    ///
    /// [`SourceError`] for a folder in which Firewhirl is not.
    pub(super) fn parse(text: &str) -> Result<Self, SourceError> {
        if text.contains("://") || text.starts_with("git@") {
            return Ok(Self::Git(text.to_owned()));
        }
        if text.starts_with(|first: char| first.is_ascii_digit() || "^~=<>*".contains(first)) {
            return Ok(Self::Version(text.to_owned()));
        }
        match std::fs::canonicalize(text) {
            Ok(folder) if is_checkout(&folder) => Ok(Self::Folder(folder)),
            _ => Err(SourceError { text: text.to_owned() }),
        }
    }

    /// Where this command comes from itself: the checkout that it was built in, if it is still there,
    /// else this very version of the registry, else the repository.
    pub(super) fn of_this_command() -> Self {
        Self::of_a_command_built_in(Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    fn of_a_command_built_in(manifest: &Path) -> Self {
        let place = manifest.to_string_lossy();
        if place.contains(FETCHED[0]) {
            return Self::Version(env!("CARGO_PKG_VERSION").to_owned());
        }
        match manifest.ancestors().nth(2) {
            Some(checkout) if !place.contains(FETCHED[1]) && is_checkout(checkout) => Self::Folder(checkout.to_owned()),
            _ => Self::Git(env!("CARGO_PKG_REPOSITORY").to_owned()),
        }
    }

    /// The dependency on one of its crates, as a manifest says it.
    pub(super) fn dependency(&self, folder_of_crate: &str) -> String {
        match self {
            Self::Version(version) => format!("{version:?}"),
            Self::Folder(folder) => {
                let folder = folder.join("crates").join(folder_of_crate);
                format!("{{ path = {:?} }}", folder.to_string_lossy())
            }
            Self::Git(url) => format!("{{ git = {url:?} }}"),
        }
    }
}

/// Whether a folder is the root of a checkout of Firewhirl.
fn is_checkout(folder: &Path) -> bool {
    folder.join("crates/firewhirl/Cargo.toml").exists()
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "the registry, version {version}"),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Git(url) => f.write_str(url),
        }
    }
}

/// Firewhirl is not where it was said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceError {
    text: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no folder with a checkout of Firewhirl: give that folder, a version (`0.1`) or a git URL",
            self.text
        )
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_a_url_and_a_folder_are_told_apart() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let folder = checkout.to_str().unwrap();
        let in_folder = format!("{{ path = \"{folder}/crates/testing\" }}");
        let cases = [
            ("0.1", "\"0.1\""),
            ("=0.1.3", "\"=0.1.3\""),
            ("https://example.com/firewhirl.git", "{ git = \"https://example.com/firewhirl.git\" }"),
            ("git@example.com:firewhirl", "{ git = \"git@example.com:firewhirl\" }"),
            (folder, in_folder.as_str()),
        ];
        for (text, dependency) in cases {
            assert_eq!(Source::parse(text).unwrap().dependency("testing"), dependency, "{text}");
        }
        let error = Source::parse("/usr").unwrap_err().to_string();
        assert!(error.contains("`/usr` is no folder with a checkout"), "{error}");
    }

    #[test]
    fn a_project_depends_on_what_the_command_was_built_of() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let built_in = |place: &Path| Source::of_a_command_built_in(place);
        assert_eq!(built_in(&checkout.join("crates/cli")), Source::Folder(checkout));
        let registry = Path::new("/home/me/.cargo/registry/src/index/firewhirl-cli-0.1.0");
        assert_eq!(built_in(registry), Source::Version(env!("CARGO_PKG_VERSION").to_owned()));
        for place in ["/home/me/.cargo/git/checkouts/firewhirl-1/2/crates/cli", "/gone/crates/cli"] {
            assert_eq!(built_in(Path::new(place)), Source::Git(env!("CARGO_PKG_REPOSITORY").to_owned()), "{place}");
        }
    }
}

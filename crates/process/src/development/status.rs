//! What the development runner and the program that it runs tell each other, a line of JSON each.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::WatchSet;

/// How a program's development stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How often assets (templates, static files) have changed.
    pub assets: u64,
    /// Whether cargo is at work.
    pub building: bool,
    /// Why there is no newer program than this one, with a terminal's colours: the compiler's errors, or
    /// what a program said that did not start.
    pub broken: Option<String>,
}

impl Status {
    /// As a line, without its end.
    pub fn to_line(&self) -> String {
        json!({ "assets": self.assets, "building": self.building, "broken": self.broken }).to_string()
    }

    /// Reads a line; `None` for what is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_process::development::Status;
    ///
    /// let mut status = Status::default();
    /// status.broken = Some("error: no".to_owned());
    /// assert_eq!(Status::from_line(&status.to_line()), Some(status));
    /// ```
    pub fn from_line(line: &str) -> Option<Self> {
        let text: Value = serde_json::from_str(line).ok()?;
        Some(Self {
            assets: text["assets"].as_u64()?,
            building: text["building"].as_bool()?,
            broken: text["broken"].as_str().map(str::to_owned),
        })
    }
}

/// What a program wants watched beside its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A change of it restarts the program.
    Restart(PathBuf),
    /// A change of it loads pages again.
    Assets(PathBuf),
}

impl Wish {
    /// What all of them want watched: what restarts the program, and what loads pages again.
    pub fn sets(wishes: &[Self]) -> (WatchSet, WatchSet) {
        let (mut restart, mut assets) = (WatchSet::default(), WatchSet::default());
        for wish in wishes {
            match wish {
                Self::Restart(path) => restart = restart.folder(path),
                Self::Assets(path) => assets = assets.folder(path),
            }
        }
        (restart, assets)
    }

    /// As a line, without its end. A path need not be text, so its bytes are what is written.
    pub fn to_line(&self) -> String {
        let (kind, path) = match self {
            Self::Restart(path) => ("restart", path),
            Self::Assets(path) => ("assets", path),
        };
        json!({ "watch": kind, "path": path.as_os_str().as_bytes() }).to_string()
    }

    /// Reads a line; `None` for what is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_process::development::Wish;
    ///
    /// let wish = Wish::Assets("/w/templates".into());
    /// assert_eq!(Wish::from_line(&wish.to_line()), Some(wish));
    /// ```
    pub fn from_line(line: &str) -> Option<Self> {
        let text: Value = serde_json::from_str(line).ok()?;
        let bytes = text["path"].as_array()?.iter();
        let bytes = bytes.map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()));
        let path = PathBuf::from(OsStr::from_bytes(&bytes.collect::<Option<Vec<u8>>>()?));
        match text["watch"].as_str()? {
            "restart" => Some(Self::Restart(path)),
            "assets" => Some(Self::Assets(path)),
            _ => None,
        }
    }
}

//! The programs that tests compare ours with, or ask it with, where they are installed.
//!
//! A test that misses one says that it was skipped; with FIREWHIRL_REQUIRE_PEERS set it fails.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::path::PathBuf;

/// The Python with the peers that FIREWHIRL_PYTHON names, or `None` after saying what is missing.
pub(crate) fn python() -> Option<String> {
    peer(
        "FIREWHIRL_PYTHON",
        "a Python with `pip install tornado==6.6.1 requests prometheus-client brotli zstandard httpbin gunicorn`, named by FIREWHIRL_PYTHON",
    )
}

/// The value of `variable`, or `None` after saying that the test was skipped and what it wants.
pub(crate) fn peer(variable: &str, wanted: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        skip(wanted);
    }
    value
}

/// The command, if it is installed; else as [`peer`].
pub(crate) fn command(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.exists());
    if found.is_none() {
        skip(&format!("the command `{name}`"));
    }
    found
}

/// Says that a test is skipped for want of something, or fails where nothing may be missing.
pub(crate) fn skip(wanted: &str) {
    assert!(std::env::var_os("FIREWHIRL_REQUIRE_PEERS").is_none(), "missing: {wanted}");
    eprintln!("skipped: this test wants {wanted}");
}

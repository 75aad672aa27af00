//! `StaticFileTest` and its like, over the files that come with Tornado's tests.

use std::path::PathBuf;
use std::process::Command;

use firewhirl::prelude::*;
use firewhirl::web::{Found, StaticFile, StaticSource, StaticUrlOptions};

/// A path in the folder of Tornado's tests.
fn relpath(path: &str) -> PathBuf {
    let python = std::env::var_os("FIREWHIRL_PYTHON").unwrap_or_else(|| "python3".into());
    let program = "import os, tornado.test; print(os.path.dirname(tornado.test.__file__), end='')";
    let output = Command::new(python).args(["-c", program]).output().expect("Python runs");
    PathBuf::from(String::from_utf8(output.stdout).expect("the path is text")).join(path)
}

pub(crate) fn static_file() -> Application {
    Application::new()
        .static_files("/static/", relpath("static"))
        .get(regex("/static_url/(.*)"), async |cx| cx.write(static_url(cx, false)?))
        .get(regex("/abs_static_url/(.*)"), async |cx| cx.write(static_url(cx, true)?))
        .get(regex("/override_static_url/(.*)"), async |cx| {
            // The handler's own default is the contrary of what the call says.
            let include_host = cx.argument("include_host")? != "0";
            let path: String = cx.path(0)?;
            let options = StaticUrlOptions::new();
            let regular = cx.static_url_with(&path, options.include_host(!include_host))?;
            let given = cx.static_url_with(&path, options.include_host(include_host))?;
            let has_host = |url: &str| url.starts_with("http://");
            let is_right = has_host(&given) == include_host && has_host(&regular) != include_host;
            cx.write(if is_right { "True" } else { "False" })
        })
        .route(regex("/root_static/(.*)"), StaticFileHandler::new("/"))
}

fn static_url(cx: &Context, include_host: bool) -> Result<String> {
    let include_version = cx.argument_or("include_version", "1")? != "0";
    let options = StaticUrlOptions::new().include_host(include_host).include_version(include_version);
    cx.static_url_with(&cx.path::<String>(0)?, options)
}

fn with_default() -> StaticFileHandler {
    StaticFileHandler::new(relpath("static")).default_filename("index.html")
}

pub(crate) fn default_filename() -> Application {
    Application::new().static_files("/static/", with_default())
}

pub(crate) fn default_filename_root() -> Application {
    Application::new().static_files("/", with_default())
}

pub(crate) fn with_path() -> Application {
    default_filename().route(regex("/foo/(.*)"), StaticFileHandler::new(relpath("templates")))
}

/// Tornado's `MyStaticFileHandler`: the version is in the file's name.
struct Versioned;

impl StaticSource for Versioned {
    async fn find(&self, _: &Context, path: &str) -> Result<Found> {
        let (name, ending) = path.rsplit_once('.').or_status(404)?;
        let (name, _version) = name.rsplit_once('.').or_status(404)?;
        match (name, ending) {
            ("foo", "txt") => Ok(StaticFile::of_bytes("bar").into()),
            _ => Err(HttpError::new(404).into()),
        }
    }

    fn version(&self, _: &Context, _: &str) -> Result<Option<String>> {
        Ok(Some("42".to_owned()))
    }

    fn versioned_path(&self, path: &str, version: Option<&str>) -> String {
        let (name, ending) = path.rsplit_once('.').unwrap_or((path, ""));
        format!("{name}.{}.{ending}", version.unwrap_or_default())
    }
}

pub(crate) fn custom() -> Application {
    Application::new()
        .static_files("/static/", StaticFileHandler::over(Versioned))
        .get(regex("/static_url/(.*)"), async |cx| cx.write(cx.static_url(&cx.path::<String>(0)?)?))
}

/// `GzipTestCase`'s: its `static_path`.
pub(crate) fn robots() -> StaticFileHandler {
    StaticFileHandler::new(relpath("static"))
}

//! A route's wish for a slash at the end of its paths, or for none: the other form is redirected.

use firewhirl_event::Result;
use http::{Method, StatusCode};

use crate::context::Context;
use crate::errors::HttpError;

/// How the paths of a route are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrailingSlash {
    /// Tornado's `@addslash`.
    Added,
    /// Tornado's `@removeslash`.
    Removed,
}

/// What is done with a path.
#[derive(Debug, PartialEq)]
enum Verdict {
    Right,
    Elsewhere(String),
    /// Leads to another host.
    Refused,
}

impl TrailingSlash {
    /// Redirects for good to the same URL with the path as it is to be, which ends the response.
    ///
    /// # Errors
    ///
    /// 404 for a method other than GET and HEAD, whose body no redirect takes along; 403 for a path that
    /// as a URL would be another host.
    pub(crate) fn enforce(self, cx: &Context) -> Result {
        let verdict = self.judge(cx.request.path());
        if verdict == Verdict::Right {
            return Ok(());
        }
        if !matches!(*cx.request.method(), Method::GET | Method::HEAD) {
            return Err(HttpError::new(StatusCode::NOT_FOUND).into());
        }
        match verdict {
            Verdict::Elsewhere(path) if cx.request.query().is_empty() => cx.redirect_permanently(path),
            Verdict::Elsewhere(path) => cx.redirect_permanently(format!("{path}?{}", cx.request.query())),
            _ => Err(HttpError::new(StatusCode::FORBIDDEN)
                .message("cannot redirect path with two initial slashes")
                .into()),
        }
    }

    fn judge(self, path: &str) -> Verdict {
        let wanted = match self {
            Self::Added if !path.ends_with('/') => format!("{path}/"),
            Self::Removed if path.ends_with('/') => path.trim_end_matches('/').to_owned(),
            _ => return Verdict::Right,
        };
        // Browsers take either slash for the other, and two at the start for a host.
        if wanted.starts_with(['/', '\\']) && wanted[1..].starts_with(['/', '\\']) {
            return Verdict::Refused;
        }
        // The root stays as it is.
        if wanted.is_empty() { Verdict::Right } else { Verdict::Elsewhere(wanted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_as_its_route_wishes() {
        use TrailingSlash::{Added, Removed};
        let elsewhere = |path: &str| Verdict::Elsewhere(path.to_owned());
        #[rustfmt::skip]
        let cases = [
            (Added,   "/foo",             elsewhere("/foo/")),
            (Added,   "/foo/",            Verdict::Right),
            (Added,   "/",                Verdict::Right),
            (Added,   "//example.com",    Verdict::Refused),
            (Added,   "/\\example.com",   Verdict::Refused),
            (Removed, "/foo",             Verdict::Right),
            (Removed, "/foo/",            elsewhere("/foo")),
            (Removed, "/foo//",           elsewhere("/foo")),
            (Removed, "/",                Verdict::Right),
            (Removed, "///",              Verdict::Right),
            (Removed, "//example.com//",  Verdict::Refused),
            (Removed, "///example.com/x/", Verdict::Refused),
        ];
        for (slash, path, verdict) in cases {
            assert_eq!(slash.judge(path), verdict, "{slash:?} {path}");
        }
    }
}

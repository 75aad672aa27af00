//! The type of a file, by its name.

use std::path::Path;

/// What the library does not have so. The type of what is compressed is that of the compression, not of what is in it;
/// that of modules is RFC 9239's.
const OTHERS: [(&str, &str); 6] = [
    ("mjs", "text/javascript"),
    ("gz", "application/gzip"),
    ("br", "application/octet-stream"),
    ("bz2", "application/octet-stream"),
    ("xz", "application/octet-stream"),
    ("Z", "application/octet-stream"),
];

/// The type of a file with this name; `application/octet-stream` where it is not known. Tornado's
/// `get_content_type`.
pub(super) fn of(path: &str) -> &'static str {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let other = OTHERS.iter().find(|(other, _)| *other == ending);
    other
        .map(|(_, content_type)| *content_type)
        .or_else(|| mime_guess::from_ext(ending).first_raw())
        .unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_that_browsers_go_by() {
        const CASES: &[(&str, &str)] = &[
            ("page.html", "text/html"),
            ("a/b.css", "text/css"),
            ("site.js", "text/javascript"),
            ("module.mjs", "text/javascript"),
            ("data.json", "application/json"),
            ("drawing.svg", "image/svg+xml"),
            ("PHOTO.JPG", "image/jpeg"),
            ("photo.webp", "image/webp"),
            ("code.wasm", "application/wasm"),
            ("robots.txt", "text/plain"),
            ("site.tar.gz", "application/gzip"),
            ("page.html.br", "application/octet-stream"),
            ("unknown.xyzzy", "application/octet-stream"),
            ("README", "application/octet-stream"),
            (".gitignore", "application/octet-stream"),
            ("", "application/octet-stream"),
        ];
        for (path, expected) in CASES {
            assert_eq!(of(path), *expected, "{path}");
        }
    }
}

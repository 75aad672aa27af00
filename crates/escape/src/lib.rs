//! Strings in and out of HTML, URLs and JSON.

//! Text in and out of HTML and XML.

mod entities;
mod escape;
mod unescape;

pub use escape::{xhtml_escape, xhtml_escape_into};
pub use unescape::xhtml_unescape;

//! Static files: what Tornado's `StaticFileHandler` and `static_url` do.
//!
//! A [`StaticSource`] finds a file and says what tells it from others: [`Directory`] on the disk,
//! [`Embedded`] in the program, or one of your own. `handler.rs` is the route on top of it, `sending.rs` decides
//! what of the file a request gets (all of it, some ranges, or word that it has it already) and sends that;
//! `static_url.rs` makes the URLs that browsers may keep for years, with the hash of `digests.rs` in them.

mod content_type;
mod digests;
mod directory;
mod embedded;
mod handler;
mod sending;
mod source;
mod static_url;

pub use directory::Directory;
pub use embedded::Embedded;
pub use handler::{IntoStaticFiles, StaticFileHandler};
pub use source::{Found, StaticFile, StaticSource};
pub(crate) use static_url::StaticUrls;
pub use static_url::{NoStaticFiles, StaticUrlOptions};

//! The web layer over HTTP/2: the same tests as over HTTP/1.1, asked by a client of the other version.
//!
//! What a test sends byte by byte is of HTTP/1.1 here too; what it asks for goes over streams.

#![allow(dead_code, reason = "the tests of one version use their part of the support")]

#[path = "../web/arguments.rs"]
mod arguments;
#[path = "../web/bodies.rs"]
mod bodies;
#[path = "../web/closing.rs"]
mod closing;
#[path = "../web/compression.rs"]
mod compression;
#[path = "../web/errors.rs"]
mod errors;
#[path = "../web/etags.rs"]
mod etags;
#[path = "../web/event_streams.rs"]
mod event_streams;
#[path = "../web/finish_later.rs"]
mod finish_later;
#[path = "../web/forms.rs"]
mod forms;
#[path = "../web/kept.rs"]
mod kept;
#[path = "../web/log.rs"]
mod log;
#[path = "../../../../tests/support/peers.rs"]
mod peers;
#[path = "../web/redirects.rs"]
mod redirects;
#[path = "../web/request_ids.rs"]
mod request_ids;
#[path = "../web/responses.rs"]
mod responses;
#[path = "../web/routing.rs"]
mod routing;
#[path = "../web/sites.rs"]
mod sites;
#[path = "../web/static_files.rs"]
mod static_files;
#[path = "../web/support.rs"]
mod support;
#[path = "../web/tower.rs"]
mod tower;
#[path = "../web/transforms.rs"]
mod transforms;
#[path = "../web/users.rs"]
mod users;
#[path = "../web/verbs.rs"]
mod verbs;

/// What the tests ask in.
const VERSION: http::Version = http::Version::HTTP_2;

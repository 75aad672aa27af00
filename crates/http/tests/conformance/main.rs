//! A server of HTTP/1.1 from its client's side: raw bytes in, answers out, chapter by chapter.
//!
//! The rules are those of RFC 9110 and RFC 9112 that a server can break, and the attacks on servers
//! that are known. Beside them stands what other servers are tested for (Tornado, h11, hyper, llhttp,
//! nginx, actix-web). Where they differ, the RFC's MUST decides, and then what most of them do; a
//! comment in the table says why.
//!
//! A [`Case`] is one line: what it shows, the rule, the bytes, and what comes of them (see [`wire`]).
//! Each runs in memory, in memory over a network that cuts and delays, and over a real socket.

mod attacks;
mod chunked;
mod connection;
mod expect;
mod fields;
mod framing;
mod host;
mod limits;
mod methods;
mod request_line;
mod targets;
mod wire;

/// What is shown, the rule (the RFC's number and section, or the name of an attack), the bytes, and
/// what comes of them.
type Case<'bytes> = (&'static str, &'static str, &'bytes [u8], &'static str);

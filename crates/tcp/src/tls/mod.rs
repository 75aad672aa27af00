//! TLS over streams, on both sides: rustls beneath, Tornado's `ssl_options` on top.
//!
//! [`SslOptions`] say what is wanted and are made, once and with every file checked, into a [`ServerTls`]
//! or a [`ClientTls`], which are cheap to clone. Either takes a stream and gives one, whatever carries the
//! first: so TLS begins at once, in the middle of a protocol ([`StartTls`]), or inside another TLS.
//! Nothing here knows what is spoken inside.
//!
//! ```
//! use firewhirl_event::{IoLoop, IoStream};
//! use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions, session};
//!
//! # let made = rcgen::generate_simple_self_signed(vec!["example.org".to_owned()]).unwrap();
//! # let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
//! let server = ServerTls::new(&SslOptions::new().cert_pem(&cert).key_pem(&key))?;
//! let client = ClientTls::new(&SslOptions::new().ca_pem(&cert))?;
//!
//! IoLoop::current().run_sync(async move {
//!     let (near, far) = IoStream::pair()?;
//!     IoLoop::current().spawn_callback(async move {
//!         let mut stream = server.accept(far).await?;
//!         stream.write("hello");
//!         Ok(stream.flush().await?)
//!     });
//!     let mut stream = client.connect(near, "example.org").await?;
//!     assert_eq!(stream.read_bytes(5).await?, "hello");
//!     assert!(!session(&stream).unwrap().resumed());
//!     Ok(())
//! })
//! # .unwrap();
//! # Ok::<(), firewhirl_tcp::tls::TlsError>(())
//! ```

mod buffers;
mod certificates;
mod ciphers;
mod client;
mod error;
mod machine;
mod pem;
mod provider;
mod reload;
mod roots;
mod server;
mod session;
mod ssl_options;
mod start_tls;
mod transport;
mod verify;

pub use client::ClientTls;
pub use error::TlsError;
pub use server::ServerTls;
pub use session::{TlsSession, session};
pub use ssl_options::{CertReqs, SslOptions, TlsVersion};
pub use start_tls::StartTls;

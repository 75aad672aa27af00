//! One request and its answer, as a server's code holds them.

use std::any::Any;
use std::cell::RefCell;

use bytes::Bytes;

use crate::http_connection::{BodyError, HttpConnection};
use crate::request::Request;

/// One request and the way back to its client.
///
/// # Examples
///
/// An echo of what was posted, a chunk at a time, so that any length passes in little memory:
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_http::{Exchange, Headers};
/// use http::StatusCode;
///
/// async fn echo(exchange: &mut Exchange) -> Result {
///     let connection = &exchange.connection;
///     connection.write_head(StatusCode::OK, None, &Headers::new())?;
///     while let Some(chunk) = connection.next_chunk().await? {
///         connection.write_bytes(chunk)?;
///         connection.flush().await?;
///     }
///     connection.finish()?;
///     Ok(())
/// }
/// # let _ = firewhirl_http::HttpServer::new(async || Ok(echo));
/// ```
pub struct Exchange {
    /// The request's head, and its body once [`read_body`](Self::read_body) has read it.
    pub request: Request,
    /// The way to read the body and to send the answer.
    pub connection: HttpConnection,
    kept: Option<Box<dyn Any>>,
}

impl Exchange {
    /// Reads the body whole and keeps it in the request; at once where it was read before.
    ///
    /// # Errors
    ///
    /// As [`HttpConnection::next_chunk`].
    ///
    /// # Cancel safety
    ///
    /// What has been read is lost if the future is dropped.
    pub async fn read_body(&mut self) -> Result<&Bytes, BodyError> {
        if self.request.body().is_empty() {
            let body = self.connection.read_body().await?;
            self.request.set_body(body);
        }
        Ok(self.request.body())
    }

    /// A place for what the layer above wants back at a later exchange, to use its memory again.
    ///
    /// It may come back with another connection's exchange, but always on the same thread; what is
    /// left here must hold nothing that belongs to one request.
    pub fn kept(&mut self) -> &mut Option<Box<dyn Any>> {
        &mut self.kept
    }
}

thread_local! {
    /// Requests' buffers and what the layer above kept, waiting for the next request on this thread.
    /// So an idle connection holds neither.
    static SPARE: RefCell<Vec<Spare>> = const { RefCell::new(Vec::new()) };
}

/// As many requests as may be in progress on a thread at once without allocating anew; each has a
/// buffer of a head's size.
const SPARES_MAX: usize = 64;

#[derive(Default)]
pub(crate) struct Spare {
    pub(crate) request: Request,
    kept: Option<Box<dyn Any>>,
}

impl Spare {
    /// Takes one that is waiting, or a new one.
    pub(crate) fn take() -> Self {
        SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
    }

    /// Gives it back for the next request.
    pub(crate) fn give_back(mut self) {
        self.request.reset();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < SPARES_MAX {
                spare.push(self);
            }
        });
    }

    /// Makes an exchange of it.
    pub(crate) fn into_exchange(self, connection: HttpConnection) -> Exchange {
        Exchange { request: self.request, connection, kept: self.kept }
    }
}

impl From<Exchange> for Spare {
    fn from(exchange: Exchange) -> Self {
        Self { request: exchange.request, kept: exchange.kept }
    }
}

//! The request's body a chunk at a time.

use bytes::Bytes;
use firewhirl_event::Result;

use super::Context;

impl Context {
    /// The request's body as it arrives, for routes that ask for it:
    /// [`stream_request_body`](crate::Url::stream_request_body) or
    /// [`Handler::STREAM_REQUEST_BODY`](crate::Handler::STREAM_REQUEST_BODY). Elsewhere the body was read
    /// already, and is one chunk.
    ///
    /// Tornado's `data_received`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::{Application, url};
    ///
    /// let application = Application::new().post(url("/upload").stream_request_body(), async |cx| {
    ///     let mut length = 0;
    ///     while let Some(chunk) = cx.body().next().await? {
    ///         length += chunk.len();
    ///     }
    ///     cx.write(format!("{length} bytes"))
    /// });
    /// # let _ = application;
    /// ```
    pub fn body(&self) -> BodyStream<'_> {
        BodyStream { context: self }
    }

    /// The request's body, whole. Where the route streams it, this reads what is left.
    ///
    /// # Errors
    ///
    /// [`BodyError`](firewhirl_http::BodyError) for malformed framing, a body above the limit, one that
    /// takes too long, a client that left.
    ///
    /// # Cancel safety
    ///
    /// Where the route streams it, what has been read is lost if the future is dropped.
    pub async fn read_body(&self) -> Result<Bytes> {
        if self.route().options.stream_request_body {
            Ok(self.current_connection()?.read_body().await?)
        } else {
            Ok(self.request.body().clone())
        }
    }
}

/// The chunks of a request's body; made by [`Context::body`].
#[derive(Clone, Copy, Debug)]
pub struct BodyStream<'exchange> {
    context: &'exchange Context,
}

impl BodyStream<'_> {
    /// The next chunk, `None` at the body's end. No more is read ahead than the connection's buffer
    /// holds, so a handler that is slow to ask slows its client down.
    ///
    /// # Errors
    ///
    /// [`BodyError`](firewhirl_http::BodyError), as of [`Context::read_body`]; let through, it is
    /// answered with its status.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next(&self) -> Result<Option<Bytes>> {
        let context = self.context;
        if context.route().options.stream_request_body {
            return Ok(context.current_connection()?.next_chunk().await?);
        }
        let body = context.request.body();
        Ok((!context.body_taken.replace(true) && !body.is_empty()).then(|| body.clone()))
    }

    /// Allows this body another size than the server's `max_body_size`, in bytes.
    pub fn set_max_body_size(&self, bytes: u64) {
        if let Ok(connection) = self.context.current_connection() {
            connection.set_max_body_size(bytes);
        }
    }

    /// Gives this body another time than the server's `body_timeout`.
    pub fn set_body_timeout(&self, time: std::time::Duration) {
        if let Ok(connection) = self.context.current_connection() {
            connection.set_body_timeout(time);
        }
    }
}

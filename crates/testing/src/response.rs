//! What a server answered, whole.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use firewhirl_event::IoStream;
use firewhirl_http::http1::{ClientCodec, ResponseHead};
use firewhirl_http::{Headers, Limits};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::fetch_error::{FetchError, FetchErrorKind};
use crate::outgoing::Outgoing;

/// An answer with its body.
///
/// Tornado's `HTTPResponse`.
#[derive(Clone)]
pub struct Response {
    status: StatusCode,
    reason: String,
    headers: Headers,
    body: Bytes,
}

impl Response {
    /// Reads an answer from a stream on which a request of this method was sent by hand.
    ///
    /// What comes after it stays in the stream, so that pipelined answers are read one by one. Bytes that
    /// are queued are sent meanwhile. Informational answers are passed over.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the stream ends or what comes is no answer.
    ///
    /// # Cancel safety
    ///
    /// What has been read of the answer is lost if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::{Response, http_test};
    /// use http::Method;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/a", async |cx| cx.write("A")).get("/b", async |cx| cx.write("B")))
    /// # }
    ///
    /// http_test(app, async |client| {
    ///     let mut stream = client.connect().await?;
    ///     stream.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    ///     assert_eq!(Response::read(&mut stream, &Method::GET).await?.text(), "A");
    ///     assert_eq!(Response::read(&mut stream, &Method::GET).await?.text(), "B");
    ///     Ok(())
    /// });
    /// ```
    pub async fn read(stream: &mut IoStream, method: &Method) -> Result<Self, FetchError> {
        // The codec has to have seen a request; its bytes are not the ones that were sent.
        let mut codec = ClientCodec::new(Limits::default());
        let (mut unsent, headers) = (Vec::new(), Headers::new());
        let written = codec
            .write_head(&mut unsent, method, "/", &headers)
            .and_then(|()| codec.write_end(&mut unsent, None))
            .map_err(FetchErrorKind::from);
        let received = match written {
            Ok(()) => Self::receive(stream, &mut codec, &mut Outgoing::nothing()).await,
            Err(kind) => Err(kind),
        };
        received.map_err(|kind| FetchError::new(format!("the answer to {method}"), kind))
    }

    /// Reads the answer to the request that `codec` has written, and sends what is left of its body.
    pub(crate) async fn receive(
        stream: &mut IoStream,
        codec: &mut ClientCodec,
        outgoing: &mut Outgoing,
    ) -> Result<Self, FetchErrorKind> {
        let mut head = ResponseHead::new();
        loop {
            match codec.read_head(stream.buffer(), &mut head)? {
                Some(consumed) => stream.consume(consumed),
                None if exchange_bytes(stream, codec, outgoing).await? == 0 => codec.end_of_stream()?,
                None => continue,
            }
            if !head.status().is_informational() || codec.is_switched() {
                break;
            }
        }
        let body = if codec.is_switched() { Bytes::new() } else { receive_body(stream, codec, outgoing).await? };
        let mut headers = Headers::new();
        for (name, value) in head.fields() {
            headers.add(name, value)?;
        }
        let reason = String::from_utf8_lossy(head.reason()).into_owned();
        Ok(Self { status: head.status(), reason, headers, body })
    }

    /// The status, which compares to numbers: `assert_eq!(response.status(), 200)`. Tornado's `code`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason phrase, as the server wrote it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The value of the first line of this name, in whatever case; `None` also where it is no UTF-8, for
    /// which, and for further lines, [`headers`](Self::headers) is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All header lines.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body, its framing taken off.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text, what is no UTF-8 in it replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as a value in JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .field("reason", &self.reason)
            .field("headers", &self.headers)
            .field("body", &self.text())
            .finish()
    }
}

async fn receive_body(
    stream: &mut IoStream,
    codec: &mut ClientCodec,
    outgoing: &mut Outgoing,
) -> Result<Bytes, FetchErrorKind> {
    let mut body = BytesMut::new();
    while !codec.response_done() {
        let read = codec.read_body(stream.buffer())?;
        body.extend_from_slice(&stream.buffer()[read.data]);
        stream.consume(read.consumed);
        let is_waiting = read.consumed == 0 && !codec.response_done();
        if is_waiting && exchange_bytes(stream, codec, outgoing).await? == 0 {
            codec.end_of_stream()?;
        }
    }
    Ok(body.freeze())
}

/// Sends what is queued, and what comes of the body, while it waits for the server's next bytes; says how
/// many came.
///
/// A server may answer, and stop reading, before the request has left; its answer counts then.
async fn exchange_bytes(
    stream: &mut IoStream,
    codec: &mut ClientCodec,
    outgoing: &mut Outgoing,
) -> Result<usize, FetchErrorKind> {
    poll_fn(|cx| {
        outgoing.advance(cx, stream, codec)?;
        let _ = stream.poll_flush(cx);
        stream.poll_fill(cx).map_err(FetchErrorKind::from)
    })
    .await
}

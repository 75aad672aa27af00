//! A request under way, as its caller sees it: what runs meanwhile, and what it gives in the end.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use firewhirl_event::Result as EventResult;

use super::async_http_client::AsyncHttpClient;
use super::body_stream::{BodySender, BodyStream};
use super::error::HttpClientError;
use super::journey::{Journey, UploadBody};
use super::request::HttpRequest;
use super::response::HttpResponse;
use super::streamed_response::StreamedResponse;

/// A request to be fetched: await it for the whole response, or ask for a [`stream`](Self::stream).
///
/// Made by [`AsyncHttpClient::fetch`].
///
/// # Errors
///
/// [`HttpClientError`] if there is no response, and [`HttpClientError::Status`] with the response if its status is
/// not 200 to 299; that alone is lifted by [`raise_error(false)`](Self::raise_error).
///
/// # Cancel safety
///
/// Dropping the future gives the request up: it leaves the queue, or its connection is closed.
///
/// # Examples
///
/// ```no_run
/// # use firewhirl_http::client::{AsyncHttpClient, HttpClientError};
/// # use firewhirl_http::HttpRequest;
/// # async fn example() -> firewhirl_event::Result {
/// let client = AsyncHttpClient::new();
/// match client.fetch("http://localhost:8888/story/1").await {
///     Ok(response) => println!("{}", response.text()),
///     Err(HttpClientError::Status(response)) if response.code() == 404 => println!("no such story"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is fetched until this is awaited"]
pub struct Fetch<'callbacks> {
    client: AsyncHttpClient,
    /// In a box, for it is handed on with each step of the way, up to the response.
    request: Box<HttpRequest>,
    raise_error: bool,
    producer: UploadBody,
    streaming_callback: Option<Box<dyn StreamingCallback + 'callbacks>>,
    header_callback: Option<HeaderCallback<'callbacks>>,
}

impl<'callbacks> Fetch<'callbacks> {
    pub(super) fn new(client: AsyncHttpClient, request: HttpRequest) -> Self {
        Self {
            client,
            request: Box::new(request),
            raise_error: true,
            producer: UploadBody::None,
            streaming_callback: None,
            header_callback: None,
        }
    }

    /// Whether a status other than 200 to 299 is an error. Errors of other kinds are errors in any case. Default:
    /// `true`.
    pub fn raise_error(mut self, on: bool) -> Self {
        self.raise_error = on;
        self
    }

    /// Has the request's body written while it is sent, in chunks, or with a header `Content-Length` as so many
    /// bytes.
    ///
    /// `write` waits while the server takes no more. An error of the function is the fetch's
    /// ([`HttpClientError::Body`]). A body that has been written cannot be sent again, so that a 307 or 308 is
    /// an error; see [`repeatable_body_producer`](Self::repeatable_body_producer).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_http::client::AsyncHttpClient;
    /// # use firewhirl_http::HttpRequest;
    /// # async fn example() -> firewhirl_event::Result {
    /// let upload = HttpRequest::new("http://localhost:8888/upload").method("PUT");
    /// AsyncHttpClient::new()
    ///     .fetch(upload)
    ///     .body_producer(async |body| {
    ///         for line in 0..1000 {
    ///             body.write(format!("line {line}\n")).await?;
    ///         }
    ///         Ok(())
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn body_producer(mut self, producer: impl AsyncFnOnce(BodySender) -> EventResult + 'static) -> Self {
        self.producer = UploadBody::Once(BodyStream::new(producer));
        self
    }

    /// [`body_producer`](Self::body_producer) by a function that can be called again, where a redirect or a
    /// challenge asks for the body once more.
    pub fn repeatable_body_producer(mut self, producer: impl AsyncFn(BodySender) -> EventResult + 'static) -> Self {
        let producer = Rc::new(producer);
        self.producer = UploadBody::Repeatable(Rc::new(move || {
            let producer = Rc::clone(&producer);
            BodyStream::new(async move |sender| producer(sender).await)
        }));
        self
    }

    /// Has the function called with each part of the response's body as it comes; the response has none then.
    ///
    /// The next part is not read before it is done. An error of it is the fetch's
    /// ([`HttpClientError::Callback`]). Not called for redirects that are followed, and for what has an error
    /// status it is.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_http::client::AsyncHttpClient;
    /// # async fn example() -> firewhirl_event::Result {
    /// let mut length = 0;
    /// let fetch = AsyncHttpClient::new().fetch("http://localhost:8888/film");
    /// fetch
    ///     .streaming_callback(async |chunk| {
    ///         length += chunk.len();
    ///         Ok(())
    ///     })
    ///     .await?;
    /// println!("{length} bytes");
    /// # Ok(())
    /// # }
    /// ```
    pub fn streaming_callback(mut self, callback: impl AsyncFnMut(Bytes) -> EventResult + 'callbacks) -> Self {
        self.streaming_callback = Some(Box::new(callback));
        self
    }

    /// Has the function called with each line of the response's head, each with its line end: the status line,
    /// the header lines, the empty line. All of them before the first part of the body. Not called for redirects
    /// that are followed.
    pub fn header_callback(mut self, callback: impl FnMut(&str) + 'callbacks) -> Self {
        self.header_callback = Some(Box::new(callback));
        self
    }

    /// Gives the response as soon as its head is there; its body is read part by part.
    ///
    /// # Errors
    ///
    /// As awaiting it whole. With an error status the body is read for
    /// [`HttpClientError::Status`]; 101 is none.
    ///
    /// # Cancel safety
    ///
    /// As awaiting it whole.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_http::client::AsyncHttpClient;
    /// # async fn example() -> firewhirl_event::Result {
    /// let mut response = AsyncHttpClient::new().fetch("http://localhost:8888/film").stream().await?;
    /// while let Some(chunk) = response.next_chunk().await? {
    ///     println!("{} bytes", chunk.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stream(self) -> Result<StreamedResponse, HttpClientError> {
        let Self { client, request, raise_error, producer, mut header_callback, .. } = self;
        let response = Journey::make(&client, request, producer).await?;
        if let Some(callback) = &mut header_callback {
            response.tell_head(&mut **callback);
        }
        if raise_error && !response.is_success() {
            return Err(HttpClientError::Status(Box::new(Box::pin(response.read()).await?)));
        }
        Ok(response)
    }

    async fn whole(mut self) -> Result<HttpResponse, HttpClientError> {
        let callback = self.streaming_callback.take();
        let raise_error = std::mem::replace(&mut self.raise_error, false);
        let mut response = self.stream().await?;
        if let Some(mut callback) = callback {
            while let Some(chunk) = response.next_chunk().await? {
                callback.call(chunk).await.map_err(HttpClientError::Callback)?;
            }
        }
        let response = response.read().await?;
        if raise_error { response.rethrow() } else { Ok(response) }
    }
}

impl<'callbacks> IntoFuture for Fetch<'callbacks> {
    type Output = Result<HttpResponse, HttpClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + 'callbacks>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.whole())
    }
}

impl fmt::Debug for Fetch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("request", &self.request).finish_non_exhaustive()
    }
}

/// A function over the lines of a head.
type HeaderCallback<'callbacks> = Box<dyn FnMut(&str) + 'callbacks>;

/// An asynchronous function over parts of a body, in a form that can be boxed.
trait StreamingCallback {
    fn call(&mut self, chunk: Bytes) -> Pin<Box<dyn Future<Output = EventResult> + '_>>;
}

impl<Callback: AsyncFnMut(Bytes) -> EventResult> StreamingCallback for Callback {
    fn call(&mut self, chunk: Bytes) -> Pin<Box<dyn Future<Output = EventResult> + '_>> {
        Box::pin(self(chunk))
    }
}

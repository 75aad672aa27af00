//! The blocking client, for scripts: Tornado's `HTTPClient`.

use std::fmt;
use std::io;

use firewhirl_event::{IoLoop, LoopError};

use super::async_http_client::AsyncHttpClient;
use super::error::HttpClientError;
use super::fetch::Fetch;
use super::options::ClientOptions;
use super::request::HttpRequest;
use super::request_error::RequestError;
use super::response::HttpResponse;

/// A client that waits: for scripts, and threads without a loop. Tornado's `HTTPClient`.
///
/// It has a loop of its own, which runs during a fetch. In a handler use [`AsyncHttpClient`].
///
/// # Examples
///
/// ```no_run
/// use firewhirl_http::client::{HttpClient, HttpClientError};
///
/// let client = HttpClient::new()?;
/// match client.fetch("http://localhost:8888/") {
///     Ok(response) => println!("{}", response.text()),
///     Err(HttpClientError::Status(response)) => println!("{}", response.code()),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct HttpClient {
    io_loop: IoLoop,
    client: AsyncHttpClient,
}

impl HttpClient {
    /// A client with the options that were [configured](AsyncHttpClient::configure), or else the defaults.
    ///
    /// # Errors
    ///
    /// The system's error where it gives no selector, usually for want of file descriptors.
    pub fn new() -> io::Result<Self> {
        Self::with(ClientOptions::configured())
    }

    /// A client with these options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with(options: ClientOptions) -> io::Result<Self> {
        Ok(Self { io_loop: IoLoop::new()?, client: AsyncHttpClient::with(options) })
    }

    /// Fetches a URL, or a request, and waits for the response.
    ///
    /// # Errors
    ///
    /// [`HttpClientError`] if there is no response or its status is not 200 to 299, and if a loop runs in this
    /// thread.
    pub fn fetch(&self, request: impl Into<HttpRequest>) -> Result<HttpResponse, HttpClientError> {
        self.fetch_with(request, |fetch| fetch)
    }

    /// [`fetch`](Self::fetch) with what a [`Fetch`] can be told beside the request.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use firewhirl_http::client::HttpClient;
    /// let client = HttpClient::new()?;
    /// let mut lines = Vec::new();
    /// let response = client.fetch_with("http://localhost:8888/", |fetch| {
    ///     fetch.raise_error(false).header_callback(|line| lines.push(line.to_owned()))
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn fetch_with<'callbacks>(
        &self,
        request: impl Into<HttpRequest>,
        with: impl FnOnce(Fetch<'callbacks>) -> Fetch<'callbacks>,
    ) -> Result<HttpResponse, HttpClientError> {
        let fetch = with(self.client.fetch(request));
        let ran = self.io_loop.run_sync(async { Ok(fetch.await) });
        ran.unwrap_or_else(|error| match error.downcast::<LoopError>() {
            Ok(LoopError::AlreadyRunning) => Err(RequestError::LoopIsRunning.into()),
            // Nobody has the loop who could stop or close it but callbacks of this fetch.
            Ok(_) | Err(_) => Err(HttpClientError::ClientClosed),
        })
    }
}

impl Drop for HttpClient {
    fn drop(&mut self) {
        self.client.close();
        // It does not run: a fetch borrows the client.
        let _ = self.io_loop.close();
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

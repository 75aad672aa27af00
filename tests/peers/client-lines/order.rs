//! A line that comes in: the arguments of Tornado's `HTTPRequest`, made into a request of ours.

use std::time::Duration;

use firewhirl::http::HttpRequest;
use firewhirl::http::client::AuthMode;
use serde::Deserialize;

/// What is to be fetched, and how. Text that stands for bytes is Latin-1.
#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// Whether the body has no length beforehand.
    chunked: bool,
    follow_redirects: Option<bool>,
    max_redirects: Option<u32>,
    connect_timeout: Option<f64>,
    request_timeout: Option<f64>,
    decompress: Option<bool>,
    username: Option<String>,
    password: Option<String>,
    auth_mode: Option<String>,
    user_agent: Option<String>,
    expect_100_continue: Option<bool>,
    allow_nonstandard_methods: Option<bool>,
    source_ip: Option<String>,
    /// Whether head and body are told as they come.
    pub(crate) stream: bool,
}

impl Order {
    /// The way to log in, if it is none that there is.
    pub(crate) fn unknown_auth_mode(&self) -> Option<&str> {
        self.auth_mode.as_deref().filter(|mode| !matches!(*mode, "basic" | "digest"))
    }

    /// The body, if it is to be written while it is sent.
    pub(crate) fn body_in_chunks(&self) -> Option<Vec<u8>> {
        self.body.as_deref().filter(|_| self.chunked || self.has_length()).map(latin1)
    }

    fn has_length(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
    }

    pub(crate) fn request(&self) -> HttpRequest {
        let mut request = HttpRequest::new(&self.url).method(&self.method);
        for (name, value) in &self.headers {
            request = request.header(name, latin1(value));
        }
        if let Some(body) = self.body.as_deref().filter(|_| self.body_in_chunks().is_none()) {
            request = request.body(latin1(body));
        }
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.max(0.0));
        let mode = if self.auth_mode.as_deref() == Some("digest") { AuthMode::Digest } else { AuthMode::Basic };
        request = request.auth_mode(mode);
        // What is null is left to the defaults.
        macro_rules! set {
            ($($option:ident: $value:expr,)*) => {
                $(if let Some(value) = $value {
                    request = request.$option(value);
                })*
            };
        }
        set! {
            follow_redirects: self.follow_redirects,
            max_redirects: self.max_redirects,
            connect_timeout: self.connect_timeout.map(seconds),
            request_timeout: self.request_timeout.map(seconds),
            decompress_response: self.decompress,
            auth_username: self.username.as_deref(),
            auth_password: self.password.as_deref(),
            user_agent: self.user_agent.as_deref(),
            expect_100_continue: self.expect_100_continue,
            allow_nonstandard_methods: self.allow_nonstandard_methods,
            network_interface: self.source_ip.as_deref(),
        }
        request
    }
}

/// The bytes that text stands for; UTF-8 where it has characters that are no byte.
fn latin1(text: &str) -> Vec<u8> {
    let bytes = text.chars().map(|character| u8::try_from(u32::from(character)));
    bytes.collect::<Result<_, _>>().unwrap_or_else(|_| text.as_bytes().to_vec())
}

//! A request on its way: redirects that are followed, challenges that are answered, until there is a
//! response for the caller.
//!
//! Each leg is one message on one connection, sent by the [pool](super::pool). What a leg's headers are is
//! said in `leg.rs`; what a redirect makes of them in `redirect.rs`.

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, StatusCode};

use super::async_http_client::{AsyncHttpClient, SharedClient};
use super::body_stream::BodyStream;
use super::destination::Destination;
use super::digest::DigestError;
use super::error::{HttpClientError, TimeoutPhase};
use super::incoming::IncomingResponse;
use super::login::DigestLogin;
use super::outgoing::OutgoingBody;
use super::proxy::Proxy;
use super::redirect::{Redirect, RedirectError};
use super::request::HttpRequest;
use super::request_error::RequestError;
use super::request_options::Effective;
use super::streamed_response::StreamedResponse;
use super::time_info::now;
use super::url::{Credentials, RequestUrl};
use crate::headers::Headers;

/// Bytes of a redirect's body that are read so that its connection can be used again.
const DRAINED_MAX: usize = 64 * 1024;

/// What is sent as a request's body, as often as it has to be.
pub(super) enum UploadBody {
    None,
    Whole(Bytes),
    /// Written while it is sent, once.
    Once(BodyStream),
    Repeatable(Rc<dyn Fn() -> BodyStream>),
    /// Written and gone.
    Spent,
}

impl UploadBody {
    /// The body for the next leg.
    pub(super) fn take(&mut self) -> OutgoingBody {
        match self {
            Self::None | Self::Spent => OutgoingBody::Empty,
            Self::Whole(body) => OutgoingBody::Whole(body.clone()),
            Self::Repeatable(make) => OutgoingBody::Stream(make()),
            Self::Once(_) => match std::mem::replace(self, Self::Spent) {
                Self::Once(stream) => OutgoingBody::Stream(stream),
                _ => OutgoingBody::Empty,
            },
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn is_spent(&self) -> bool {
        matches!(self, Self::Spent)
    }
}

/// A request on its way, with what redirects have made of it so far.
pub(super) struct Journey<'fetch> {
    pub(super) client: &'fetch SharedClient,
    pub(super) options: Effective<'fetch>,
    /// Whether the request has options of its own, beside the client's defaults.
    pub(super) has_options: bool,
    pub(super) url: RequestUrl,
    /// Where it began, once it has been redirected.
    origin: Option<RequestUrl>,
    pub(super) method: Method,
    /// The caller's.
    pub(super) headers: Headers,
    pub(super) body: UploadBody,
    pub(super) credentials: Option<Credentials>,
    /// The conversation with the server, where the credentials are not sent as they are.
    pub(super) digest: Option<Rc<DigestLogin>>,
    /// Whether nothing that was meant for the origin may be sent any more.
    pub(super) left_origin: bool,
    redirects_left: u32,
    /// How often this URL has been asked for and a challenge was the answer.
    tries: u32,
}

impl<'fetch> Journey<'fetch> {
    /// Makes the request, and gives the response at which it ends.
    pub(super) async fn make(
        client: &AsyncHttpClient,
        request: Box<HttpRequest>,
        producer: UploadBody,
    ) -> Result<StreamedResponse, HttpClientError> {
        if client.is_closed() {
            return Err(HttpClientError::ClientClosed);
        }
        let (began, start_time) = (now(), SystemTime::now());
        let mut journey = Journey::begin(&client.shared, &request, producer)?;
        journey.check_method_and_body()?;
        let time_limit = journey.options.request_timeout();
        let mut redirect_time = Duration::ZERO;
        let incoming = loop {
            let time_left = match time_limit.map(|limit| limit.checked_sub(redirect_time)) {
                Some(None) => return Err(HttpClientError::Timeout { phase: TimeoutPhase::Request }),
                left => left.flatten(),
            };
            let leg = journey.leg(time_left)?;
            let destination = Rc::clone(&leg.destination);
            let answer = journey.client.pool.send(leg).await;
            if let Some(incoming) = journey.arrive(answer, &destination).await? {
                break incoming;
            }
            redirect_time = now() - began;
        };
        let decompress = journey.options.decompress_response();
        let max_body_size = journey.max_body_size();
        let effective_url = journey.url.into_string();
        let response = StreamedResponse::new(incoming, request, effective_url, start_time, redirect_time);
        if decompress { response.decompress(max_body_size) } else { Ok(response) }
    }

    /// Takes the response of a leg: gives it if the journey ends with it, and otherwise makes ready for the next.
    async fn arrive(
        &mut self,
        answer: Result<IncomingResponse, HttpClientError>,
        destination: &Destination,
    ) -> Result<Option<IncomingResponse>, HttpClientError> {
        let incoming = match answer {
            Err(HttpClientError::Proxy { .. }) if self.proxy_asks_for_more(destination) => return Ok(None),
            answer => answer?,
        };
        self.take_cookies(&incoming);
        if self.is_challenged(&incoming, destination)? {
            self.tries += 1;
        } else if let Some(redirect) = self.redirect(&incoming)? {
            self.follow(redirect)?;
        } else {
            return Ok(Some(incoming));
        }
        Box::pin(drain(incoming)).await;
        Ok(None)
    }

    fn begin(
        client: &'fetch SharedClient,
        request: &'fetch HttpRequest,
        producer: UploadBody,
    ) -> Result<Self, RequestError> {
        let defaults = &client.options.defaults;
        for request in [request, defaults] {
            if let Some(mistake) = request.mistake() {
                return Err(mistake.clone());
            }
        }
        let options = Effective { request: &request.options, defaults: &defaults.options };
        let url = RequestUrl::parse(request.url())?;
        let mut headers = request.header_fields().clone();
        for (name, value) in defaults.header_fields().iter() {
            if !request.header_fields().contains(name) {
                headers.add(name, value)?;
            }
        }
        let body = match request.body_bytes() {
            Some(body) if producer.is_none() => UploadBody::Whole(body.clone()),
            _ => producer,
        };
        let credentials = url.credentials().cloned().or_else(|| {
            let username = options.get(|options| options.auth_username.clone())?;
            Some(Credentials {
                username,
                password: options.get(|options| options.auth_password.clone()).unwrap_or_default(),
            })
        });
        let method = request.http_method().clone();
        let redirects_left = if options.follow_redirects() { options.max_redirects() } else { 0 };
        Ok(Self {
            client,
            options,
            has_options: !request.options.is_none(),
            url,
            origin: None,
            method,
            headers,
            body,
            credentials,
            digest: None,
            left_origin: false,
            redirects_left,
            tries: 0,
        })
    }

    /// Tornado's sanity checks: some methods have a body, the others have none.
    fn check_method_and_body(&self) -> Result<(), RequestError> {
        let method = || self.method.as_str().to_owned();
        let expects_body = match self.method {
            Method::POST | Method::PUT | Method::PATCH => true,
            Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS => false,
            // CONNECT is no request for a resource, and has no place in a URL.
            _ if self.options.allow_nonstandard_methods() && self.method != Method::CONNECT => return Ok(()),
            _ => return Err(RequestError::UnknownMethod { method: method() }),
        };
        match self.body.is_none() {
            _ if self.options.allow_nonstandard_methods() => Ok(()),
            true if expects_body => Err(RequestError::BodyMissing { method: method() }),
            false if !expects_body => Err(RequestError::BodyNotAllowed { method: method() }),
            _ => Ok(()),
        }
    }

    fn take_cookies(&self, incoming: &IncomingResponse) {
        let Some(jar) = &self.client.options.cookie_jar else { return };
        for line in incoming.header_values("Set-Cookie") {
            if let Ok(line) = std::str::from_utf8(line) {
                jar.set(self.url.as_str(), line);
            }
        }
    }

    /// Whether the server, or the proxy, asks who this is, and another try is worth it.
    fn is_challenged(&self, incoming: &IncomingResponse, destination: &Destination) -> Result<bool, DigestError> {
        if let Some(login) = &self.digest {
            login.take_info(incoming.header("Authentication-Info"));
        }
        let status = incoming.status();
        let worth_a_try = match (status, &self.digest, destination.through()) {
            (StatusCode::UNAUTHORIZED, Some(login), _) => {
                login.take_challenge(incoming.header_values("WWW-Authenticate"), self.tries)?
            }
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, _, Some(proxy)) => {
                proxy.take_challenge(incoming.header_values("Proxy-Authenticate"), self.tries)?
            }
            _ => false,
        };
        Ok(worth_a_try && !self.body.is_spent())
    }

    /// Whether a proxy that did not grant a tunnel has told what it wants to know first.
    fn proxy_asks_for_more(&mut self, destination: &Destination) -> bool {
        let is_worth_it = self.tries == 0 && !self.body.is_spent();
        self.tries += 1;
        is_worth_it && destination.through().is_some_and(Proxy::is_challenged)
    }

    /// Where the response leads, if it is a redirect that is to be followed.
    fn redirect(&self, incoming: &IncomingResponse) -> Result<Option<Redirect>, RedirectError> {
        if self.redirects_left == 0 {
            return Ok(None);
        }
        let status = incoming.status();
        let location = match incoming.head().field("Location") {
            Some(location) if Redirect::is_one(status) => location,
            _ => return Ok(None),
        };
        let origin = self.origin.as_ref().unwrap_or(&self.url);
        let redirect = Redirect::to(location, status, &self.method, &self.url, origin);
        redirect.map(Some).map_err(RedirectError::Location)
    }

    fn follow(&mut self, redirect: Redirect) -> Result<(), RedirectError> {
        redirect.strip(&mut self.headers);
        self.redirects_left -= 1;
        self.tries = 0;
        if !redirect.keeps_body {
            self.body = UploadBody::None;
        } else if self.body.is_spent() {
            return Err(RedirectError::BodyGone { location: redirect.url.as_str().to_owned() });
        }
        if redirect.leaves_origin {
            self.credentials = None;
            self.left_origin = true;
        } else if let Some(credentials) = redirect.url.credentials()
            && !self.left_origin
        {
            self.credentials = Some(credentials.clone());
        }
        self.method = redirect.method;
        let before = std::mem::replace(&mut self.url, redirect.url);
        self.origin.get_or_insert(before);
        Ok(())
    }

    /// Bytes that the body of the response may have.
    pub(super) fn max_body_size(&self) -> u64 {
        self.options.get(|options| options.max_body_size).unwrap_or(self.client.options.limits.body_size)
    }
}

/// Reads what a response has left that nobody wants, if it is not much, so that its connection can be used
/// again. What is wrong with it does not matter.
async fn drain(mut incoming: IncomingResponse) {
    let mut drained = 0;
    while let Ok(Some(chunk)) = incoming.next_chunk().await {
        drained += chunk.len();
        if drained > DRAINED_MAX {
            return;
        }
    }
}

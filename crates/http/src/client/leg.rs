//! One leg of a request's journey: the message that is sent, and where to.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_tcp::Family;
use http::Method;

use super::destination::{Destination, Scheme};
use super::environment::EnvironmentProxy;
use super::error::HttpClientError;
use super::journey::Journey;
use super::outgoing::{OutgoingBody, OutgoingRequest};
use super::proxy::Proxy;
use super::request_error::RequestError;
use super::request_options::AuthMode;
use super::url::Credentials;
use crate::content_coding::ContentCoding;
use crate::headers::Headers;
use crate::httputil::basic_authorization;
use crate::limits::Limits;

/// What a request calls itself that has no other name.
const USER_AGENT: &str = concat!("Firewhirl/", env!("CARGO_PKG_VERSION"));

impl Journey<'_> {
    /// The message of the next leg, which may take so long.
    pub(super) fn leg(&mut self, request_timeout: Option<Duration>) -> Result<OutgoingRequest, HttpClientError> {
        let destination = self.destination()?;
        self.digest = match self.options.auth_mode() {
            AuthMode::Basic => None,
            AuthMode::Digest => {
                let logins = &mut *self.client.logins.borrow_mut();
                self.credentials.as_ref().map(|credentials| logins.at(self.url.origin(), credentials))
            }
        };
        let mut leg = OutgoingRequest::new(destination, self.method.clone(), self.url.target());
        leg.body = self.body.take();
        if matches!(leg.body, OutgoingBody::Empty) && has_body_by_definition(&self.method) {
            // RFC 9110, section 8.6: that there is nothing is said by Content-Length: 0.
            leg.body = OutgoingBody::Whole(Default::default());
        }
        self.write_headers(&mut leg.headers, &leg.body)?;
        leg.expect_100_continue = self.options.expect_100_continue() && !matches!(leg.body, OutgoingBody::Empty);
        leg.connect_timeout = self.options.connect_timeout();
        leg.request_timeout = request_timeout;
        leg.limits = self.limits();
        Ok(leg)
    }

    /// Adds the caller's fields, and those that a request has without being told.
    fn write_headers(&self, headers: &mut Headers, body: &OutgoingBody) -> Result<(), HttpClientError> {
        for (name, value) in self.headers.iter() {
            match name {
                "Host" => headers.set(name, value)?,
                _ => headers.add(name, value)?,
            }
        }
        match body {
            // What is at hand knows its length best.
            OutgoingBody::Whole(_) => {
                headers.remove("Content-Length");
                headers.remove("Transfer-Encoding");
            }
            OutgoingBody::Empty | OutgoingBody::Stream(_) => {}
        }
        if let Some(name) = self.options.get(|options| options.user_agent.as_deref()) {
            headers.set("User-Agent", name)?;
        } else if !headers.contains("User-Agent") {
            headers.set("User-Agent", USER_AGENT)?;
        }
        // A part of what was compressed is nothing that could be decompressed.
        let takes_codings = self.options.decompress_response() && !headers.contains("Range");
        if takes_codings && !headers.contains("Accept-Encoding") {
            headers.set("Accept-Encoding", ContentCoding::accepted_by_this_build())?;
        }
        if self.method == Method::POST && !headers.contains("Content-Type") {
            headers.set("Content-Type", "application/x-www-form-urlencoded")?;
        }
        if let Some(jar) = &self.client.options.cookie_jar
            && !headers.contains("Cookie")
            && let Some(cookies) = jar.header(self.url.as_str())
        {
            headers.set("Cookie", cookies)?;
        }
        self.log_in(headers, body)
    }

    /// Adds who asks.
    fn log_in(&self, headers: &mut Headers, body: &OutgoingBody) -> Result<(), HttpClientError> {
        if let Some(login) = &self.digest {
            if let Some(authorization) = login.authorization(&self.method, &self.url.target(), body.at_hand())? {
                headers.set("Authorization", authorization)?;
            }
        } else if let Some(Credentials { username, password }) = &self.credentials {
            headers.set("Authorization", basic_authorization(username, password))?;
        }
        Ok(())
    }

    /// Where the leg goes. The one that was made last mostly serves again, and is found without being made
    /// where nothing but the origin decides.
    fn destination(&self) -> Result<Rc<Destination>, HttpClientError> {
        let by_origin = !self.has_options && !self.left_origin;
        let mut recent = self.client.recent.borrow_mut();
        if let Some(Recent { destination, by_origin: true }) = &*recent
            && by_origin
            && destination.origin() == self.url.origin()
        {
            return Ok(Rc::clone(destination));
        }
        let made = self.make_destination()?;
        let destination = match recent.take() {
            Some(known) if *known.destination == made => known.destination,
            _ => Rc::new(made),
        };
        Ok(Rc::clone(&recent.insert(Recent { destination, by_origin }).destination))
    }

    fn make_destination(&self) -> Result<Destination, HttpClientError> {
        let url = &self.url;
        let mut destination = Destination::new(url.scheme(), url.host(), url.port());
        if let Some(path) = self.options.get(|options| options.unix_socket.as_deref())
            && !self.left_origin
        {
            destination = destination.unix_socket(path);
        }
        if let Some(proxy) = self.proxy()? {
            destination = destination.proxy(proxy);
        }
        if let Some(name) = self.options.get(|options| options.network_interface.as_deref()) {
            destination = destination.network_interface(name);
        }
        if !self.options.is_on(|options| options.allow_ipv6, true) {
            destination = destination.family(Family::V4);
        }
        if let Some(versions) = self.options.get(|options| options.versions) {
            destination = destination.versions(versions);
        }
        match url.scheme() {
            Scheme::Http => Ok(destination),
            Scheme::Https => self.client.ready_tls.secure(destination, self.options),
        }
    }

    /// The proxy that the request names, or else the environment.
    fn proxy(&self) -> Result<Option<Proxy>, RequestError> {
        let options = self.options;
        let Some(host) = options.get(|options| options.proxy_host.as_deref()) else {
            let proxies = self.client.options.proxies.as_ref();
            return Ok(proxies.and_then(|proxies| proxies.proxy_for(&self.url)).map(EnvironmentProxy::proxy));
        };
        if host.is_empty() {
            return Ok(None);
        }
        let port = options.get(|options| options.proxy_port);
        let port = port.ok_or_else(|| RequestError::ProxyPortMissing { host: host.to_owned() })?;
        let proxy = Proxy::new(host, port);
        let Some(username) = options.get(|options| options.proxy_username.as_deref()) else { return Ok(Some(proxy)) };
        let password = options.get(|options| options.proxy_password.as_deref()).unwrap_or_default();
        Ok(Some(match options.get(|options| options.proxy_auth_mode).unwrap_or_default() {
            AuthMode::Basic => proxy.credentials(username, password),
            AuthMode::Digest => {
                let credentials = Credentials { username: username.to_owned(), password: password.to_owned() };
                let origin = (Scheme::Http, proxy.host(), proxy.port());
                let login = self.client.proxy_logins.borrow_mut().at(origin, &credentials);
                proxy.digest_login(login)
            }
        }))
    }

    /// The limits on the response, if the client's own do not hold.
    fn limits(&self) -> Option<Limits> {
        let header_size = self.options.get(|options| options.max_header_size);
        let body_size = self.options.get(|options| options.max_body_size);
        if header_size.is_none() && body_size.is_none() {
            return None;
        }
        let mut limits = self.client.options.limits.clone();
        if let Some(bytes) = header_size {
            limits = limits.max_header_size(bytes);
        }
        if let Some(bytes) = body_size {
            limits = limits.max_body_size(bytes);
        }
        Some(limits)
    }
}

/// The destination that was made last.
pub(super) struct Recent {
    destination: Rc<Destination>,
    /// Whether it follows from the origin of a URL and what the client is set to.
    by_origin: bool,
}

/// Whether a request of this method means something by its body.
fn has_body_by_definition(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

//! What becomes of one request: it is sent on, and what answers it is sent back.

use std::rc::Rc;

use firewhirl_event::log_targets::GEN;
use firewhirl_event::{Error, Result};
use firewhirl_http::client::{HttpClientError, IncomingResponse, OutgoingBody, OutgoingRequest};
use firewhirl_http::http1::{BodyLength, ResponseHead};
use firewhirl_http::{Headers, HttpConnection};
use http::{Method, StatusCode, Version};
use tracing::{debug, warn};

use super::entry::ProxyEntry;
use super::forwarded::Way;
use super::location::Places;
use super::patience::Patience;
use super::request_fields::{Inbound, passable_upgrade, request_headers};
use super::response_fields::{Outbound, add_own, write_response_headers};
use super::target::climbs;
use super::tunnel;
use super::upload::Upload;
use super::upstreams::Upstream;
use crate::context::{Context, UpstreamOf};
use crate::errors::HttpError;

/// Once so many bytes of a response wait for its client, no more are read before they have left.
const FLUSHED_EVERY: usize = 64 * 1024;

impl ProxyEntry {
    /// Sends a request on, and its response back.
    ///
    /// # Errors
    ///
    /// What is answered with an error page: 502 where the service behind fails, 504 where it takes too long,
    /// 508 for a request that goes round, and what is wrong with the request itself.
    pub(super) async fn forward(&self, cx: &Context) -> Result {
        let Some(request) = self.admit(cx)? else { return Ok(()) };
        let connection = cx.connection();
        // A client that leaves ends what is done for it there too.
        connection.cancel_on_disconnect();
        connection.set_max_body_size(self.options.max_body_size.unwrap_or(u64::MAX));
        let upload = Rc::new(Upload::default());
        // In a box of its own: the allocator is quick with two of less than a KiB, and slow with a larger one.
        let mut exchange = Box::pin(self.exchange(cx, request, &upload));
        let answered = upload.patience.watch(exchange.as_mut()).await;
        match answered {
            Some(answered) => match answered? {
                Answered::Sent => Ok(()),
                // In a box: every exchange's future would else have room for it.
                Answered::Switched(upstream, response) => Box::pin(self.switch(cx, upstream, response)).await,
            },
            None if cx.is_head_written() => {
                self.cut_off(cx, &"it has paused for too long");
                Ok(())
            }
            None => Err(HttpError::new(StatusCode::GATEWAY_TIMEOUT)
                .message(format!("{} has not answered in time", UpstreamOf(cx)))
                .into()),
        }
    }

    /// Looks whether a request may go on; `None` where it was answered here.
    fn admit(&self, cx: &Context) -> Result<Option<Passing>> {
        let request = &cx.request;
        if *request.method() == Method::CONNECT {
            return Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED).into());
        }
        if let Some(pseudonym) = &self.pseudonym
            && pseudonym.is_in(request.header_values("Via"))
        {
            let message = "the request has been here before: the target leads back to this service";
            return Err(HttpError::new(StatusCode::LOOP_DETECTED).message(message).into());
        }
        if request.uri() == "*" {
            return self.answer_here(cx).map(|()| None);
        }
        let below = cx.route().matcher.below(request.path());
        let prefix = request.path().len() - below.len();
        let is_bounded = prefix > 0 || self.upstreams.has_base();
        if is_bounded && climbs(request.path()) {
            let message = "the path leads out of what is proxied";
            return Err(HttpError::new(StatusCode::BAD_REQUEST).message(message).into());
        }
        let max_forwards = match *request.method() {
            Method::OPTIONS | Method::TRACE => request.header("Max-Forwards").and_then(|left| left.parse().ok()),
            _ => None,
        };
        if max_forwards == Some(0) {
            return self.answer_here(cx).map(|()| None);
        }
        Ok(Some(Passing {
            max_forwards: max_forwards.map(|left: u64| left - 1),
            stripped: if self.options.strip_prefix { prefix } else { 0 },
        }))
    }

    /// Answers what goes no further than here (RFC 9110, sections 7.6.2 and 9.3.7).
    fn answer_here(&self, cx: &Context) -> Result {
        if *cx.request.method() != Method::OPTIONS {
            return Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED).into());
        }
        cx.set_status(StatusCode::NO_CONTENT);
        cx.set_header("Allow", "GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS")
    }

    /// Sends the request, to one after the other until one can be connected to, and sends the response back.
    async fn exchange(&self, cx: &Context, passing: Passing, upload: &Rc<Upload>) -> Result<Answered> {
        let now = tokio::time::Instant::now().into_std();
        let mut failed = None;
        for upstream in self.upstreams.in_turn(now) {
            cx.set_upstream(upstream.target.text());
            let may_repeat = cx.request.method().is_idempotent() && cx.request.body_length() == BodyLength::None;
            upload.patience.begin(self.options.response_timeout);
            let sending = self.send(cx, &passing, upstream, upload)?;
            match sending.await {
                Ok(response) => {
                    upstream.take_back();
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                        return Ok(Answered::Switched(Rc::clone(upstream), response));
                    }
                    self.send_back(cx, &passing, upstream, response, &upload.patience).await?;
                    return Ok(Answered::Sent);
                }
                Err(error) => {
                    if let Some(problem) = upload.problem() {
                        return Err(problem.into());
                    }
                    let is_unreached = is_unreached(&error);
                    if is_unreached {
                        upstream.set_aside(now);
                    }
                    let goes_on = is_unreached && !upload.has_begun()
                        || may_repeat && matches!(error, HttpClientError::Closed { .. });
                    let error = refused(cx, error);
                    if !goes_on {
                        return Err(error);
                    }
                    if let Some(earlier) = failed.replace(error) {
                        debug!(target: GEN, "{}: {earlier}", cx.request_summary());
                    }
                }
            }
        }
        // There is a target: a proxy without one does not start.
        Err(failed.unwrap_or_else(|| HttpError::new(StatusCode::BAD_GATEWAY).into()))
    }

    /// The request as it goes on.
    fn outgoing(
        &self,
        cx: &Context,
        passing: &Passing,
        upstream: &Upstream,
        upload: &Rc<Upload>,
    ) -> Result<OutgoingRequest> {
        let request = &cx.request;
        let connection = cx.connection();
        // A body that is inflated on its way is not as long as it says.
        let body_length = match request.body_length() {
            BodyLength::Length(_) if request.header_bytes("X-Consumed-Content-Encoding").is_some() => {
                BodyLength::Chunked
            }
            length => length,
        };
        let inbound = Inbound {
            version: request.version(),
            way: Way {
                peer: request.peer().ip(),
                client: request.remote_ip(),
                protocol: request.protocol(),
                host: request.host(),
                is_believed: request.xheaders(),
            },
            host: if self.options.preserve_host { request.host() } else { &upstream.target.authority },
            upgrade: request.upgrade().and_then(passable_upgrade),
            body_length,
            max_forwards: passing.max_forwards,
        };
        let (mut headers, is_named) = request_headers(
            request.fields(),
            request.header_values("Connection"),
            request.head_bytes().len(),
            &inbound,
            self.pseudonym.as_ref(),
            &mut self.scratch.borrow_mut().text,
        )?;
        if !is_named.0 {
            // So that both logs tell of one request by one name.
            headers.add("X-Request-Id", cx.request_id())?;
        }
        let target = upstream.target.request_target(request.uri(), passing.stripped);
        let destination = Rc::clone(&upstream.target.destination);
        let mut outgoing = OutgoingRequest::with_headers(destination, request.method().clone(), target, headers);
        if body_length != BodyLength::None {
            let limit = self.options.response_timeout;
            outgoing.body = OutgoingBody::Stream(upload.stream(connection, body_length, limit));
            outgoing.expect_100_continue = request.header("Expect").is_some() && request.version() == Version::HTTP_11;
        }
        outgoing.connect_timeout = Some(self.options.connect_timeout);
        outgoing.request_timeout = None;
        outgoing.on_informational = Some(Box::new({
            let connection = connection.clone();
            move |head: &ResponseHead| pass_informational(&connection, head)
        }));
        Ok(outgoing)
    }

    /// Sends the request to one of the services. A function of its own, as `exchange` would keep room for what
    /// it sends.
    fn send(
        &self,
        cx: &Context,
        passing: &Passing,
        upstream: &Upstream,
        upload: &Rc<Upload>,
    ) -> Result<impl Future<Output = std::result::Result<IncomingResponse, HttpClientError>> + use<'_>> {
        Ok(self.pool.send(self.outgoing(cx, passing, upstream, upload)?))
    }

    /// Sends a response back: its head, and its body as it comes and as fast as the client takes it.
    async fn send_back(
        &self,
        cx: &Context,
        passing: &Passing,
        upstream: &Upstream,
        mut response: IncomingResponse,
        patience: &Patience,
    ) -> Result {
        let places = self
            .options
            .rewrite_location
            .then(|| Places::new(&upstream.target, &cx.request.path()[..passing.stripped]));
        let outbound = Outbound { is_switching: false, places: places.as_ref() };
        self.send_head(cx, response.head(), &outbound)?;
        let connection = cx.connection();
        let mut waiting = 0;
        loop {
            patience.begin(self.options.read_timeout);
            let chunk = match response.next_chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => {
                    self.cut_off(cx, &error);
                    return Ok(());
                }
            };
            patience.pause();
            waiting += chunk.len();
            connection.write_bytes(chunk)?;
            if waiting >= FLUSHED_EVERY {
                connection.flush().await?;
                waiting = 0;
            }
        }
        patience.pause();
        let trailers = response.trailers();
        if trailers.is_empty() {
            connection.finish()?
        } else {
            connection.finish_with_trailers(&trailers)?
        }
        cx.mark_complete();
        Ok(())
    }

    /// Puts the head of a response in the output of its client's connection.
    fn send_head(&self, cx: &Context, head: &ResponseHead, outbound: &Outbound<'_>) -> Result {
        let headers = &mut self.scratch.borrow_mut().headers;
        write_response_headers(headers, head, outbound, self.pseudonym.as_ref())?;
        cx.with_own_headers(|own| add_own(headers, own))?;
        let reason = std::str::from_utf8(head.reason()).ok();
        // The reason that everybody knows need not be written anew.
        let own_reason = reason.filter(|reason| !reason.is_empty() && head.status().canonical_reason() != Some(reason));
        Ok(cx.send_head_of(head.status(), own_reason, headers)?)
    }

    /// Has the client see that its response is not whole.
    fn cut_off(&self, cx: &Context, cause: &dyn std::fmt::Display) {
        warn!(target: GEN, "{}: the response of {} breaks off: {cause}", cx.request_summary(), UpstreamOf(cx));
        cx.break_off();
    }

    /// Goes on in the protocol that both sides have agreed upon.
    async fn switch(&self, cx: &Context, upstream: Rc<Upstream>, response: IncomingResponse) -> Result {
        self.send_head(cx, response.head(), &Outbound { is_switching: true, places: None })?;
        let there = response.upgrade()?;
        let here = cx.connection().detach()?;
        cx.mark_complete();
        let end = tunnel::run(here, there, self.options.upgrade_timeout).await;
        debug!(target: GEN, "{}: the connection with {} has ended: {end}", cx.request_summary(), upstream.target);
        Ok(())
    }
}

/// What has been found out about a request that goes on.
struct Passing {
    max_forwards: Option<u64>,
    /// Bytes of its path that the service behind does not see.
    stripped: usize,
}

/// How the exchange with the service behind went.
enum Answered {
    /// Its response has been sent.
    Sent,
    /// It goes on in another protocol.
    Switched(Rc<Upstream>, IncomingResponse),
}

/// Passes a response on that comes before the final one, such as 103 (RFC 9110, section 15.2).
fn pass_informational(connection: &HttpConnection, head: &ResponseHead) {
    // `100 Continue` is between two connections, and sent when the body is asked for.
    if head.status() == StatusCode::CONTINUE {
        return;
    }
    let mut headers = Headers::new();
    if write_response_headers(&mut headers, head, &Outbound::default(), None).is_ok() {
        // One that cannot be passed on is not waited for by anybody.
        let _ = connection.write_head(head.status(), None, &headers);
    }
}

/// Whether the service behind cannot have seen anything of the request.
fn is_unreached(error: &HttpClientError) -> bool {
    use firewhirl_http::client::TimeoutPhase;
    matches!(
        error,
        HttpClientError::Connect(_)
            | HttpClientError::ConnectUnix { .. }
            | HttpClientError::Timeout { phase: TimeoutPhase::Connect }
    )
}

/// The error page for what came of a request instead of a response.
fn refused(cx: &Context, error: HttpClientError) -> Error {
    let status = if error.is_timeout() { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    HttpError::new(status).message(UpstreamOf(cx).to_string()).cause(error).into()
}

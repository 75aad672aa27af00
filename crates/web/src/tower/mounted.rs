//! A tower service under a prefix of an application.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use bytes::Buf;
use firewhirl_event::Result;
use firewhirl_http::http1::BodyLength;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName};
use tower_service::Service;

use super::{Body, BoxError, ServiceError};
use crate::context::Context;
use crate::entry::Entry;
use crate::routes::{AnswersAll, Mount, Mounted, MountedKind};
use crate::site::LocalFuture;

/// That a tower service is mounted, not a router.
#[doc(hidden)]
pub enum OfService {}

impl AnswersAll for OfService {}

#[diagnostic::do_not_recommend]
impl<S, Sent> Mount<OfService> for S
where
    S: Service<http::Request<Body>, Response = http::Response<Sent>> + Clone + 'static,
    S::Error: Into<BoxError>,
    Sent: http_body::Body + 'static,
    Sent::Error: Into<BoxError>,
{
    fn into_mounted(self) -> Mounted {
        Mounted(MountedKind::Service(Rc::new(MountedService { service: self })))
    }
}

/// The entry of a service, which is cloned for each request as a handler is.
struct MountedService<S> {
    service: S,
}

impl<S, Sent> Entry for MountedService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Sent>> + Clone + 'static,
    S::Error: Into<BoxError>,
    Sent: http_body::Body + 'static,
    Sent::Error: Into<BoxError>,
{
    fn allow(&self) -> Option<&str> {
        None
    }

    fn name(&self) -> String {
        format!("{} (service)", std::any::type_name::<S>())
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        let service = self.service.clone();
        Box::pin(async move {
            let result = serve(service, cx).await;
            cx.conclude(result).await;
        })
    }
}

async fn serve<S, Sent>(mut service: S, cx: &Context) -> Result
where
    S: Service<http::Request<Body>, Response = http::Response<Sent>>,
    S::Error: Into<BoxError>,
    Sent: http_body::Body,
    Sent::Error: Into<BoxError>,
{
    let (body, pump) = Body::of(cx.connection().clone(), body_length(cx));
    let request = request(cx, body)?;
    // The body is read beside the service, which may go on reading while it already answers.
    beside(pump.run(), async move {
        poll_fn(|task| service.poll_ready(task)).await.map_err(ServiceError::from_cause)?;
        let response = service.call(request).await.map_err(ServiceError::from_cause)?;
        send(cx, response).await
    })
    .await
}

/// The request as tower knows it: its path without the prefix, its client's address among the
/// extensions (an `IpAddr`).
fn request(cx: &Context, body: Body) -> Result<http::Request<Body>> {
    let own = &cx.request;
    let below = cx.route().matcher.below(own.path());
    let path = if below.is_empty() { "/" } else { below };
    let target = if own.query().is_empty() { path.to_owned() } else { format!("{path}?{}", own.query()) };
    let mut request =
        http::Request::builder().method(own.method().clone()).uri(target).version(own.version()).body(body)?;
    *request.headers_mut() = own.headers().clone();
    if let Some(address) = own.remote_ip() {
        request.extensions_mut().insert(address);
    }
    Ok(request)
}

fn body_length(cx: &Context) -> Option<u64> {
    match cx.request.body_length() {
        BodyLength::None => Some(0),
        BodyLength::Length(bytes) => Some(bytes),
        BodyLength::Chunked | BodyLength::UntilClose => None,
    }
}

/// Sends a response, chunk by chunk; one that is a single chunk goes out whole, with its length.
async fn send<Sent>(cx: &Context, response: http::Response<Sent>) -> Result
where
    Sent: http_body::Body,
    Sent::Error: Into<BoxError>,
{
    let (head, body) = response.into_parts();
    cx.set_status(head.status);
    set_headers(cx, &head.headers)?;
    // What the service left out it left out on purpose.
    cx.automatic_etag(false);
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|task| body.as_mut().poll_frame(task)).await {
        let frame = frame.map_err(ServiceError::from_cause)?;
        // Trailers have no place in a response of ours.
        let Ok(mut data) = frame.into_data() else { continue };
        while data.has_remaining() {
            let chunk = data.chunk();
            cx.write(chunk)?;
            let length = chunk.len();
            data.advance(length);
        }
        if !body.is_end_stream() {
            cx.flush().await?;
        }
    }
    Ok(())
}

/// Puts the service's headers in place of ours; those that are about the connection are ours to send.
fn set_headers(cx: &Context, headers: &HeaderMap) -> Result {
    const OURS: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, UPGRADE];
    if !headers.contains_key(CONTENT_TYPE) {
        cx.clear_header("Content-Type");
    }
    for name in headers.keys().filter(|name| !OURS.contains(name)) {
        cx.clear_header(name.as_str());
        for value in headers.get_all(name) {
            if *name == CONTENT_LENGTH {
                cx.set_header(name.as_str(), value.as_bytes())?;
            } else {
                cx.add_header(name.as_str(), value.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Runs `work` to its end, and `other` beside it as long as that takes.
async fn beside<T>(other: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    let (mut other, mut work): (_, Pin<&mut _>) = (pin!(other), pin!(work));
    let mut other_ended = false;
    poll_fn(|task| {
        let polled = work.as_mut().poll(task);
        if polled.is_pending() && !other_ended {
            other_ended = other.as_mut().poll(task).is_ready();
        }
        match polled {
            // What was just read may be what the work waits for.
            Poll::Pending => work.as_mut().poll(task),
            ready => ready,
        }
    })
    .await
}

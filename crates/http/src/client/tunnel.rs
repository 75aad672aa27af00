//! A tunnel through a proxy (RFC 9110, section 9.3.6).

use std::rc::Rc;

use firewhirl_event::IoStream;
use http::{Method, StatusCode};

use super::destination::Destination;
use super::error::HttpClientError;
use super::outgoing::OutgoingRequest;
use super::proxy::Proxy;
use crate::error::OutputError;
use crate::http1::{ClientConnection, ResponseHead};
use crate::limits::Limits;

/// Asks the proxy at the stream's other end for a tunnel to the destination; what is sent after that is
/// seen by the destination.
///
/// # Errors
///
/// [`HttpClientError::Proxy`] with the proxy's status, if it does not grant it.
pub(super) async fn open(
    stream: IoStream,
    proxy: &Proxy,
    destination: &Destination,
    limits: &Limits,
) -> Result<IoStream, HttpClientError> {
    let target = destination.host_and_port();
    let mut request = OutgoingRequest::new(Rc::new(destination.clone()), Method::CONNECT, target.clone());
    request.headers.set("Host", &target).map_err(|_| OutputError::NoHost)?;
    if let Some(authorization) = proxy.authorization(&Method::CONNECT, &target, Some(b""))? {
        // Neither scheme has a character that a field may not have.
        let _ = request.headers.set("Proxy-Authorization", authorization);
    }
    let mut connection = ClientConnection::new(stream, limits.clone());
    let mut head = ResponseHead::new();
    connection.begin(&mut request, limits)?;
    connection.head(&mut head, &mut request.on_informational).await?;
    if connection.is_switched(&head) {
        return Ok(connection.into_stream());
    }
    if head.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        // Whoever asks again has the answer.
        proxy.take_challenge(head.field_values("Proxy-Authenticate"), 0)?;
    }
    let reason = String::from_utf8_lossy(head.reason()).into_owned();
    Err(HttpClientError::Proxy { status: head.status(), reason })
}

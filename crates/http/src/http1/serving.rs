//! The server's side of one connection, from its first byte to its close: one readable loop.
//!
//! Read a head, let the service answer, send what it wrote, and begin again. What serving one exchange
//! means is said in [`serving`](crate::serving), for both versions of HTTP.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;

use super::connection::{Arrival, Link};
use crate::channel::Channel;
use crate::exchange::Spare;
use crate::http_connection::HttpConnection;
use crate::http2;
use crate::serve::Serve;
use crate::serving::{note_refusal, serve_exchange};
use crate::xheaders::Downstream;

/// After this many requests in one go, that is, without a wait for bytes, the loop gets a turn.
const REQUESTS_A_TURN: u32 = 32;

/// How long, and for how many bytes, a connection that was closed is listened to so that its client
/// can read the last answer.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 4 * 1024 * 1024);

/// Serves the requests of one connection until it ends.
pub(crate) async fn serve_connection<Service: Serve>(link: Rc<Link>, service: Rc<Service>) {
    let entered = link.worker.enter(link.clone());
    let mut in_one_go = 0;
    loop {
        let mut waited = false;
        let arrival = poll_fn(|context| {
            link.tasks().note_driver(context);
            let polled = link.poll_request(context);
            waited |= polled.is_pending();
            polled
        })
        .await;
        match arrival {
            Arrival::Request(spare) => {
                if !serve_request(&link, &*service, spare).await {
                    break;
                }
            }
            Arrival::Refused(error) => {
                note_refusal(&*link, &error);
                link.refuse(error.status());
                return close(&link, true).await;
            }
            Arrival::Http2 => {
                let Ok(stream) = link.detach() else { break };
                drop(entered);
                // Boxed, so that connections of HTTP/1.1 need no room for it.
                return Box::pin(http2::serve_connection(stream, link.peer, link.worker.clone(), service)).await;
            }
            Arrival::HeadTimeout => {
                link.refuse(StatusCode::REQUEST_TIMEOUT);
                return close(&link, true).await;
            }
            Arrival::End => break,
        }
        in_one_go = if waited { 0 } else { in_one_go + 1 };
        if in_one_go >= REQUESTS_A_TURN && link.has_more_buffered() {
            in_one_go = 0;
            tokio::task::yield_now().await;
        }
    }
    if !link.is_detached() {
        let linger = link.must_linger();
        close(&link, linger).await;
    }
}

/// Serves one request; whether the connection goes on.
async fn serve_request<Service: Serve>(link: &Rc<Link>, service: &Service, spare: Spare) -> bool {
    link.begin();
    let downstream = Downstream::direct(link.peer, link.worker.options.secure).over(&link.session);
    serve_exchange(&**link, HttpConnection::of_link(Rc::clone(link)), downstream, spare, service).await;
    let body_left = !link.is_detached() && !link.is_closed() && !link.request_body_done();
    if body_left && link.keeps_alive() && !poll_fn(|context| link.poll_discard_body(context)).await {
        link.close_after_this();
    }
    let goes_on = link.end_exchange();
    if goes_on {
        link.next_request();
    }
    goes_on
}

/// Sends what is left and closes; with `linger` after the client has had time to read it.
async fn close(link: &Link, linger: bool) {
    poll_fn(|context| {
        link.tasks().note_driver(context);
        link.poll_shutdown(context)
    })
    .await;
    if linger {
        let (time, mut budget) = LINGER;
        let drained = poll_fn(|context| link.poll_linger(context, &mut budget));
        // Either way the connection ends here.
        let _ = tokio::time::timeout(time, drained).await;
    }
}

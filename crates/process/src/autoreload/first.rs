//! Waiting for whichever of two things happens first.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What came first.
pub(super) enum First<One, Other> {
    One(One),
    Other(Other),
}

/// Waits for two futures, and drops the one that is slower. If both are done, the first counts.
pub(super) async fn first<One: Future, Other: Future>(one: One, other: Other) -> First<One::Output, Other::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| match one.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(First::One(output)),
        Poll::Pending => other.as_mut().poll(cx).map(First::Other),
    })
    .await
}

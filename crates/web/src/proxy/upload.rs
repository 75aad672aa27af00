//! The body of a request on its way to the service behind: a chunk at a time, as fast as that takes it.
//!
//! It is asked for only once the service behind wants it, so that a client that waits for `100 Continue`
//! gets it from there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::Error;
use firewhirl_http::client::BodyStream;
use firewhirl_http::http1::BodyLength;
use firewhirl_http::{BodyError, HttpConnection};

use super::patience::Patience;

/// What is known of one request's body while it passes.
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// How long the service behind is waited for, by this and by what follows.
    pub(super) patience: Patience,
    has_begun: Cell<bool>,
    /// Why the client's side of it failed.
    problem: RefCell<Option<BodyError>>,
}

impl Upload {
    /// The body of the request that goes on.
    pub(super) fn stream(
        self: &Rc<Self>,
        connection: &HttpConnection,
        length: BodyLength,
        limit: Duration,
    ) -> BodyStream {
        let (upload, connection) = (Rc::clone(self), connection.clone());
        let stream = BodyStream::new(async move |sender| {
            upload.has_begun.set(true);
            loop {
                upload.patience.pause();
                let chunk = connection.next_chunk().await.map_err(|problem| upload.fail(problem))?;
                upload.patience.begin(limit);
                match chunk {
                    Some(chunk) => sender.write(chunk).await?,
                    None => break,
                }
            }
            if let Some(trailers) = connection.request_trailers() {
                sender.set_trailers(&trailers);
            }
            Ok(())
        });
        match length {
            BodyLength::Length(bytes) => stream.with_length(bytes),
            _ => stream,
        }
    }

    /// Whether something of it may have been sent, so that it cannot be sent again.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// Why the client's side of it failed, if that is why the request did.
    pub(super) fn problem(&self) -> Option<BodyError> {
        self.problem.take()
    }

    fn fail(&self, problem: BodyError) -> Error {
        let error = Error::message(format!("the client's body: {problem}"));
        self.problem.replace(Some(problem));
        error
    }
}

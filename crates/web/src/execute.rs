//! The life of a request: its route, its body, the sites' `prepare`, the verb, the end.
//!
//! Tornado's `_execute`. In this order: the route is found, the body is read (unless the route streams
//! it), path and form are decoded, the sites' default headers are set, a request that may change something is
//! checked for whether it is forged, the sites' `prepare` runs, a login is asked for where the route wants one, then the handler's entry does the rest. Whatever fails on the way is answered by the sites around the route.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use crate::context::Context;
use crate::lingering::Departure;
use crate::live::Live;
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_http::Exchange;

/// What the access log shows of a request that nobody is left to be answered for; nginx's.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

impl Live {
    /// Answers one request.
    pub(crate) async fn serve(self: &Rc<Self>, exchange: &mut Exchange) {
        let mut running = Running::begin(self, exchange);
        let problem = running.read_body().await.err();
        let cx = running.share();
        cx.as_current(pin!(cx.run(problem))).await;
    }
}

/// A context while its exchange goes on. However that ends, by a panic or by being dropped, the request
/// goes back to the exchange, and the context's memory to the next one.
struct Running<'exchange> {
    exchange: &'exchange mut Exchange,
    /// A box in a box: as a `Box<dyn Any>` it is kept from exchange to exchange without an allocation.
    #[allow(clippy::redundant_allocation, reason = "the outer box is what the exchange keeps")]
    context: Option<Box<Rc<Context>>>,
}

impl<'exchange> Running<'exchange> {
    fn begin(application: &Rc<Live>, exchange: &'exchange mut Exchange) -> Self {
        let kept = exchange.kept().take().and_then(|kept| kept.downcast::<Rc<Context>>().ok());
        let mut shared = kept.unwrap_or_else(|| Box::new(Rc::new(Context::new())));
        // Only a context that nothing else holds is put back, and a new one is held by nothing else.
        let context = Rc::get_mut(&mut shared).expect("nothing else holds it");
        std::mem::swap(&mut context.request, &mut exchange.request);
        context.begin(application, exchange.connection.clone());
        Self { exchange, context: Some(shared) }
    }

    /// Reads the body whole, unless the route streams it, and decodes the path.
    async fn read_body(&mut self) -> Result {
        let Some(context) = self.context.as_deref_mut().and_then(Rc::get_mut) else { return Ok(()) };
        let connection = &self.exchange.connection;
        let options = &context.route().options;
        if let Some(bytes) = options.max_body_size {
            connection.set_max_body_size(bytes);
        }
        if let Some(time) = options.body_timeout {
            connection.set_body_timeout(time);
        }
        if options.cancel_on_disconnect {
            connection.cancel_on_disconnect();
        }
        if !options.stream_request_body && !connection.is_body_read() {
            let body = connection.read_body().await?;
            context.request.set_body(body);
        }
        context.decode_path()
    }

    /// Lets the handler have the context.
    fn share(&self) -> &Rc<Context> {
        // It is taken out only when this is dropped.
        let context = self.context.as_ref().expect("the exchange goes on");
        context.set_this(Some(Rc::clone(context)));
        context
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(mut shared) = self.context.take() else { return };
        shared.set_this(None);
        if !shared.is_finished() {
            let _turn = shared.turn();
            // Nobody else will log the request: the connection answers a panic itself, and a request that
            // was ended because its client left is answered by nobody.
            shared.abandon(if std::thread::panicking() { 500 } else { CLIENT_CLOSED_REQUEST });
        }
        // A handle to finish it later may still be about; then the context and its request stay with it.
        if let Some(context) = Rc::get_mut(&mut shared) {
            std::mem::swap(&mut context.request, &mut self.exchange.request);
            context.end();
            *self.exchange.kept() = Some(shared);
        }
    }
}

impl Context {
    /// Runs the sites' hooks and the route's entry.
    async fn run(&self, problem: Option<Error>) {
        let mut result = match problem {
            None => self.check_body(),
            Some(problem) => Err(problem),
        };
        if !self.route().sites.is_empty() || self.settings().request_id_header {
            result = self.set_default_headers().and(result);
        }
        if result.is_ok() {
            result = self.check_forgery();
        }
        if !self.route().sites.is_empty() && result.is_ok() {
            result = self.prepare_sites().await;
        }
        if let Some(slash) = self.route().options.trailing_slash
            && result.is_ok()
            && !self.is_finished()
        {
            result = slash.enforce(self);
        }
        if self.route().options.authenticated && result.is_ok() && !self.is_finished() {
            result = self.require_login().await;
        }
        if result.is_err() || self.is_finished() {
            self.conclude(result).await;
            return;
        }
        self.answer().await;
    }

    async fn prepare_sites(&self) -> Result {
        for site in &self.route().sites {
            if let Some(prepared) = site.prepare(self) {
                prepared.await?;
            }
            if self.is_finished() {
                break;
            }
        }
        Ok(())
    }

    /// Runs the route's entry. Once it has to wait, its client's leaving is watched.
    async fn answer(&self) {
        let mut answer = self.route().entry.answer(self);
        let mut watched = false;
        poll_fn(|task| {
            let polled = answer.as_mut().poll(task);
            if polled.is_pending() && !watched {
                watched = true;
                self.watch_departure();
            }
            polled
        })
        .await;
    }

    fn watch_departure(&self) {
        let departed = self.application().departed.clone();
        let departure = Rc::new(Departure::new(Rc::clone(self.route()), departed));
        let watched = Rc::downgrade(&departure);
        self.set_departure(departure);
        self.connection().on_close(Box::new(move || {
            if let Some(departure) = watched.upgrade() {
                departure.note(IoLoop::current().time());
            }
        }));
    }
}

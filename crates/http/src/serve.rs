//! What answers requests: [`Serve`], the one thing that a server of HTTP asks for.

use firewhirl_event::Result;

use crate::Exchange;

/// Answers the requests of a server, one [`Exchange`] each.
///
/// An `async` function of an exchange is one, as in Tornado's `HTTPServer(callback)`; the web layer's
/// `Application` is another. A value is made for each worker, on its loop, and never leaves it.
///
/// What `serve` leaves unfinished the connection finishes; an error that it returns is logged, and
/// answered with 500 where nothing was sent. It runs to its end, whether or not its client stays.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_http::{Exchange, Headers, HttpServer};
/// use http::StatusCode;
///
/// async fn hello(exchange: &mut Exchange) -> Result {
///     let body = format!("You requested {}\n", exchange.request.uri());
///     let mut headers = Headers::new();
///     headers.set("Content-Length", body.len())?;
///     exchange.connection.respond(StatusCode::OK, None, &headers, body.as_bytes())?;
///     Ok(())
/// }
///
/// let server = HttpServer::new(async || Ok(hello));
/// # let _ = server;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer HTTP requests",
    label = "expected an `Application`, or an `async fn(&mut Exchange) -> Result`",
    note = "a server needs an async function that builds the application: `async fn app() -> Result<Application>`, given as `HttpServer::new(app)`",
    note = "make `Rc`s and connections inside it: it runs once a worker, on its loop"
)]
pub trait Serve: 'static {
    /// Answers one request.
    fn serve(&self, exchange: &mut Exchange) -> impl Future<Output = Result>;

    /// Is called once, on the worker's loop, before the first connection is accepted.
    ///
    /// # Errors
    ///
    /// What makes serving impossible, such as routes that cannot be matched; the server then does
    /// not start.
    fn start(&self) -> Result {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<Function> Serve for Function
where
    Function: AsyncFn(&mut Exchange) -> Result + 'static,
{
    fn serve(&self, exchange: &mut Exchange) -> impl Future<Output = Result> {
        self(exchange)
    }
}

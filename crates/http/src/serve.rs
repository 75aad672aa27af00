//! What answers requests: [`Serve`], and what makes one for each worker: [`BuildApplication`].

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
    label = "this builds something that is no application",
    note = "what the server's function builds is an `Application`, or an `async fn(&mut Exchange) -> Result`"
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

/// What a server is made of: an async function that builds the application of one worker.
///
/// `async fn app() -> Result<Application>` is one; so is a closure, `async || Ok(..)`. It runs once a
/// worker, on its loop, so what it makes may hold `Rc`s. To this layer an application is whatever is a
/// [`Serve`].
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_http::{BuildApplication, Exchange, Serve};
///
/// async fn hello(exchange: &mut Exchange) -> Result {
///     exchange.connection.finish()?;
///     Ok(())
/// }
///
/// fn build<Application: Serve>(_: impl BuildApplication<Application>) {}
///
/// build(async || Ok(hello));
/// ```
#[diagnostic::on_unimplemented(
    message = "a server needs an async function that builds the application",
    label = "expected `async fn app() -> Result<Application>`, or a closure `async || Ok(..)`",
    note = "give the function itself, `HttpServer::new(app)`: it runs once a worker, on its loop; make `Rc`s and connections inside it"
)]
pub trait BuildApplication<Application>: AsyncFn() -> Result<Application> + 'static {}

#[diagnostic::do_not_recommend]
impl<Function, Application> BuildApplication<Application> for Function where
    Function: AsyncFn() -> Result<Application> + 'static
{
}

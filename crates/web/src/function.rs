//! Functions and closures that answer a request.

use firewhirl_event::Result;

use crate::context::Context;

/// An `async` function or closure of a [`Context`], as `get`, `post` and the like take it.
///
/// # Examples
///
/// Both forms:
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Application, Context};
///
/// async fn about(cx: &Context) -> Result {
///     cx.write("About us")
/// }
///
/// let application = Application::new()
///     .get("/about", about)
///     .get("/", async |cx| cx.write("Hello, world"));
/// ```
///
/// What a closure uses it has to own: `async move |cx| ..` with a clone inside the application's
/// function, which runs once a worker, so that an `Rc` will do.
#[diagnostic::on_unimplemented(
    message = "this function cannot answer a request",
    label = "expected `async |cx| ..` or `async fn(cx: &Context) -> Result`",
    note = "it must be `async`, take `cx: &Context`, and return `Result`: end it with a call such as `cx.write(..)`, or with `Ok(())`",
    note = "for a struct with `impl Handler` use `.route(..)`"
)]
pub trait HandlerFn: AsyncFn(&Context) -> Result + 'static {}

#[diagnostic::do_not_recommend]
impl<F: AsyncFn(&Context) -> Result + 'static> HandlerFn for F {}

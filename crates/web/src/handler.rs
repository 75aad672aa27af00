//! What answers the requests of a route: a struct with one `async fn` a verb.
//!
//! A verb that a handler does not write has a default, whose future is a named type without a size. An
//! `async fn`'s future is never without one, so [`answers`] knows at compile time which verbs there
//! are: `Allow`, HEAD from GET, OPTIONS and the list of routes all come from it, without a macro.

use std::pin::Pin;
use std::task;

use firewhirl_event::Result;
use http::StatusCode;

use crate::context::Context;
use crate::errors::HttpError;

/// Answers the requests of a route, a method a verb.
///
/// The value given to [`route`](crate::Application::route) is a prototype, cloned afresh for each
/// request: its fields are what `initialize` receives in Tornado, and what a verb changes in `self`
/// is seen by no other request. Tornado's `RequestHandler`; what a handler calls there it calls on
/// its [`Context`] here, and what a base class overrides is in [`Site`](crate::Site).
///
/// A verb that is not written is answered 405, with two exceptions: HEAD is answered by `get`, its body
/// left away, and OPTIONS with 204 and the verbs that there are.
///
/// **A handler runs to its end**, also when its client has left. When it returns, what it has not
/// finished is finished.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Application, Context, Handler, url};
///
/// #[derive(Clone)]
/// struct Greeting {
///     word: &'static str,
/// }
///
/// impl Handler for Greeting {
///     async fn get(&mut self, cx: &Context) -> Result {
///         let name: String = cx.path("name")?;
///         cx.write(format!("{}, {name}", self.word))
///     }
/// }
///
/// let application = Application::new().route("/greet/{name}", Greeting { word: "Hello" });
/// # assert!(application.check().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "`Handler` is not implemented for this",
    note = "a handler is a struct with `#[derive(Clone)]` and an `impl Handler`, with one `async fn` a verb in it",
    note = "for a function or closure use `.get(..)`, `.post(..)` or `.any(..)`"
)]
pub trait Handler: Clone {
    /// Whether the verbs read the request's body themselves, a chunk at a time, with
    /// `cx.body().next().await`. Default: `false`, the body is read whole before `prepare`. Tornado's
    /// `@stream_request_body`.
    const STREAM_REQUEST_BODY: bool = false;

    /// Runs before any verb. If it finishes the response, no verb runs.
    fn prepare(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unprepared
    }

    /// Answers GET, and HEAD where `head` is not written.
    fn get(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers HEAD; whatever it writes, no body is sent.
    fn head(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers POST.
    fn post(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers DELETE.
    fn delete(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers PATCH.
    fn patch(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers PUT.
    fn put(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Answers OPTIONS.
    fn options(&mut self, cx: &Context) -> impl Answer {
        let _ = cx;
        Unanswered
    }

    /// Runs after the response was handed to the connection, also after an error; nothing can be
    /// written any more.
    fn on_finish(&mut self, cx: &Context) {
        let _ = cx;
    }
}

/// What a verb, or a hook of a [`Site`](crate::Site), returns: a future of [`Result`], as an `async fn`
/// gives it.
#[diagnostic::on_unimplemented(
    message = "a verb or hook must be an `async fn` that returns `Result`, this one gives `{Self}`",
    label = "not a future of `Result`",
    note = "write `async fn .. -> Result`, and end it with a call such as `cx.write(..)`, or with `Ok(())`"
)]
pub trait Answer: Future<Output = Result> {}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = Result>> Answer for F {}

/// The future of a verb that a handler does not write; awaited, it is a 405.
///
/// It has no size, which is how the framework knows it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a verb that is not written has no effect"]
pub struct Unanswered;

impl Future for Unanswered {
    type Output = Result;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> task::Poll<Result> {
        task::Poll::Ready(Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED).into()))
    }
}

/// The future of a `prepare` that a handler does not write: it does nothing, and has no size.
#[derive(Clone, Copy, Debug)]
#[must_use = "a prepare that is not written has no effect"]
pub struct Unprepared;

impl Future for Unprepared {
    type Output = Result;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> task::Poll<Result> {
        task::Poll::Ready(Ok(()))
    }
}

/// Whether a method is written: whether its future has a size.
pub(crate) const fn answers<A, B, R, F: FnOnce(A, B) -> R>(_: &F) -> bool {
    size_of::<R>() != 0
}

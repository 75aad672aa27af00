//! What becomes of a handler's error: its log line, its page, its connection.

use firewhirl::event::concurrent::Future;
use firewhirl::prelude::*;
use firewhirl::web::NoUser;
use tracing::warn;

use super::ZeroDivisionError;
use super::methods::Unimplemented;

async fn divide_by_zero(_: &Context) -> Result {
    Err(ZeroDivisionError.into())
}

pub(super) fn error_response() -> Application {
    let write_error =
        Router::new().site(ErrorText).get("/write_error", async |cx| match cx.argument_or("status", "")?.as_str() {
            "" => divide_by_zero(cx).await,
            status => cx.send_error(status.parse::<u16>()?).await,
        });
    let failed_write_error = Router::new().site(FailedErrorText).get("/failed_write_error", divide_by_zero);
    Application::new()
        .get("/default", async |cx| match cx.argument_or("status", "")?.as_str() {
            "" => divide_by_zero(cx).await,
            status => Err(HttpError::new(status.parse::<u16>()?).into()),
        })
        .mount("", write_error)
        .mount("", failed_write_error)
        .get("/cancelled_error", await_cancelled)
}

/// Writes errors as plain text: their name, or, of `send_error`, the status.
struct ErrorText;

impl Site for ErrorText {
    type User = NoUser;

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        cx.set_header("Content-Type", "text/plain")?;
        if error.is::<ZeroDivisionError>() {
            cx.write("Exception: ZeroDivisionError")
        } else {
            cx.write(format!("Status: {}", error.status().as_u16()))
        }
    }
}

/// Fails in its turn.
struct FailedErrorText;

impl Site for FailedErrorText {
    type User = NoUser;

    async fn write_error(&self, _: &Context, _: &Error) -> Result {
        Err(Error::message("exception in write_error"))
    }
}

pub(super) fn cancellation() -> Application {
    Application::new()
        .get("/await_cancelled", await_cancelled)
        .get("/gen_await_cancelled", await_cancelled)
        .route("/streaming_await_cancelled", StreamingAwaitCancelled)
}

/// Awaits what nobody will bring any more.
async fn await_cancelled(_: &Context) -> Result {
    let future = Future::<()>::new();
    future.cancel();
    Ok(future.await?)
}

/// Ends in its `prepare`, so that a client that asks before it sends is never told to send.
#[derive(Clone)]
struct StreamingAwaitCancelled;

impl Handler for StreamingAwaitCancelled {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, cx: &Context) -> Result {
        await_cancelled(cx).await
    }

    async fn put(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

pub(super) fn exception_handler() -> Application {
    Application::new().site(PermissionsKnown).get("/", async |cx| match cx.argument("exc")?.as_str() {
        "http" => Err(HttpError::new(410).message("no longer here").into()),
        "zero" => divide_by_zero(cx).await,
        "permission" => Err(PermissionError("not allowed").into()),
        _ => Ok(()),
    })
}

/// An error of the application's own.
#[derive(Debug)]
struct PermissionError(&'static str);

impl std::fmt::Display for PermissionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for PermissionError {}

/// Logs and answers [`PermissionError`] in a way of its own.
struct PermissionsKnown;

impl Site for PermissionsKnown {
    type User = NoUser;

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        if error.is::<PermissionError>() {
            cx.set_status(403);
            return cx.write("PermissionError");
        }
        cx.write(format!("{}: {}", cx.status().as_u16(), cx.reason()))
    }

    fn log_exception(&self, _: &Context, error: &Error) -> Option<()> {
        let PermissionError(what) = error.downcast_ref()?;
        warn!("custom logging for PermissionError: {what}");
        Some(())
    }
}

pub(super) fn buggy_logging() -> Application {
    Application::new().site(BuggyLog).get("/", divide_by_zero)
}

/// Panics where it should log.
struct BuggyLog;

impl Site for BuggyLog {
    type User = NoUser;

    fn log_exception(&self, _: &Context, _: &Error) -> Option<()> {
        panic!("{ZeroDivisionError}")
    }
}

pub(super) fn finish_exception() -> Application {
    Application::new().get("/", async |cx| {
        cx.set_status(401);
        cx.set_header("WWW-Authenticate", "Basic realm=\"something\"")?;
        if cx.argument_or("finish_value", "")?.is_empty() {
            cx.write("authentication required")?;
            return Err(Finish::new().into());
        }
        Err(Finish::with("authentication required")?.into())
    })
}

pub(super) fn default_404() -> Application {
    Application::new().route("/foo", Unimplemented)
}

pub(super) fn custom_404() -> Application {
    Application::new().route("/foo", Unimplemented).default_handler(Custom404)
}

#[derive(Clone)]
struct Custom404;

impl Handler for Custom404 {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.set_status(404);
        cx.write("custom 404 response")
    }
}

pub(super) fn default_handler_arguments() -> Application {
    Application::new().route("/foo", Unimplemented).default_handler(ErrorHandler { status_code: 403 })
}

/// Answers whatever method with one error. Tornado's handler of this name.
#[derive(Clone)]
struct ErrorHandler {
    status_code: u16,
}

impl Handler for ErrorHandler {
    async fn prepare(&mut self, _: &Context) -> Result {
        Err(HttpError::new(self.status_code).into())
    }
}

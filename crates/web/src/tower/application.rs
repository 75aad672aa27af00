//! An application as a tower service, with local futures.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_http::http1::ResponseHead;
use firewhirl_http::{Exchange, Serve, ServerOptions, serve_stream};
use http::header::CONNECTION;
use http::{HeaderName, HeaderValue};
use http_body::{Body, Frame};
use tower_service::Service;

use super::conversation::Conversation;
use super::{BoxError, ServiceError};
use crate::application::Application;
use crate::live::Live;
use crate::site::LocalFuture;

/// An application answers tower's requests on the current loop, as it answers those of a socket: the
/// request goes through HTTP/1.1 in memory, so that framing, `Content-Length`, HEAD and streaming are
/// the same.
///
/// # Examples
///
/// ```
/// use firewhirl_web::Application;
/// use http_body::Body;
/// use tower_service::Service;
/// # use firewhirl_event::{IoLoop, Result};
///
/// # IoLoop::current().run_sync(async {
/// let mut application = Application::new().get("/", async |cx| cx.write("Hello, tower"));
/// let request = http::Request::get("/").body(String::new())?;
/// let response = application.call(request).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["content-length"], "12");
/// assert!(!response.body().is_end_stream());
/// # Ok(()) }).unwrap();
/// ```
impl<Sent> Service<http::Request<Sent>> for Application
where
    Sent: Body + 'static,
    Sent::Error: Into<BoxError>,
{
    type Response = http::Response<ResponseBody>;
    type Error = ServiceError;
    type Future = LocalFuture<'static, Result<Self::Response, ServiceError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Sent>) -> Self::Future {
        let live = self.live().map(Rc::clone);
        Box::pin(async move { answer(live.map_err(ServiceError::from_cause)?, request).await.map_err(failed) })
    }
}

async fn answer<Sent>(live: Rc<Live>, request: http::Request<Sent>) -> Result<http::Response<ResponseBody>>
where
    Sent: Body + 'static,
    Sent::Error: Into<BoxError>,
{
    let (near, far) = IoStream::pair()?;
    IoLoop::current().spawn_callback(serve_stream(near, Rc::new(LiveService(live)), ServerOptions::new()));
    let mut conversation = Conversation::begin(far, request)?;
    let mut head = ResponseHead::new();
    poll_fn(|task| conversation.poll_head(task, &mut head)).await?;
    let mut response = http::Response::builder().status(head.status());
    for (name, value) in head.fields() {
        let name = HeaderName::try_from(name)?;
        // It is about the pair in memory, which nobody sees.
        if name != CONNECTION {
            response = response.header(name, HeaderValue::from_bytes(value)?);
        }
    }
    Ok(response.body(ResponseBody { conversation: Box::new(conversation) })?)
}

/// A compiled application as what a connection serves with.
struct LiveService(Rc<Live>);

impl Serve for LiveService {
    async fn serve(&self, exchange: &mut Exchange) -> Result {
        self.0.serve(exchange).await;
        Ok(())
    }
}

/// The body of an application's response: an [`http_body::Body`] of [`Bytes`], streamed as the handler
/// writes it.
pub struct ResponseBody {
    conversation: Box<dyn DataSource>,
}

/// A conversation, whatever its request's body is.
trait DataSource {
    fn poll_data(&mut self, task: &mut Context<'_>) -> Poll<Result<Option<Bytes>>>;
    fn is_done(&self) -> bool;
}

impl<Sent> DataSource for Conversation<Sent>
where
    Sent: Body,
    Sent::Error: Into<BoxError>,
{
    fn poll_data(&mut self, task: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        Conversation::poll_data(self, task)
    }

    fn is_done(&self) -> bool {
        Conversation::is_done(self)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ServiceError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ServiceError>>> {
        self.conversation.poll_data(task).map(|data| data.map_err(failed).transpose().map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.conversation.is_done()
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("done", &self.conversation.is_done()).finish()
    }
}

/// The wide error as an error of a service.
fn failed(error: Error) -> ServiceError {
    ServiceError::from_cause(format!("{error:?}"))
}

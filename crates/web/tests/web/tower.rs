//! tower services under an application, and an application as a tower service.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use firewhirl_event::Result;
use firewhirl_event::coroutine::yield_now;
use firewhirl_web::tower::Body;
use firewhirl_web::{Application, HttpError, NoUser, Router, Site, url};
use http_body::Frame;
use tower_service::Service;

use crate::support::{ask, connect, get, logged, post, run};

/// A service that says what it was asked, or gives a body back chunk by chunk, or fails.
#[derive(Clone)]
struct Echo;

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Chunks>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Self::Response>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            match request.uri().path() {
                "/fail" => Err(std::io::Error::other("the service is broken")),
                "/body" => Ok(http::Response::new(Chunks::Echo(request.into_body()))),
                _ => {
                    let text = format!("{} {} {:?}", request.method(), request.uri(), request.headers().get("x-one"));
                    let response = http::Response::builder().status(203).header("X-From", "service");
                    Ok(response.header("X-From", "again").body(Chunks::Whole(Some(text.into()))).unwrap())
                }
            }
        })
    }
}

/// A body of one chunk, or of those of a request.
enum Chunks {
    Whole(Option<Bytes>),
    Echo(Body),
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = firewhirl_http::BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Whole(chunk) => Poll::Ready(chunk.take().map(|chunk| Ok(Frame::data(chunk)))),
            Self::Echo(body) => Pin::new(body).poll_frame(task),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(chunk) => chunk.is_none(),
            Self::Echo(body) => body.is_end_stream(),
        }
    }
}

fn application() -> Rc<Application> {
    Rc::new(Application::new().get("/api/own", async |cx| cx.write("own")).mount("/api", Echo))
}

#[test]
fn a_service_gets_every_path_below_its_prefix() {
    let cases = [
        ("/api", "GET / None"),
        ("/api/", "GET / None"),
        ("/api/a/b%2Fc%ff?x=1", "GET /a/b%2Fc%ff?x=1 None"),
        ("/api?x", "GET /?x None"),
    ];
    for (target, body) in cases {
        let answer = get(target).to(&application());
        assert_eq!(answer.parts(), (203, body), "{target}");
    }
    assert_eq!(get("/api/own").to(&application()).body, "own");
    assert_eq!(get("/apis").to(&application()).status, 404);
    let with_header = get("/api").header("X-One", "1").to(&application());
    assert_eq!(with_header.body, "GET / Some(\"1\")");
}

#[test]
fn a_services_response_is_sent_as_it_is() {
    let answer = get("/api").to(&application());
    let from: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "X-From").map(|(_, value)| value).collect();
    assert_eq!(from, ["service", "again"]);
    assert_eq!(answer.header("Content-Length"), Some("10"));
    assert_eq!(answer.header("Content-Type"), None);
    assert_eq!(answer.header("Etag"), None);
    assert_eq!(ask("HEAD /api").to(&application()).parts(), (203, ""));
}

#[test]
fn bodies_are_streamed_both_ways() {
    assert_eq!(post("/api/body", "a=1").to(&application()).body, "a=1");
    assert_eq!(get("/api/body").to(&application()).body, "");
    run(async {
        let mut stream = connect(&application());
        stream.write("POST /api/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        for part in ["first", "other"] {
            stream.write(format!("5\r\n{part}\r\n"));
            // The answer comes before the request is complete.
            stream.read_until(part.as_bytes()).await?;
        }
        stream.write("0\r\n\r\n");
        assert!(stream.read_until_close().await?.ends_with(b"0\r\n\r\n"));
        Ok(())
    });
}

#[test]
fn a_service_that_fails_is_500_and_logged() {
    let lines = logged(|| assert_eq!(get("/api/fail").to(&application()).status, 500));
    assert!(lines.iter().any(|line| line.contains("the service is broken")), "{lines:?}");
}

#[test]
fn a_mounted_service_has_the_sites_around_it() {
    struct Closed;
    impl Site for Closed {
        type User = NoUser;
        async fn prepare(&self, _: &firewhirl_web::Context) -> Result {
            Err(HttpError::new(403))?
        }
    }
    let application = Rc::new(Application::new().site(Closed).mount("/api", Echo));
    assert_eq!(get("/api").to(&application).status, 403);
}

#[test]
fn the_body_may_go_to_another_thread() {
    fn assert_send<T: Send + 'static>() {}
    assert_send::<Body>();
}

/// What a body gives in all.
async fn collected<B: http_body::Body<Data = Bytes>>(body: B) -> String
where
    B::Error: std::fmt::Debug,
{
    let mut body = Box::pin(body);
    let mut text = String::new();
    while let Some(frame) = poll_fn(|task| body.as_mut().poll_frame(task)).await {
        text += std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap();
    }
    text
}

/// A request's body whose length is not known beforehand.
struct Counted(u32);

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.0.to_string().into()))))
    }
}

#[test]
fn an_application_is_a_service() {
    run(async {
        let mut application = Application::new()
            .get("/hello/{name}", async |cx| cx.write(format!("{} {}", cx.path::<String>("name")?, cx.request.host())))
            .post("/echo", async |cx| cx.write(cx.request.body()))
            .get("/stream", async |cx| {
                for number in 0..3 {
                    cx.write(number.to_string())?;
                    cx.flush().await?;
                    yield_now().await;
                }
                Ok(())
            })
            .post(url("/unread").stream_request_body(), async |cx| cx.write("not read"));

        let request = http::Request::get("http://example.com/hello/Ada").body(String::new())?;
        let response = application.call(request).await?;
        assert_eq!((response.status().as_u16(), response.headers()["content-length"].to_str()?), (200, "15"));
        assert!(!response.headers().contains_key("connection"));
        assert_eq!(collected(response.into_body()).await, "Ada example.com");

        let whole = http::Request::post("/echo").body("some text".to_owned())?;
        assert_eq!(collected(application.call(whole).await?.into_body()).await, "some text");
        let counted = http::Request::post("/echo").body(Counted(5))?;
        assert_eq!(collected(application.call(counted).await?.into_body()).await, "43210");

        let streamed = http::Request::get("/stream").body(String::new())?;
        assert_eq!(collected(application.call(streamed).await?.into_body()).await, "012");
        let unread = http::Request::post("/unread").body("x".repeat(1_000_000))?;
        assert_eq!(collected(application.call(unread).await?.into_body()).await, "not read");
        let missing = http::Request::get("/nothing").body(String::new())?;
        assert_eq!(application.call(missing).await?.status(), 404);
        Ok(())
    });
}

#[test]
fn a_service_in_a_group_that_asks_for_a_login_is_reached_by_those_alone_who_are() {
    struct Members;
    impl Site for Members {
        type User = String;
        async fn current_user(&self, cx: &firewhirl_web::Context) -> Result<Option<String>> {
            Ok(cx.request.header("X-User").map(str::to_owned))
        }
    }
    let members = Router::new().site(Members).authenticated().mount("/api", Echo);
    let application = Rc::new(Application::new().login_url("/login").mount("/members", members));
    let answer = get("/members/api/x").to(&application);
    assert_eq!((answer.status, answer.header("Location")), (302, Some("/login?next=%2Fmembers%2Fapi%2Fx")));
    assert_eq!(post("/members/api/x", "").to(&application).status, 403);
    assert_eq!(get("/members/api/x").header("X-User", "Ada").to(&application).body, "GET /x None");
    assert!(application.routes()[0].requires_login && application.routes()[0].verbs.is_empty());
}

//! Asking an application over a pair in memory, and what it logs meanwhile.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::client::{
    ConnectionPool, Destination, Dial, Dialing, OutgoingBody, OutgoingRequest, PoolOptions, Scheme, Versions,
};
use firewhirl_http::httputil::reason_phrase;
use firewhirl_http::{Headers, ServerOptions, serve_stream};
use firewhirl_testing::expect_log;
use firewhirl_web::Application;

/// Runs a test on a loop of its own.
pub(crate) fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(20), test).unwrap();
    io_loop.close().unwrap();
}

/// A request, built piece by piece.
#[derive(Clone)]
pub(crate) struct Ask {
    line: String,
    headers: String,
    body: Vec<u8>,
}

/// A request of a method and a target, such as `GET /x`.
pub(crate) fn ask(line: &str) -> Ask {
    Ask { line: line.to_owned(), headers: String::new(), body: Vec::new() }
}

/// A GET.
pub(crate) fn get(target: &str) -> Ask {
    ask(&format!("GET {target}"))
}

/// A POST of a urlencoded form.
pub(crate) fn post(target: &str, form: &str) -> Ask {
    ask(&format!("POST {target}")).header("Content-Type", "application/x-www-form-urlencoded").body(form)
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request as it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let host = if self.headers.to_ascii_lowercase().contains("host:") { "" } else { "Host: example.com\r\n" };
        let length = match self.body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let mut bytes = format!("{} HTTP/1.1\r\n{host}{}{length}\r\n", self.line, self.headers).into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it to an application, over a connection and a loop of its own.
    pub(crate) fn to(&self, application: &Rc<Application>) -> Answer {
        let mut answer = None;
        run(async {
            answer = Some(self.send(application).await?);
            Ok(())
        });
        answer.unwrap()
    }

    /// Sends it to an application, over a connection of its own.
    pub(crate) async fn send(&self, application: &Rc<Application>) -> Result<Answer> {
        if crate::VERSION == http::Version::HTTP_2 {
            return self.send_over_http2(application).await;
        }
        let mut stream = connect(application);
        stream.write(self.clone().header("Connection", "close").bytes());
        Ok(Answer::read(&stream.read_until_close().await?))
    }

    /// Sends it as a stream of HTTP/2, by our own client.
    async fn send_over_http2(&self, application: &Rc<Application>) -> Result<Answer> {
        let pool = ConnectionPool::new(PoolOptions::new().dial(To(Rc::clone(application))));
        let destination = Destination::new(Scheme::Http, "example.com", 80).versions(Versions::Http2);
        let (method, target) = self.line.split_once(' ').unwrap_or((&self.line, "/"));
        let mut request = OutgoingRequest::new(Rc::new(destination), method.parse()?, target);
        for line in self.headers.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            if name.eq_ignore_ascii_case("host") {
                request.headers.set(name, value)?;
            } else {
                request.headers.add(name, value)?;
            }
        }
        if !self.body.is_empty() {
            request.body = OutgoingBody::Whole(self.body.clone().into());
        }
        let mut response = pool.send(request).await?;
        let body = response.read_body().await?;
        // Names in the form that they have in HTTP/1.1, for those who look for them.
        let mut headers = Headers::new();
        for (name, value) in response.fields() {
            headers.add(name, value)?;
        }
        let headers =
            headers.iter().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()));
        Ok(Answer {
            status: response.status().as_u16(),
            reason: reason_phrase(response.status().as_u16()).to_owned(),
            headers: headers.collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Sends it to an application, over a connection that then is the test's.
    pub(crate) async fn begin(&self, application: &Rc<Application>) -> Result<IoStream> {
        let mut stream = connect(application);
        stream.write(self.bytes());
        stream.flush().await?;
        Ok(stream)
    }

    /// Sends it to an application, and leaves once the handler has begun, without an answer.
    pub(crate) async fn abandon(&self, application: &Rc<Application>) -> Result {
        let _stream = self.begin(application).await?;
        sleep(Duration::from_millis(2)).await;
        Ok(())
    }
}

/// Makes connections to an application.
struct To(Rc<Application>);

impl Dial for To {
    fn dial<'a>(&'a self, _: &'a Destination) -> Dialing<'a> {
        Box::pin(async { Ok(connect(&self.0)) })
    }
}

/// The client's end of a connection to an application.
pub(crate) fn connect(application: &Rc<Application>) -> IoStream {
    let (near, far) = IoStream::pair().unwrap();
    IoLoop::current().spawn_callback(serve_stream(near, Rc::clone(application), ServerOptions::new()));
    far
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Reads a whole response, with whatever framing.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
        let mut lines = head.split("\r\n");
        let mut status_line = lines.next().unwrap().splitn(3, ' ').skip(1);
        let status = status_line.next().unwrap().parse().unwrap();
        let reason = status_line.next().unwrap_or_default().to_owned();
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut answer = Self { status, reason, headers: lines.filter_map(field).collect(), body: String::new() };
        let chunked = answer.header("Transfer-Encoding") == Some("chunked");
        answer.body = if chunked { unchunked(body) } else { body.to_owned() };
        answer
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The headers' names, in order, without what only HTTP/1.1 says of its connection.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "Connection").collect()
    }

    /// Status and body at once.
    pub(crate) fn parts(&self) -> (u16, &str) {
        (self.status, &self.body)
    }
}

fn unchunked(mut framed: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = framed.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body += &rest[..size];
        framed = &rest[(size + 2).min(rest.len())..];
    }
    body
}

/// The lines that `run` logs on this thread from `INFO` on, each as `LEVEL target: message`.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<String> {
    let log = expect_log("", "").optional();
    run();
    log.entries().iter().map(ToString::to_string).collect()
}

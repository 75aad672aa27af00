//! Servers for tests of the client that no framework would be: they send what they are told to, and keep what
//! they were sent.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::{IoLoop, IoStream};
use firewhirl_http::client::{AsyncHttpClient, ClientOptions, Destination, Dial, Dialing};

/// A server at the other end of every connection, in memory, whatever the host: it reads a head and sends an
/// answer, in turn those that it has and then the last again, and closes.
#[derive(Clone)]
pub(crate) struct Canned {
    answers: Rc<RefCell<Vec<Vec<u8>>>>,
    heads: Rc<RefCell<Vec<String>>>,
}

impl Canned {
    pub(crate) fn of<Answer: Into<Vec<u8>>>(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().map(Into::into).collect();
        answers.reverse();
        Self { answers: Rc::new(RefCell::new(answers)), heads: Rc::default() }
    }

    /// The heads of the requests that have come.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.borrow().clone()
    }

    /// The value of a field in the last request.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let heads = self.heads.borrow();
        let mut lines = heads.last()?.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    /// A client that has no other server.
    pub(crate) fn client(&self) -> AsyncHttpClient {
        self.client_with(ClientOptions::new())
    }

    pub(crate) fn client_with(&self, options: ClientOptions) -> AsyncHttpClient {
        AsyncHttpClient::with(options.dial(self.clone()))
    }

    fn next_answer(&self) -> Vec<u8> {
        let mut answers = self.answers.borrow_mut();
        let last = answers.pop().unwrap_or_default();
        if answers.is_empty() {
            answers.push(last.clone());
        }
        last
    }
}

impl Dial for Canned {
    fn dial<'a>(&'a self, _: &'a Destination) -> Dialing<'a> {
        let (near, mut far) = IoStream::pair().unwrap();
        let server = self.clone();
        IoLoop::current().spawn_callback(async move {
            let head = far.read_until(b"\r\n\r\n").await?;
            server.heads.borrow_mut().push(String::from_utf8_lossy(&head).into_owned());
            far.write(server.next_answer());
            // A client may have left in the middle of it.
            let _ = far.flush().await;
            Ok(())
        });
        Box::pin(async { Ok(near) })
    }
}

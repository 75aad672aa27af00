//! The client that reads server-sent events, against servers that break off, lie and fall silent.

mod support;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use firewhirl_event::locks::Event;
use firewhirl_event::{IoStream, Result};
use firewhirl_http::HttpRequest;
use firewhirl_http::client::{EventSource, EventSourceError};
use firewhirl_tcp::{BindOptions, TcpServer};
use support::run;

const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

/// What a server does with one connection after another.
#[derive(Clone, Copy)]
enum Answer {
    /// Sends an event stream with these lines, and closes.
    Events(&'static str),
    /// Sends this and closes.
    Raw(&'static str),
    /// Begins a stream and says nothing more.
    Silence,
}

/// A server that answers its first connections so, and the heads of the requests that it got.
fn server(answers: &'static [Answer]) -> (u16, Rc<RefCell<Vec<String>>>) {
    let heads: Rc<RefCell<Vec<String>>> = Rc::default();
    let seen = Rc::clone(&heads);
    let server = TcpServer::new(async move |mut stream: IoStream, _| {
        let head = stream.read_until(b"\r\n\r\n").await?;
        let number = seen.borrow().len();
        seen.borrow_mut().push(String::from_utf8_lossy(&head).into_owned());
        match answers.get(number).copied().unwrap_or(Answer::Raw("HTTP/1.1 204 No Content\r\n\r\n")) {
            Answer::Raw(text) => stream.write(text),
            Answer::Events(events) => stream.write(format!("{STREAM}{events}")),
            Answer::Silence => {
                stream.write(STREAM);
                stream.read_until_close().await?;
            }
        }
        Ok(stream.flush().await?)
    });
    let port = server.listen_with(0, &BindOptions::default().address("127.0.0.1")).unwrap().port().unwrap();
    (port, heads)
}

fn events_of(port: u16) -> EventSource {
    EventSource::new(format!("http://127.0.0.1:{port}/events")).retry_delay(Duration::ZERO)
}

/// Every event up to the end, as kind, id and data.
async fn all(events: &mut EventSource) -> Result<Vec<String>> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await? {
        all.push(format!("{}/{}/{}", event.kind(), event.last_id(), event.data()));
    }
    Ok(all)
}

#[test]
fn a_stream_that_breaks_off_goes_on_where_it_was() {
    run(async {
        let (port, heads) = server(&[
            Answer::Events("data: a\n\nid: 1\ndata: b\n\nid: 2\ndata: cut off"),
            Answer::Events("event: x\nid: 2\ndata: c\n\n"),
            Answer::Events(""),
        ]);
        let mut events = events_of(port);
        assert_eq!(all(&mut events).await?, ["message//a", "message/1/b", "x/2/c"]);
        assert_eq!(events.next().await?, None, "204 is for good");
        let last_ids: Vec<Option<String>> = heads.borrow().iter().map(|head| field(head, "Last-Event-Id")).collect();
        assert_eq!(last_ids, [None, Some("1".into()), Some("2".into()), Some("2".into())]);
        assert_eq!(field(&heads.borrow()[0], "Accept").as_deref(), Some("text/event-stream"));
        Ok(())
    });
}

fn field(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

#[test]
fn what_is_no_event_stream_is_an_error() {
    run(async {
        let (port, heads) = server(&[
            Answer::Raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"),
            Answer::Raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            Answer::Events("data: after all\n\n"),
        ]);
        let mut events = events_of(port);
        let error = events.next().await.unwrap_err();
        assert!(matches!(&error, EventSourceError::ContentType(found) if found == "text/html"), "{error:?}");
        let error = events.next().await.unwrap_err();
        assert!(matches!(error, EventSourceError::Status(status) if status == 404), "{error:?}");
        assert_eq!(heads.borrow().len(), 2, "neither was asked again by itself");
        assert_eq!(all(&mut events).await?, ["message//after all"], "but the caller may");
        Ok(())
    });
}

#[test]
fn a_server_that_is_coming_back_is_waited_for() {
    run(async {
        let (port, heads) = server(&[
            Answer::Raw("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
            Answer::Raw("HTTP/1.1 200"),
            Answer::Events("data: here\n\n"),
        ]);
        assert_eq!(all(&mut events_of(port)).await?, ["message//here"]);
        assert_eq!(heads.borrow().len(), 4);
        Ok(())
    });
}

#[test]
fn redirects_are_followed() {
    run(async {
        let (port, heads) = server(&[
            Answer::Raw("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            Answer::Events("id: 1\ndata: a\n\n"),
        ]);
        assert_eq!(all(&mut events_of(port)).await?, ["message/1/a"]);
        let paths: Vec<String> =
            heads.borrow().iter().map(|head| head[..head.find(" HTTP").unwrap()].to_owned()).collect();
        assert_eq!(paths, ["GET /events", "GET /elsewhere", "GET /events"]);
        Ok(())
    });
}

#[test]
fn a_silent_stream_is_asked_for_again() {
    run(async {
        let (port, _) = server(&[Answer::Silence, Answer::Events("data: a\n\n")]);
        let mut events = events_of(port).idle_timeout(Duration::from_millis(50));
        assert_eq!(all(&mut events).await?, ["message//a"]);
        Ok(())
    });
}

#[test]
fn a_server_that_is_not_there_is_given_up() {
    run(async {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let error = events_of(port).max_attempts(1).next().await.unwrap_err();
        assert!(matches!(error, EventSourceError::Fetch(_)), "{error:?}");
        let error = EventSource::new("ftp://localhost/").next().await.unwrap_err();
        assert!(matches!(error, EventSourceError::Fetch(_)), "{error:?}");
        Ok(())
    });
}

#[test]
fn an_event_that_is_too_long_is_an_error() {
    run(async {
        let (port, _) = server(&[Answer::Events("data: a\n\ndata: 0123456789\n\n")]);
        let mut events = events_of(port).max_event_size(10);
        let error = all(&mut events).await.unwrap_err();
        assert!(error.to_string().contains("more than 10 bytes"), "{error}");
        Ok(())
    });
}

#[test]
fn a_wait_that_is_given_up_loses_no_event() {
    run(async {
        let (begun, go_on) = (Rc::new(Event::new()), Rc::new(Event::new()));
        let (told, awaited) = (Rc::clone(&begun), Rc::clone(&go_on));
        let server = TcpServer::new(async move |mut stream: IoStream, _| {
            stream.read_until(b"\r\n\r\n").await?;
            stream.write(format!("{STREAM}data: one\n\ndata: t"));
            stream.flush().await?;
            told.set();
            awaited.wait().await;
            stream.write("wo\n\n");
            Ok(stream.flush().await?)
        });
        let server = server.listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
        let request = HttpRequest::new(format!("http://127.0.0.1:{}/", server.port().unwrap()));
        let mut events = EventSource::new(request).last_event_id("17");
        assert_eq!(events.next().await?.unwrap().data(), "one");
        begun.wait().await;
        for _ in 0..3 {
            let mut next = pin!(events.next());
            assert!(poll_fn(|task| Poll::Ready(next.as_mut().poll(task).is_pending())).await);
        }
        go_on.set();
        assert_eq!(events.next().await?.unwrap().data(), "two");
        assert_eq!(events.last_id(), "17");
        Ok(())
    });
}

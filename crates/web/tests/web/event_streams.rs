//! Server-sent events as a browser gets them.

use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::queues::Queue;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::event_stream::{EventStreamParser, ServerSentEvent};
use firewhirl_testing::{TestServer, http_test, run_test};
use firewhirl_web::Application;

type News = Rc<Queue<ServerSentEvent>>;

/// Tells what comes into the queue, and notes in `ended` when it has returned.
fn application(news: &News, ended: &Rc<Queue<&'static str>>) -> Application {
    let (news, ended) = (Rc::clone(news), Rc::clone(ended));
    Application::new().compress_response(true).get("/", async move |cx| {
        let events = cx.event_stream().await?.heartbeat(Duration::from_millis(30));
        events.comment(&format!("after {:?}", events.last_event_id())).await?;
        while let Some(event) = events.wait(news.get()).await? {
            events.send(event).await?;
        }
        ended.put("returned").await;
        Ok(())
    })
}

/// A stream that was asked for, its head read.
async fn asked(mut stream: IoStream, headers: &str) -> Result<(IoStream, String)> {
    // HTTP/1.0, so that the stream has no chunks.
    stream.write(format!("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n{headers}\r\n"));
    let head = stream.read_until(b"\r\n\r\n").await?;
    Ok((stream, String::from_utf8(head.to_vec())?))
}

#[test]
fn events_reach_the_client_as_they_come() {
    let (news, ended) = (News::default(), Rc::default());
    let (told, noted) = (Rc::clone(&news), Rc::clone(&ended));
    let app = async move || Ok(application(&told, &noted));
    http_test(app, async move |client| {
        let (mut stream, head) = asked(client.connect().await?, "Last-Event-ID: 6\r\n").await?;
        for line in ["Content-Type: text/event-stream\r\n", "Cache-Control: no-store\r\n", "X-Accel-Buffering: no\r\n"]
        {
            assert!(head.contains(line), "{head}");
        }
        assert!(!head.contains("Content-Encoding"), "{head}");
        let mut parser = EventStreamParser::new();
        assert_eq!(stream.read_until(b"\n\n").await?, ": after \"6\"\n\n");
        for (number, data) in [(7, "one\nevent"), (8, "another")] {
            news.put(ServerSentEvent::new(data).id(number.to_string()).event("note")).await;
            let event = loop {
                parser.push(&stream.read_until(b"\n\n").await?)?;
                if let Some(event) = parser.next_event() {
                    break event;
                }
            };
            assert_eq!((event.data(), event.kind(), event.last_id()), (data, "note", &number.to_string()[..]));
        }
        // In silence there are heartbeats.
        for _ in 0..3 {
            assert_eq!(stream.read_until(b"\n\n").await?, ":\n\n");
        }
        stream.close();
        assert_eq!(ended.get().await, "returned", "the handler learns that its client has left");
        Ok(())
    });
}

#[test]
fn an_answer_to_head_ends_at_once() {
    let app = async || Ok(application(&News::default(), &Rc::default()));
    http_test(app, async |client| {
        let response = client.head("/").await?;
        assert_eq!(response.header("Content-Type"), Some("text/event-stream"));
        assert!(response.body().is_empty());
        Ok(())
    });
}

#[test]
fn a_server_that_stops_tells_its_clients_when_to_come_back() {
    run_test(async {
        let (news, ended) = (News::default(), Rc::default());
        let (told, noted) = (Rc::clone(&news), Rc::clone(&ended));
        let server = TestServer::start(async move || Ok(application(&told, &noted)))?;
        let mut streams = Vec::new();
        for _ in 0..3 {
            streams.push(asked(server.client().connect().await?, "").await?.0);
        }
        let http_server = server.http_server().clone();
        let drained = IoLoop::current().spawn(async move { http_server.drain(Duration::from_secs(10)).await });
        let mut delays = Vec::new();
        for mut stream in streams {
            let mut parser = EventStreamParser::new();
            parser.push(&stream.read_until_close().await?)?;
            delays.push(parser.retry().expect("a delay"));
        }
        drained.await?;
        assert!(delays.iter().all(|delay| (500..2500).contains(&delay.as_millis())), "{delays:?}");
        delays.dedup();
        assert_eq!(delays.len(), 3, "not all at once");
        Ok(())
    });
}

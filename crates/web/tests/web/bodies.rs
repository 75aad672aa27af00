//! Request bodies: whole before the handler runs, or streamed.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context, Handler, url};

use crate::support::{Answer, ask, connect, post, run};

#[derive(Clone)]
struct Upload {
    chunks: Rc<RefCell<Vec<String>>>,
}

impl Handler for Upload {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, cx: &Context) -> Result {
        assert!(cx.request.body().is_empty());
        self.chunks.borrow_mut().push("prepare".into());
        Ok(())
    }

    async fn put(&mut self, cx: &Context) -> Result {
        while let Some(chunk) = cx.body().next().await? {
            self.chunks.borrow_mut().push(String::from_utf8_lossy(&chunk).into_owned());
        }
        cx.write("received")
    }
}

#[test]
fn a_streamed_body_comes_a_chunk_at_a_time() {
    run(async {
        let chunks = Rc::default();
        let upload = Upload { chunks: Rc::clone(&chunks) };
        let mut stream = connect(&Rc::new(Application::new().route("/", upload)));
        stream.write("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        for part in ["4\r\nasdf\r\n", "4\r\nqwer\r\n"] {
            stream.write(part);
            stream.flush().await?;
            let before = chunks.borrow().len();
            while chunks.borrow().len() == before {
                firewhirl_event::coroutine::yield_now().await;
            }
        }
        stream.write("0\r\n\r\n");
        assert_eq!(Answer::read(&stream.read_until_close().await?).body, "received");
        let joined = chunks.borrow().concat();
        assert_eq!(joined, "prepareasdfqwer");
        Ok(())
    });
}

#[test]
fn a_body_that_is_too_long_while_streamed_is_413() {
    let chunks = Rc::default();
    let application = Rc::new(
        Application::new()
            .put(url("/").stream_request_body().max_body_size(4), async |cx| {
                while let Some(chunk) = cx.body().next().await? {
                    drop(chunk);
                }
                cx.write("too much")
            })
            .route("/other", Upload { chunks }),
    );
    assert_eq!(ask("PUT /").body("12345").to(&application).status, 413);
    assert_eq!(ask("PUT /").body("1234").to(&application).body, "too much");
}

#[test]
fn a_handler_that_reads_nothing_of_a_streamed_body_is_answered_all_the_same() {
    let application = Rc::new(Application::new().post(url("/").stream_request_body(), async |cx| cx.write("not read")));
    assert_eq!(post("/", "a=1").to(&application).body, "not read");
}

#[test]
fn a_body_that_was_read_whole_is_one_chunk() {
    let application = Rc::new(Application::new().post("/", async |cx| {
        let whole = cx.body().next().await?;
        let end = cx.body().next().await?;
        cx.write(format!("{whole:?} {end:?} {:?}", cx.request.body()))
    }));
    assert_eq!(ask("POST /").body("abc").to(&application).body, "Some(b\"abc\") None b\"abc\"");
    assert_eq!(ask("POST /").to(&application).body, "None None b\"\"");
}

#[test]
fn a_streamed_form_can_be_read_after_all() {
    #[derive(serde::Deserialize)]
    struct Form {
        a: u8,
    }
    let application = Rc::new(Application::new().post(url("/").stream_request_body(), async |cx| {
        let form: Form = cx.form().await?;
        cx.write(form.a.to_string())
    }));
    assert_eq!(post("/", "a=7").to(&application).body, "7");
}

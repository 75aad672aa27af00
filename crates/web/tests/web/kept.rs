//! What is kept from one request for the next is memory alone: nothing of the request, nothing of the
//! application.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, Context, Later, NoUser, Site};

use crate::support::{ask, connect, get, run};

/// Tells when it is dropped.
struct Told(Rc<Cell<bool>>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn an_application_that_is_no_longer_served_is_dropped_with_all_it_holds() {
    let dropped: Rc<Cell<bool>> = Rc::default();
    let (resource, held) = (Told(dropped.clone()), Told(Rc::default()));
    let application = Rc::new(Application::new().resource(resource).get("/", async move |cx| {
        assert!(!held.0.get());
        cx.write("served")
    }));
    assert_eq!(get("/").to(&application).body, "served");
    assert!(!dropped.get());
    drop(application);
    assert!(dropped.get(), "the context kept for the next request holds the application");
}

#[test]
fn nothing_of_a_request_reaches_the_next_one() {
    struct Mark;

    async fn first(cx: &Context) -> Result {
        cx.set_local(Mark);
        cx.set_status_and_reason(203, "Mine");
        cx.set_header("X-Mine", "1")?;
        cx.automatic_etag(false);
        cx.on_connection_close(|| panic!("told of another request's client"));
        assert_eq!((cx.argument("a")?, cx.body_arguments("b")?), ("1".into(), vec!["2".into()]));
        cx.write("first")
    }
    let application = Rc::new(Application::new().post("/{n}", first).get("/", async |cx| {
        assert!(cx.local::<Mark>().is_none());
        assert!(cx.request.body().is_empty() && cx.argument("a").is_err() && cx.body_arguments("b")?.is_empty());
        assert_eq!(cx.path_args().len(), 0);
        cx.write("second")
    }));
    run(async {
        let mut stream = connect(&application);
        let form = ask("POST /1?a=1").header("Content-Type", "application/x-www-form-urlencoded").body("b=2");
        stream.write(form.bytes());
        stream.read_until(b"\r\n\r\nfirst").await?;
        stream.write(get("/").bytes());
        let answer = stream.read_until(b"\r\n\r\nsecond").await?;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Etag: "), "{answer}");
        assert!(!answer.contains("X-Mine"), "{answer}");
        Ok(())
    });
}

#[test]
fn what_a_request_keeps_may_do_anything_when_another_value_takes_its_place() {
    struct Reader(Option<Later>);

    impl Drop for Reader {
        fn drop(&mut self) {
            if let Some(later) = &self.0 {
                later.set_local(1_u8);
            }
        }
    }
    struct Readers;

    impl Site for Readers {
        type User = NoUser;

        async fn prepare(&self, cx: &Context) -> Result {
            cx.set_local(Reader(Some(cx.finish_later())));
            cx.set_local(Reader(None));
            cx.finish(format!("{:?}", cx.local::<u8>()))
        }
    }
    let application = Rc::new(Application::new().site(Readers).get("/", async |_| Ok(())));
    assert_eq!(get("/").to(&application).body, "Some(1)");
}

//! Several services behind one proxy: turns, and one that fails.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl_testing::TestServer;

use crate::fronts::{answering, eventually, field, front, raw, read_head, run};

fn named(name: &'static str) -> Result<TestServer> {
    crate::fronts::serve(move || {
        Application::new().any("/", async move |cx| cx.write(format!("{name} {}", cx.request.body().len())))
    })
}

#[test]
fn each_gets_its_turn() {
    run(async {
        let (one, other) = (named("one")?, named("other")?);
        let front = front(proxy([one.url(""), other.url("")]))?;
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(front.client().get("/").await?.text().into_owned());
        }
        assert_eq!(answers, ["one 0", "other 0", "one 0", "other 0"]);
        Ok(())
    });
}

#[test]
fn one_that_is_not_there_costs_no_request_with_or_without_a_body() {
    run(async {
        let nowhere = format!("http://127.0.0.1:{}", firewhirl_testing::bind_unused_port()?.1);
        let there = named("there")?;
        let front = front(proxy([nowhere, there.url("")]))?;
        for _ in 0..4 {
            assert_eq!(front.client().get("/").await?.text(), "there 0");
            assert_eq!(front.client().post("/").body("abc").await?.text(), "there 3");
        }
        Ok(())
    });
}

#[test]
fn none_that_is_there_is_502() {
    run(async {
        let nowhere = || firewhirl_testing::bind_unused_port().map(|(_, port)| format!("http://127.0.0.1:{port}"));
        let front = front(proxy([nowhere()?, nowhere()?]))?;
        for _ in 0..3 {
            assert_eq!(front.client().get("/").await?.status(), 502);
        }
        Ok(())
    });
}

#[test]
fn one_that_breaks_off_is_followed_by_another_only_where_that_is_harmless() {
    run(async {
        let port = crate::fronts::listen(async |mut stream| {
            read_head(&mut stream).await?;
            Ok(())
        })?;
        let there = named("there")?;
        let front = front(proxy([format!("http://127.0.0.1:{port}"), there.url("")]))?;
        // Every other request goes to the broken one first.
        let mut statuses = Vec::new();
        for method in ["GET", "GET", "POST", "POST"] {
            let method = method.parse().unwrap();
            statuses.push(front.client().fetch(method, "/").await?.status().as_u16());
        }
        assert_eq!(statuses, [200, 200, 502, 200]);
        Ok(())
    });
}

#[test]
fn requests_under_way_can_be_limited_and_those_beyond_wait() {
    run(async {
        let (heads, behind) = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        let front = front(behind.max_connections(2))?;
        let client = front.client();
        let answers = multi((0..20).map(|_| client.get("/")).map(std::future::IntoFuture::into_future)).await?;
        assert!(answers.iter().all(|answer| answer.status() == 200));
        assert_eq!(heads.borrow().len(), 20);

        let has_come = Rc::new(Cell::new(false));
        let noted = has_come.clone();
        let behind = raw(async move |mut stream| {
            read_head(&mut stream).await?;
            noted.set(true);
            stream.wait_closed().await;
            Ok(())
        })?;
        let behind = behind.max_connections(1).connect_timeout(Duration::from_millis(100));
        let front = crate::fronts::front(behind)?;
        let mut first = front.client().connect().await?;
        first.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        first.flush().await?;
        eventually(|| has_come.get()).await;
        assert_eq!(front.client().get("/").await?.status(), 504);
        Ok(())
    });
}

#[test]
fn the_host_may_be_each_ones_own() {
    run(async {
        let (one, behind) = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        let front = front(behind.preserve_host(false))?;
        front.client().get("/").await?;
        assert!(field(&one.borrow()[0], "Host").unwrap().starts_with("127.0.0.1:"));
        Ok(())
    });
}

//! How many requests may be under way, and who is next.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::IoLoop;
use firewhirl_http::client::{HttpClientError, PoolOptions, TimeoutPhase};
use http::Method;
use tokio::time::sleep;

use crate::servers::{Script, Servers, echo, get, run, script, settle, silent, spawn, text, to};

/// Answers after a second, and knows how many do so at once.
fn slow(at_once: &Rc<Cell<usize>>, most: &Rc<Cell<usize>>) -> Script {
    let (at_once, most) = (at_once.clone(), most.clone());
    script(async move |mut stream| {
        loop {
            stream.read_until(b"\r\n\r\n").await?;
            at_once.set(at_once.get() + 1);
            most.set(most.get().max(at_once.get()));
            sleep(Duration::from_secs(1)).await;
            at_once.set(at_once.get() - 1);
            stream.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    })
}

#[test]
fn requests_beyond_max_clients_wait_in_order() {
    run(async {
        let servers = Servers::of([echo(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(2));
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut all = Vec::new();
        for number in 0..6 {
            let (pool, order) = (pool.clone(), order.clone());
            all.push(IoLoop::current().spawn(async move {
                let response = pool.send(get(&format!("/{number}"))).await?;
                order.borrow_mut().push(number);
                text(response).await
            }));
        }
        for (number, one) in all.into_iter().enumerate() {
            assert_eq!(one.await??, format!("/{number}"));
        }
        assert_eq!(*order.borrow(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(servers.dialled(), 2);
        Ok(())
    });
}

#[test]
fn no_more_are_under_way_than_may_be_in_all_or_to_a_host() {
    #[rustfmt::skip]
    const CASES: &[(usize, usize, usize)] = &[
        // max_clients, max_clients_per_host, and how many of ten requests to each of two hosts that makes
        (0, 0, 20),
        (7, 0, 7),
        (0, 3, 6),
        (5, 3, 5),
        (1, 1, 1),
    ];
    for &(max_clients, per_host, expected) in CASES {
        run(async {
            let (at_once, most) = (Rc::default(), Rc::default());
            let servers = Servers::of((0..20).map(|_| slow(&at_once, &most)));
            let options = PoolOptions::new().max_clients(max_clients).max_clients_per_host(per_host);
            let pool = servers.pool(options);
            let mut all = Vec::new();
            for number in 0..20 {
                let mut request = to(["a", "b"][number % 2], Method::GET, "/");
                request.connect_timeout = None;
                request.request_timeout = None;
                all.push(spawn(&pool, request));
            }
            for one in all {
                one.await??;
            }
            assert_eq!(most.get(), expected, "{max_clients} and {per_host}");
            Ok(())
        });
    }
}

#[test]
fn one_who_waits_for_a_host_keeps_nobody_from_another() {
    run(async {
        let servers = Servers::of([silent(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(2).max_clients_per_host(1));
        let busy = spawn(&pool, to("busy", Method::GET, "/"));
        let waiting: Vec<_> = (0..5).map(|_| spawn(&pool, to("busy", Method::GET, "/"))).collect();
        settle().await;
        assert_eq!(spawn(&pool, to("free", Method::GET, "/free")).await??, "/free");
        drop((busy, waiting));
        Ok(())
    });
}

#[test]
fn nobody_starves_behind_a_host_that_is_asked_all_the_time() {
    run(async {
        let servers = Servers::of([echo(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(1));
        let order = Rc::new(RefCell::new(Vec::new()));
        let mut all = Vec::new();
        for number in 0..60 {
            let host = if number == 50 { "once" } else { "often" };
            let (pool, order) = (pool.clone(), order.clone());
            all.push(IoLoop::current().spawn(async move {
                let answered = text(pool.send(to(host, Method::GET, "/")).await?).await;
                order.borrow_mut().push(number);
                answered
            }));
        }
        for one in all {
            one.await??;
        }
        assert!(order.borrow().is_sorted(), "{:?}", order.borrow());
        Ok(())
    });
}

#[test]
fn one_who_leaves_the_line_costs_no_place() {
    run(async {
        let servers = Servers::of([silent(), echo(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(1));
        let first = spawn(&pool, get("/first"));
        let second = spawn(&pool, get("/second"));
        let third = spawn(&pool, get("/third"));
        settle().await;
        second.abort();
        settle().await;
        first.abort();
        assert_eq!(third.await??, "/third");
        assert_eq!(spawn(&pool, get("/fourth")).await??, "/fourth");
        Ok(())
    });
}

#[test]
fn a_place_that_was_given_to_one_who_leaves_goes_on_to_the_next() {
    run(async {
        let servers = Servers::of([silent(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(1));
        let first = spawn(&pool, get("/first"));
        let second = spawn(&pool, get("/second"));
        let third = spawn(&pool, get("/third"));
        settle().await;
        // The place is given to the second while it has no chance to take it.
        first.abort();
        let mut first = first;
        assert!((&mut first).await.is_err());
        second.abort();
        assert_eq!(third.await??, "/third");
        Ok(())
    });
}

#[test]
fn the_time_in_the_queue_counts() {
    run(async {
        let servers = Servers::of([silent(), echo()]);
        let pool = servers.pool(PoolOptions::new().max_clients(1));
        let mut busy = get("/busy");
        busy.request_timeout = Some(Duration::from_secs(8));
        let busy = spawn(&pool, busy);
        settle().await;

        let mut short = get("/short");
        short.connect_timeout = Some(Duration::from_secs(5));
        let error = pool.send(short).await.unwrap_err();
        assert!(matches!(error, HttpClientError::Timeout { phase: TimeoutPhase::Queue }), "{error:?}");
        assert_eq!(error.to_string(), "Timeout in request queue");

        let response = pool.send(get("/patient")).await?;
        let queued = response.time_info().queue;
        assert!(queued > Duration::from_secs(2) && queued < Duration::from_secs(4), "{queued:?}");
        assert_eq!(busy.await?.unwrap_err().to_string(), "Timeout during request");
        Ok(())
    });
}

//! Probes over real sockets: before the service is built, while a check fails, and through a drain.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::locks::Event;
use firewhirl_event::{Error, IoLoop, Result};
use firewhirl_http::HttpServer;
use firewhirl_run::health::{Health, Unready};
use firewhirl_run::metrics::Metrics;
use firewhirl_tcp::BindOptions;
use firewhirl_web::Application;

/// Far longer than anything here takes on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

fn local() -> BindOptions {
    BindOptions::default().address("127.0.0.1")
}

/// The status and body of a GET over a connection of its own; `None` where there is nobody to connect to.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    Some((head[9..12].parse().unwrap(), body.to_owned()))
}

fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "it never came to be");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn at_sigterm_a_service_is_unready_at_once_and_serves_until_the_delay_is_over() {
    let (tell, told) = mpsc::channel();
    let server = thread::spawn(move || {
        let app = async || {
            Ok(Application::new()
                .get("/", async |cx| cx.write("hello"))
                .get("/long", async |cx| {
                    sleep(Duration::from_secs(5)).await;
                    cx.write("to the end")
                })
                .mount("", Health::new().router()))
        };
        let server = HttpServer::new(app).shutdown_delay(Duration::from_secs(6));
        let server = server.listen_with(0, &local()).unwrap().drain_on_signals(PATIENCE).unwrap();
        tell.send(server.port().unwrap()).unwrap();
        IoLoop::current().start().unwrap();
    });
    let port = told.recv().unwrap();
    assert_eq!(get(port, "/readyz"), Some((200, "ready\n".to_owned())));
    assert_eq!(get(port, "/healthz"), Some((200, "ok\n".to_owned())));

    let long = thread::spawn(move || get(port, "/long"));
    let kill = Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
    assert!(kill.unwrap().success());
    let mut last = None;
    until(|| {
        last = get(port, "/readyz");
        last.as_ref().is_none_or(|(status, _)| *status != 200)
    });
    assert_eq!(last, Some((503, "not ready: shutting down\n".to_owned())));
    assert_eq!(get(port, "/"), Some((200, "hello".to_owned())), "a balancer may not have noticed yet");
    assert_eq!(get(port, "/healthz").unwrap().0, 200, "it lives");

    until(|| get(port, "/").is_none());
    assert_eq!(long.join().unwrap(), Some((200, "to the end".to_owned())));
    server.join().unwrap();
}

/// Lets every worker of [`built_late`] build its service.
static BUILD: AtomicBool = AtomicBool::new(false);

async fn built_late() -> Result<Application> {
    while !BUILD.load(SeqCst) {
        sleep(Duration::from_millis(5)).await;
    }
    Ok(Application::new())
}

#[test]
fn a_probe_at_a_port_of_its_own_follows_the_services_workers() {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let server = HttpServer::new(built_late).bind_with(0, &local()).unwrap().start(2).unwrap();
        let health = Health::new().server(server.handle().readiness());
        let probes = HttpServer::new(async move || Ok(Metrics::new().application(&health)));
        let probes = probes.listen_with(0, &local()).unwrap();
        tell.send((probes.port().unwrap(), IoLoop::current().keep(server.handle()))).unwrap();
        IoLoop::current().start().unwrap();
    });
    let (probes, server) = told.recv().unwrap();
    assert_eq!(get(probes, "/readyz"), Some((503, "not ready: starting\n".to_owned())));
    assert_eq!(get(probes, "/healthz").unwrap().0, 200);
    BUILD.store(true, SeqCst);
    until(|| get(probes, "/readyz").unwrap().0 == 200);
    assert_eq!(get(probes, "/metrics").unwrap().0, 200);
    server.with(|server| server.announce_end());
    until(|| get(probes, "/readyz").unwrap() == (503, "not ready: shutting down\n".to_owned()));
    server.remote().stop();
    thread.join().unwrap();
}

#[test]
fn a_service_is_unready_while_a_check_fails_panics_or_takes_too_long() {
    let well = Rc::new(Cell::new(true));
    let stuck = Rc::new(RefCell::new(false));
    let (own, own_stuck) = (well.clone(), stuck.clone());
    let health = Health::new()
        .timeout(Duration::from_millis(50))
        .check("queue", async || Ok(()))
        .check("database", async move || if own.get() { Ok(()) } else { Err(Error::message("connection refused")) })
        .check("cache", async move || {
            if *own_stuck.borrow() {
                Event::new().wait().await;
            }
            Ok(())
        });
    let asked = health.clone();
    IoLoop::current()
        .run_sync(async move {
            assert_eq!(asked.ready().await, Ok(()));
            well.set(false);
            assert_eq!(asked.ready().await, Err(Unready::Failing(vec!["database".to_owned()])));
            stuck.replace(true);
            let both = Err(Unready::Failing(vec!["cache".to_owned(), "database".to_owned()]));
            assert_eq!(asked.ready().await, both);
            well.set(true);
            stuck.replace(false);
            assert_eq!(asked.ready().await, Ok(()));
            let panics = asked.clone().check("luck", async || panic!("none"));
            assert_eq!(panics.ready().await, Err(Unready::Failing(vec!["luck".to_owned()])));
            Ok(())
        })
        .unwrap();
    assert!(format!("{health:?}").contains("database"));
}

//! A connection that blocks its loop is named by the address at its other end.
#![cfg(target_os = "linux")]

use std::net::TcpStream;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use firewhirl_event::watchdog::BlockedLoop;
use firewhirl_event::{IoLoop, IoStream};
use firewhirl_tcp::{BindOptions, TcpServer};

/// Longer than anything takes, on the busiest machine.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn the_connection_that_blocks_is_named_by_its_address() {
    let (tell, told) = mpsc::channel();
    let seen: Arc<Mutex<Option<String>>> = Arc::default();
    let told_too = seen.clone();
    let io_loop = IoLoop::current();
    io_loop.set_blocking_signal_threshold(Duration::from_millis(50), move |blocked: &BlockedLoop| {
        *seen.lock().unwrap() = Some(blocked.label.clone().unwrap_or_default());
    });
    let server = TcpServer::new(async move |_stream: IoStream, _peer| {
        let started = Instant::now();
        while told_too.lock().unwrap().is_none() {
            assert!(started.elapsed() < LONG, "nobody tells of it");
            thread::sleep(Duration::from_millis(20));
        }
        tell.send(told_too.lock().unwrap().clone().unwrap()).unwrap();
        IoLoop::current().stop();
        Ok(())
    });
    let server = server.listen_with(0, &BindOptions::default().address("127.0.0.1")).unwrap();
    let client = TcpStream::connect(server.addresses()[0]).unwrap();
    io_loop.call_later(LONG, || IoLoop::current().stop());
    io_loop.start().unwrap();
    let label = told.try_recv().expect("the handler ran to its end");
    let begins = format!("the connection from {}, served by `", client.local_addr().unwrap());
    assert!(label.starts_with(&begins), "{label}");
    assert!(label.contains("the_connection_that_blocks_is_named"), "{label}");
}

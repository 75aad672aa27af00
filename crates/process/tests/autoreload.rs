//! Where autoreload begins, and where it does not. In a file of its own, for it begins once a process.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;

use firewhirl_event::IoLoop;
use firewhirl_process::autoreload;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn a_second_start_is_nothing_on_the_same_loop_and_a_warning_on_another() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone()))
        .init();
    IoLoop::current()
        .run_sync(async {
            autoreload::start();
            autoreload::start();
            Ok(())
        })
        .unwrap();
    assert_eq!(log.text(), "");
    assert!(autoreload::progress().is_none(), "a test is not restarted");

    let elsewhere = thread::spawn(|| {
        IoLoop::current().run_sync(async {
            autoreload::start();
            Ok(())
        })
    });
    elsewhere.join().unwrap().unwrap();
    let text = log.text();
    assert!(text.contains("WARN firewhirl::gen: autoreload started more than once in the same process"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

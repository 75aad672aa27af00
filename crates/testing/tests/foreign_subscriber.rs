//! In a process whose program has a subscriber for its logs already: tests see their thread's all the same.
//!
//! A process has one such subscriber for good, so this is a test target of its own.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use firewhirl_testing::expect_log;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static SEEN: AtomicUsize = AtomicUsize::new(0);

struct TheirOwn;

impl Subscriber for TheirOwn {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "theirs"
    }

    fn event(&self, _: &Event<'_>) {
        SEEN.fetch_add(1, Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_test_sees_its_threads_log_and_the_others_go_where_they_went() {
    let log_line = || tracing::warn!(target: "theirs", "a line");
    tracing::subscriber::set_global_default(TheirOwn).unwrap();
    log_line();
    assert_eq!(SEEN.load(Relaxed), 1);

    let log = expect_log("theirs", "a line");
    log_line();
    assert_eq!((log.matched(), SEEN.load(Relaxed)), (1, 1));

    std::thread::spawn(log_line).join().unwrap();
    assert_eq!((log.matched(), SEEN.load(Relaxed)), (1, 2));
}

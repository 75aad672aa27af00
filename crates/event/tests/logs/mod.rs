//! What is logged while a test runs on its thread, with the level that Tornado logs it at.

mod lines;

use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The lines that `run` logs, each as `LEVEL target: message`.
pub(crate) fn logged(run: impl FnOnce()) -> Vec<String> {
    // One subscriber for all threads: tracing caches for the whole process whether somebody
    // listens, and with a subscriber a thread the answer depends on which thread asks first.
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| lines::subscribe(|line| LINES.with_borrow_mut(|lines| lines.push(line))));
    LINES.take();
    run();
    LINES.take()
}

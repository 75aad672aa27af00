//! What a thread shows of the loop that it runs: whether it works, whether it still does the same, and
//! on whose behalf.
//!
//! This is all that a loop pays for being watched, so it is a handful of plain loads and stores in the
//! thread's own memory: no clock, no lock, no instruction that another core takes part in. The watchdog
//! reads them from its thread, the label only in a signal handler on this one.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};
use std::task::{Context, Poll};

use super::bell;
use super::label::Label;

thread_local! {
    static MARK: Mark = const { Mark { step_number: AtomicU64::new(0), label: Cell::new(ptr::null()) } };
}

/// What a thread shows.
pub(super) struct Mark {
    /// Odd while the loop works, even while it waits or there is none. Another number is another step.
    step_number: AtomicU64,
    /// What is worked for; only ever followed on this thread, while its scope lasts.
    label: Cell<*const Label<'static>>,
}

impl Mark {
    /// This thread's.
    pub(super) fn of_this_thread() -> *const Self {
        MARK.with(ptr::from_ref)
    }

    /// The number of the step now, as any thread may see it.
    pub(super) fn step_number(&self) -> u64 {
        self.step_number.load(Relaxed)
    }

    /// Only its own thread writes, so that a load and a store are enough.
    #[inline]
    fn set(&self, next: impl FnOnce(u64) -> u64) {
        self.step_number.store(next(self.step_number.load(Relaxed)), Relaxed);
    }
}

/// The loop waits from here on.
#[inline]
pub(crate) fn rest() {
    MARK.with(|mark| mark.set(|number| (number | 1) + 1));
}

/// The loop works from here on.
#[inline]
pub(crate) fn work() {
    MARK.with(|mark| mark.set(|number| (number + 1) | 1));
    bell::wake_if_it_sleeps();
}

/// Runs one step of the loop: what is done between two looks at what else is ready.
///
/// For whoever gives tasks to tokio itself: a task whose polls go through this is seen to begin a new
/// step each time, and named by its label. What [`IoLoop`](crate::IoLoop) spawns does it by itself.
#[inline]
pub fn step<T>(label: &Label<'_>, work: impl FnOnce() -> T) -> T {
    MARK.with(|mark| mark.set(|number| number + 2));
    labelled(label, work)
}

/// Runs `work`, and if it blocks the loop tells on whose behalf.
///
/// Labels nest: the innermost counts. It ends with the call, also by a panic.
#[inline]
pub fn labelled<T>(label: &Label<'_>, work: impl FnOnce() -> T) -> T {
    /// Puts the outer label back.
    struct Outer(*const Label<'static>);

    impl Drop for Outer {
        #[inline]
        fn drop(&mut self) {
            MARK.with(|mark| mark.label.set(self.0));
            // What the label borrowed may change from here on, and not before.
            compiler_fence(SeqCst);
        }
    }

    // The label is written before it is shown; the processor keeps that order for its own thread.
    compiler_fence(SeqCst);
    let _outer = MARK.with(|mark| Outer(mark.label.replace(ptr::from_ref(label).cast())));
    work()
}

/// Shows the label of this thread's work, if it has one, to `look`. Safe in a signal handler if `look` is.
pub(super) fn with_label<T>(look: impl FnOnce(&Label<'_>) -> T) -> Option<T> {
    let label = MARK.with(|mark| mark.label.get());
    compiler_fence(SeqCst);
    // SAFETY: the pointer is null or was made by `labelled` on this thread, from a reference to a label
    // that is still borrowed: `Outer` takes the pointer away before that call ends, in whichever way, and
    // on this thread nothing runs between that and us but `work`, or a handler that interrupted it. The
    // label's contents are shared borrows of bytes without interior mutability, so that they cannot
    // change meanwhile. The lifetime given out is that of this call.
    unsafe { label.as_ref() }.map(look)
}

/// A future whose every poll is a step of its own.
pub(crate) struct Steps<Work> {
    work: Work,
    label: &'static Label<'static>,
}

impl<Work> Steps<Work> {
    pub(crate) fn new(work: Work, label: &'static Label<'static>) -> Self {
        Self { work, label }
    }
}

impl<Work: Future> Future for Steps<Work> {
    type Output = Work::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let label = self.label;
        // SAFETY: `work` is pinned as long as the whole is: it is never moved out, there is no `Drop`
        // and no `Unpin` of our own that would say otherwise.
        let work = unsafe { self.map_unchecked_mut(|steps| &mut steps.work) };
        step(label, || work.poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::watchdog::LabelCopy;

    fn name(copy: &LabelCopy) -> String {
        copy.text.clone()
    }

    fn label_now() -> Option<String> {
        with_label(|label| label.text.to_owned())
    }

    fn step_number() -> u64 {
        MARK.with(Mark::step_number)
    }

    #[test]
    fn the_innermost_label_counts_until_its_call_ends() {
        let (outer, inner) = (Label::new(name).text("outer"), Label::new(name).text("inner"));
        assert_eq!(label_now(), None);
        labelled(&outer, || {
            assert_eq!(label_now().as_deref(), Some("outer"));
            labelled(&inner, || assert_eq!(label_now().as_deref(), Some("inner")));
            assert_eq!(label_now().as_deref(), Some("outer"));
        });
        assert_eq!(label_now(), None);
    }

    #[test]
    fn a_label_ends_with_a_panic_too() {
        let caught = catch_unwind(|| labelled(&Label::new(name).text("it"), || panic!("on purpose")));
        assert!(caught.is_err());
        assert_eq!(label_now(), None);
    }

    #[test]
    fn the_beat_is_odd_while_the_loop_works_and_each_step_changes_it() {
        work();
        let first = step_number();
        step(&Label::new(name), || ());
        let second = step_number();
        rest();
        let waiting = step_number();
        work();
        let third = step_number();
        rest();
        assert_eq!([first, second, waiting, third].map(|number| number % 2), [1, 1, 0, 1]);
        assert!(first < second && second < waiting && waiting < third);
    }
}

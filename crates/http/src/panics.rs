//! A handler's panic, kept from the loop: caught with its place and backtrace, so that it can be
//! logged and answered.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// What is known of a panic that was caught.
pub(crate) struct Caught {
    message: String,
    place: Option<String>,
    backtrace: Option<Backtrace>,
}

impl fmt::Display for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked")?;
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(backtrace) = &self.backtrace {
            write!(f, "\n{backtrace}")?;
        }
        Ok(())
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<(String, Backtrace)>> = const { RefCell::new(None) };
}

/// Runs `step`, which may be a user's code; its panic is an error, told to nobody else.
#[inline]
pub(crate) fn catch<T>(step: impl FnOnce() -> T) -> Result<T, Caught> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(step));
    GUARDED.set(outer);
    result.map_err(|payload| describe(&*payload))
}

/// Has panics inside [`catch`] noted in place of the usual message on standard error.
pub(crate) fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| if GUARDED.get() { note(info) } else { previous(info) }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    CAUGHT.replace(Some((place, Backtrace::force_capture())));
}

#[cold]
fn describe(payload: &(dyn Any + Send)) -> Caught {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is no text".to_owned());
    let (place, backtrace) = CAUGHT.take().unzip();
    Caught { message, place, backtrace }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message_place_and_backtrace() {
        install_hook();
        let caught = catch(|| panic!("no story {}", 7)).unwrap_err();
        let text = caught.to_string();
        assert!(text.contains("no story 7") && text.contains("panics.rs:"), "{text}");
        assert!(caught.backtrace.is_some());
        assert_eq!(catch(|| 1).ok(), Some(1));
    }
}

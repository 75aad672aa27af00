//! Values that belong to a loop as a whole, one of a type: Tornado's caches that are keyed by loop.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::IoLoop;

/// The loop's own values, by their type.
#[derive(Default)]
pub(super) struct Locals {
    values: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
}

impl Locals {
    /// Drops them all; the drop of one may ask for another, which is then made for nothing.
    pub(super) fn clear(&self) {
        drop(self.values.take());
    }
}

impl IoLoop {
    /// The loop's own value of this type, made by `make` when it is first asked for.
    ///
    /// For what all code on a loop shares without having been handed it, such as a pool of connections.
    /// The type is the key, so it should be one of your own. The value is dropped when the loop is closed;
    /// on a closed loop each call makes another. Stands for the `WeakKeyDictionary` of loops in which
    /// Tornado keeps its shared HTTP clients.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use firewhirl_event::IoLoop;
    ///
    /// #[derive(Default)]
    /// struct Visits(Cell<u32>);
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.local(Visits::default).0.set(1);
    /// assert_eq!(io_loop.local(Visits::default).0.get(), 1);
    /// assert_eq!(IoLoop::new()?.local(Visits::default).0.get(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let key = TypeId::of::<T>();
        let known = self.state.locals.values.borrow().get(&key).cloned();
        if let Some(value) = known.and_then(|value| value.downcast().ok()) {
            return value;
        }
        // Without a borrow: making it may ask for other values of the loop.
        let value = Rc::new(make());
        if !self.is_closed() {
            self.state.locals.values.borrow_mut().insert(key, value.clone());
        }
        value
    }

    /// Takes the loop's own value of this type away, so that the next to ask for it makes a new one.
    pub fn take_local<T: 'static>(&self) -> Option<Rc<T>> {
        let value = self.state.locals.values.borrow_mut().remove(&TypeId::of::<T>());
        value.and_then(|value| value.downcast().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_has_one_value_of_a_type() {
        let io_loop = IoLoop::new().unwrap();
        let first = io_loop.local(|| String::from("first"));
        assert!(Rc::ptr_eq(&first, &io_loop.local(|| String::from("second"))));
        assert_eq!(*io_loop.local(|| 7), 7);
        assert_eq!(*io_loop.take_local::<String>().unwrap(), "first");
        assert_eq!(*io_loop.local(|| String::from("second")), "second");
    }

    #[test]
    fn a_closed_loop_drops_its_values_and_keeps_none() {
        let io_loop = IoLoop::new().unwrap();
        let value = Rc::downgrade(&io_loop.local(|| 1));
        io_loop.close().unwrap();
        assert!(value.upgrade().is_none());
        assert_eq!(*io_loop.local(|| 2), 2);
        assert_eq!(*io_loop.local(|| 3), 3);
    }
}

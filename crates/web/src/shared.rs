//! State that the requests of a worker share.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// State that the requests of a worker share, changed only inside of a closure.
///
/// A `RefCell` borrowed across an `await` panics as soon as two requests meet in it; here no borrow
/// can cross one, for the closure is not `async`. Clones are the same state. With n workers there are
/// n of it: what has to be one goes through a store.
///
/// # Examples
///
/// ```
/// use firewhirl_web::{Application, Shared};
///
/// let hits = Shared::new(0_u64);
/// let application = Application::new().get("/", async move |cx| {
///     let hit = hits.with(|hits| { *hits += 1; *hits });
///     cx.write(format!("visitor {hit}"))
/// });
/// ```
pub struct Shared<T: ?Sized>(Rc<RefCell<T>>);

impl<T> Shared<T> {
    /// Makes shared state of a value.
    pub fn new(value: T) -> Self {
        Self(Rc::new(RefCell::new(value)))
    }

    /// Runs `visit` with the state, and returns what it returns.
    ///
    /// # Panics
    ///
    /// If `visit` itself calls `with` on the same state.
    pub fn with<R>(&self, visit: impl FnOnce(&mut T) -> R) -> R {
        visit(&mut self.0.borrow_mut())
    }

    /// Puts another value in its place, and returns the one before.
    pub fn replace(&self, value: T) -> T {
        self.0.replace(value)
    }

    /// A copy of the state.
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.0.borrow().clone()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.try_borrow() {
            Ok(value) => f.debug_tuple("Shared").field(&*value).finish(),
            Err(_) => f.write_str("Shared(in use)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_the_same_state() {
        let one = Shared::new(vec![1]);
        let other = one.clone();
        other.with(|list| list.push(2));
        assert_eq!(one.get(), [1, 2]);
        assert_eq!(one.replace(vec![]), [1, 2]);
        assert_eq!(format!("{other:?}"), "Shared([])");
    }
}

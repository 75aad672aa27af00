//! Values by their type: what the requests of a worker share, and what one request keeps.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::rc::Rc;

/// One value of each type.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    // A handful at most: looking through a short list is quicker than hashing.
    values: Vec<(TypeId, Rc<dyn Any>)>,
}

impl Resources {
    /// Puts a value in, and gives the one of its type that was there: to be dropped where no borrow is
    /// held, for its drop may be anything.
    pub(crate) fn insert<T: 'static>(&mut self, value: Rc<T>) -> Option<Rc<dyn Any>> {
        let id = TypeId::of::<T>();
        match self.values.iter_mut().find(|(other, _)| *other == id) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.values.push((id, value));
                None
            }
        }
    }

    /// The value of this type.
    pub(crate) fn get<T: 'static>(&self) -> Option<Rc<T>> {
        self.values.iter().find(|(id, _)| *id == TypeId::of::<T>())?.1.clone().downcast().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }
}

/// A resource was asked for that the application was not given: the program's fault, answered 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingResource {
    type_name: &'static str,
}

impl MissingResource {
    pub(crate) fn of<T>() -> Self {
        Self { type_name: type_name::<T>() }
    }
}

impl fmt::Display for MissingResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the application has no resource `{}`; give it one with `.resource(..)`", self.type_name)
    }
}

impl std::error::Error for MissingResource {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let mut resources = Resources::default();
        assert!(resources.insert(Rc::new(1_u8)).is_none());
        assert!(resources.insert(Rc::new("text")).is_none());
        assert!(resources.insert(Rc::new(2_u8)).is_some());
        assert_eq!(resources.get::<u8>().as_deref(), Some(&2));
        assert_eq!(resources.get::<u16>(), None);
        assert!(MissingResource::of::<u16>().to_string().contains("`u16`"));
    }
}

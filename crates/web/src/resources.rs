//! Values by their type or by a name: what the requests of a worker share, and what one request keeps.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::rc::Rc;

/// One value of each type, and one of each name.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    // A handful at most: looking through a short list is quicker than hashing.
    values: Vec<(TypeId, Rc<dyn Any>)>,
    named: Vec<Named>,
}

/// A value with a name.
#[derive(Clone)]
struct Named {
    name: String,
    type_name: &'static str,
    value: Rc<dyn Any>,
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

    /// Puts a value in under a name, in place of the one that has it.
    pub(crate) fn insert_named<T: 'static>(&mut self, name: String, value: T) {
        self.named.retain(|other| other.name != name);
        self.named.push(Named { name, type_name: type_name::<T>(), value: Rc::new(value) });
    }

    /// The value of this name, which is to be of this type.
    pub(crate) fn get_named<T: 'static>(&self, name: &str) -> Result<Rc<T>, MissingResource> {
        let named = self.named.iter().find(|named| named.name == name);
        let value = named.and_then(|named| named.value.clone().downcast().ok());
        value.ok_or_else(|| self.missing_named::<T>(name))
    }

    /// Puts a value in place of the one of its type, which has to be there.
    pub(crate) fn replace<T: 'static>(&mut self, value: T) -> Result<(), MissingResource> {
        self.get::<T>().ok_or_else(MissingResource::of::<T>)?;
        self.insert(Rc::new(value));
        Ok(())
    }

    /// Puts a value in place of the one of this name, which has to be there and of the same type.
    pub(crate) fn replace_named<T: 'static>(&mut self, name: &str, value: T) -> Result<(), MissingResource> {
        self.get_named::<T>(name)?;
        self.insert_named(name.to_owned(), value);
        Ok(())
    }

    fn missing_named<T>(&self, name: &str) -> MissingResource {
        let missing = MissingResource::of::<T>();
        let kind = match self.named.iter().find(|named| named.name == name) {
            Some(named) => Kind::OfAnotherType { name: name.to_owned(), found: named.type_name },
            None => {
                let known = self.named.iter().map(|named| named.name.clone()).collect();
                Kind::Named { name: name.to_owned(), known }
            }
        };
        MissingResource { kind, ..missing }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.named.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.named.clear();
    }
}

/// A resource was asked for that the application was not given: the program's fault, answered 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingResource {
    type_name: &'static str,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// None of the type.
    Typed,
    /// None of the name; there are these.
    Named { name: String, known: Vec<String> },
    /// The name has a value of another type.
    OfAnotherType { name: String, found: &'static str },
}

impl MissingResource {
    pub(crate) fn of<T>() -> Self {
        Self { type_name: type_name::<T>(), kind: Kind::Typed }
    }
}

impl fmt::Display for MissingResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, kind } = self;
        match kind {
            Kind::Typed => {
                write!(f, "the application has no resource `{type_name}`; give it one with `.resource(..)`")
            }
            Kind::Named { name, known } => {
                write!(f, "the application has no resource named {name:?}; give it one with `.named_resource(..)`")?;
                match known.as_slice() {
                    [] => Ok(()),
                    known => write!(f, " (it has {})", known.join(", ")),
                }
            }
            Kind::OfAnotherType { name, found } => {
                write!(f, "the resource named {name:?} is a `{found}`, not a `{type_name}`")
            }
        }
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

    #[test]
    fn there_is_one_value_of_each_name() {
        let mut resources = Resources::default();
        resources.insert_named("first".into(), 1_u8);
        resources.insert_named("second".into(), 2_u8);
        resources.insert_named("first".into(), "text");
        assert_eq!(resources.get_named::<&str>("first").as_deref(), Ok(&"text"));
        assert_eq!(resources.get_named::<u8>("second").as_deref(), Ok(&2));
        let wrong = resources.get_named::<u8>("first").unwrap_err().to_string();
        assert_eq!(wrong, "the resource named \"first\" is a `&str`, not a `u8`");
        let wrong = resources.get_named::<u8>("thrid").unwrap_err().to_string();
        assert!(wrong.starts_with("the application has no resource named \"thrid\"; give"), "{wrong}");
        assert!(wrong.ends_with("(it has second, first)"), "{wrong}");
    }

    #[test]
    fn only_what_is_there_is_replaced() {
        let mut resources = Resources::default();
        resources.insert(Rc::new(1_u8));
        resources.insert_named("name".into(), 1_u8);
        assert_eq!((resources.replace(2_u8), resources.replace_named("name", 3_u8)), (Ok(()), Ok(())));
        assert_eq!((*resources.get::<u8>().unwrap(), *resources.get_named::<u8>("name").unwrap()), (2, 3));
        assert!(resources.replace(1_u16).is_err());
        assert!(resources.replace_named("name", 1_u16).is_err() && resources.replace_named("nam", 1_u8).is_err());
    }
}

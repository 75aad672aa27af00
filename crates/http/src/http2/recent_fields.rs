//! A field as `h2` takes it, and those that were made lately.
//!
//! Most fields of an answer are the same as in the answer before. So each thread keeps the last value of a
//! few names as `h2` wants it, and gives it again, without a copy and a check of every byte.

use std::cell::RefCell;

use http::{HeaderName, HeaderValue};

use super::fields::is_connections_own;

/// Names whose last value is kept; a power of two. A name's place follows from its letters, and the newer
/// takes the place of the older.
const PLACES: usize = 32;

/// Bytes that a value which is kept may have.
const KEPT_MAX: usize = 128;

struct Recent {
    /// As our blocks spell it.
    spelled: Box<[u8]>,
    name: HeaderName,
    value: HeaderValue,
}

thread_local! {
    static RECENT: RefCell<[Option<Recent>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

/// A line of a header block; `None` for a connection's own, which HTTP/2 has not.
pub(super) fn translated(name: &[u8], value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    if value.len() > KEPT_MAX {
        return translate(name, value);
    }
    RECENT.with_borrow_mut(|places| {
        let place = &mut places[place(name)];
        if let Some(recent) = place
            && recent.value.as_bytes() == value
            && *recent.spelled == *name
        {
            return Some((recent.name.clone(), recent.value.clone()));
        }
        let (translated, value) = translate(name, value)?;
        *place = Some(Recent { spelled: name.into(), name: translated.clone(), value: value.clone() });
        Some((translated, value))
    })
}

fn translate(name: &[u8], value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    // Both were checked, by the same rules, when they got into the block.
    let name = HeaderName::from_bytes(name).ok()?;
    let value = HeaderValue::from_bytes(value).ok()?;
    (!is_connections_own(&name)).then_some((name, value))
}

/// Where a name is kept: `Server`, `Date`, `Content-Type`, `Content-Length` and `Etag` each have a place.
fn place(name: &[u8]) -> usize {
    let letter = |index: usize| name.get(index).copied().map_or(0, usize::from);
    (name.len() * 5 + letter(0) + letter(name.len() / 2) * 3) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_was_seen_before_is_never_given_for_another() {
        let lines =
            [("Server", "a"), ("Server", "b"), ("server", "a"), ("Sarver", "a"), ("Server", "a"), ("Server", "a")];
        for (name, value) in lines {
            let (translated, its) = translated(name.as_bytes(), value.as_bytes()).unwrap();
            assert_eq!((translated.as_str(), its.as_bytes()), (&*name.to_lowercase(), value.as_bytes()));
        }
    }

    #[test]
    fn what_is_a_connections_own_is_never_kept() {
        for _ in 0..2 {
            assert!(translated(b"Keep-Alive", b"5").is_none());
        }
    }

    #[test]
    fn the_fields_that_every_answer_has_do_not_drive_each_other_out() {
        let mut places =
            ["Server", "Date", "Content-Type", "Content-Length", "Etag", "Vary"].map(|name| place(name.as_bytes()));
        places.sort_unstable();
        assert!(places.windows(2).all(|pair| pair[0] != pair[1]), "{places:?}");
    }
}

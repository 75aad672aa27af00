//! Finding the first of a list of routes whose URL matches a path.
//!
//! The first match wins, in the order of the list, as in Tornado. A path without parameters is found by
//! its hash all the same: whether an earlier route with parameters takes it away is known when the
//! table is built, for then the path is known. The others are tried in order, only those whose first
//! segment fits.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::matcher::Matcher;
use crate::path::PathValues;

/// Positions of routes, found by path.
#[derive(Default)]
pub(crate) struct Table {
    literals: HashMap<Box<str>, usize, BuildHasherDefault<PathHasher>>,
    /// Routes with parameters whose first segment is literal, by that segment, without its slashes.
    by_segment: HashMap<Box<str>, Vec<usize>, BuildHasherDefault<PathHasher>>,
    /// The other routes with parameters.
    others: Vec<usize>,
}

impl Table {
    /// Builds a table over matchers, which [`find`](Self::find) is given again.
    pub(crate) fn new<'routes>(matchers: impl Iterator<Item = &'routes Matcher>) -> Self {
        let mut table = Self::default();
        let mut earlier: Vec<&Matcher> = Vec::new();
        for (position, matcher) in matchers.enumerate() {
            match matcher.as_literal() {
                Some(path) => {
                    if !earlier.iter().any(|matcher| matcher.matches(path, |_| ())) {
                        table.literals.entry(path.into()).or_insert(position);
                    }
                }
                None => {
                    earlier.push(matcher);
                    match whole_first_segment(matcher.literal_start()) {
                        Some(segment) => table.by_segment.entry(segment.into()).or_default().push(position),
                        None => table.others.push(position),
                    }
                }
            }
        }
        table
    }

    /// The position of the first route that matches; its parameters are then in `values`.
    pub(crate) fn find<'routes>(
        &self,
        path: &str,
        values: &mut PathValues,
        matcher: impl Fn(usize) -> &'routes Matcher,
    ) -> Option<usize> {
        if let Some(&position) = self.literals.get(path) {
            return Some(position);
        }
        let empty = Vec::new();
        let of_segment = self.by_segment.get(first_segment(path)).unwrap_or(&empty);
        merged(of_segment, &self.others).find(|&position| {
            values.clear();
            matcher(position).matches(path, |span| values.push(span))
        })
    }
}

/// What stands between a path's first two slashes.
fn first_segment(path: &str) -> &str {
    let segment = path.strip_prefix('/').unwrap_or(path);
    segment.split('/').next().unwrap_or_default()
}

/// The first segment, if all of it is literal.
fn whole_first_segment(start: &str) -> Option<&str> {
    let segment = start.strip_prefix('/')?;
    segment.find('/').map(|slash| &segment[..slash])
}

/// The numbers of two ascending lists, ascending.
fn merged<'lists>(mut left: &'lists [usize], mut right: &'lists [usize]) -> impl Iterator<Item = usize> + 'lists {
    std::iter::from_fn(move || {
        let smaller = match (left.first(), right.first()) {
            (Some(one), Some(other)) if other < one => &mut right,
            (None, _) => &mut right,
            _ => &mut left,
        };
        let (first, rest) = smaller.split_first()?;
        *smaller = rest;
        Some(*first)
    })
}

/// A quick hash of paths. Its keys are the program's own routes, so that nobody else can choose them;
/// a client's path is only looked up.
#[derive(Clone, Copy, Default)]
struct PathHasher(u64);

impl Hasher for PathHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(PRIME).rotate_left(29);
        }
        for &byte in chunks.remainder() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME).rotate_left(29);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{Url, regex, url};

    fn found(routes: &[Url], path: &str) -> Option<usize> {
        let matchers: Vec<Matcher> = routes.iter().map(|url| Matcher::new(&url.source).unwrap()).collect();
        let table = Table::new(matchers.iter());
        table.find(path, &mut PathValues::default(), |position| &matchers[position])
    }

    #[test]
    fn the_first_route_that_matches_is_found() {
        let routes = [
            url("/"),                  // 0
            url("/story/new"),         // 1
            url("/story/{id}"),        // 2
            url("/story/old"),         // 3, taken away by 2
            regex(r"/story/[a-z]+/x"), // 4
            url("/{section}/{id}/x"),  // 5
            url("/story/{id}/{part}"), // 6
            url("/about"),             // 7
            regex(r"/ab.*"),           // 8
            url("/abc"),               // 9, taken away by 8
            url("/{*rest}"),           // 10
        ];
        #[rustfmt::skip]
        let cases = [
            ("/",            0),
            ("/story/new",   1),
            ("/story/7",     2),
            ("/story/old",   2),
            ("/story/abc/x", 4),
            ("/story/7/x",   5),
            ("/other/7/x",   5),
            ("/story/7/y",   6),
            ("/about",       7),
            ("/abc",         8),
            ("/nothing",     10),
            ("/story/",      10),
        ];
        for (path, position) in cases {
            assert_eq!(found(&routes, path), Some(position), "{path}");
        }
        assert_eq!(found(&routes[..8], "/nothing"), None);
    }

    #[test]
    fn the_parameters_are_those_of_the_route_that_matched() {
        let urls = [url("/{a}/{b}/no"), url("/{a}/{b}")];
        let matchers: Vec<Matcher> = urls.iter().map(|url| Matcher::new(&url.source).unwrap()).collect();
        let table = Table::new(matchers.iter());
        let mut values = PathValues::default();
        assert_eq!(table.find("/x/y", &mut values, |position| &matchers[position]), Some(1));
        assert_eq!(values.len(), 2);
        assert_eq!(values.get(1, "/x/y"), Some("y"));
    }

    #[test]
    fn hashes_of_different_paths_differ() {
        let hash = |path: &str| {
            let mut hasher = PathHasher::default();
            hasher.write(path.as_bytes());
            hasher.finish()
        };
        let paths: Vec<String> = (0..1000).map(|number| format!("/path/{number}")).collect();
        let hashes: std::collections::HashSet<u64> = paths.iter().map(|path| hash(path)).collect();
        assert_eq!(hashes.len(), 1000);
    }
}

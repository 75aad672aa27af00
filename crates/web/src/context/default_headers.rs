//! The headers that every response begins with: `Server`, `Content-Type`, `Date`, in this order.
//!
//! They are kept ready as lines, so that a response begins with two copies of memory; the date in them
//! is renewed once a second.

use std::cell::RefCell;
use std::time::Instant;

use firewhirl_http::Headers;
use firewhirl_http::httputil::{DateCache, HttpDate};

/// What the `Server` header says.
const SERVER: &str = concat!("FirewhirlServer/", env!("CARGO_PKG_VERSION"));

/// What a response is unless it says otherwise.
const CONTENT_TYPE: &str = "text/html; charset=UTF-8";

struct DefaultHeaders {
    headers: Headers,
    date: HttpDate,
    clock: DateCache,
}

thread_local! {
    static DEFAULT: RefCell<DefaultHeaders> = RefCell::new(DefaultHeaders::new());
}

/// Puts the default headers in place of all that `headers` holds, for a request that came at `now`.
#[inline]
pub(super) fn fill(headers: &mut Headers, now: Instant) {
    DEFAULT.with_borrow_mut(|default| headers.clone_from(default.at(now)));
}

impl DefaultHeaders {
    fn new() -> Self {
        let clock = DateCache::new();
        let date = *clock.date();
        Self { headers: lines(&date), date, clock }
    }

    fn at(&mut self, now: Instant) -> &Headers {
        let date = self.clock.at(now);
        if *date != self.date {
            self.date = *date;
            self.headers = lines(&self.date);
        }
        &self.headers
    }
}

fn lines(date: &HttpDate) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in [("Server", SERVER), ("Content-Type", CONTENT_TYPE), ("Date", date.as_str())] {
        // These are constants and a date, which are valid.
        let _: Result<(), _> = headers.add(name, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_response_begins_with_the_same_three_lines() {
        let mut headers = Headers::new();
        fill(&mut headers, Instant::now());
        let names: Vec<&str> = headers.names().collect();
        assert_eq!(names, ["Server", "Content-Type", "Date"]);
        assert!(headers.get("Server").unwrap().starts_with("FirewhirlServer/"));
    }
}

//! Whether a request may do what it asks for, given what the client has seen (RFC 9110, section 13).
//!
//! One function evaluates all five conditions, in the order of section 13.2.2. It knows no resource: what there
//! is comes in as [`Validators`].

use std::time::{Duration, SystemTime};

use http::Method;

use super::conditional::{EntityTag, entity_tags};
use super::dates::{HttpDate, parse_date};

/// The conditions of a request, as its fields have them.
#[derive(Clone, Debug, Default)]
pub struct Conditions<'fields> {
    if_match: Vec<&'fields [u8]>,
    if_none_match: Vec<&'fields [u8]>,
    if_modified_since: Option<&'fields [u8]>,
    if_unmodified_since: Option<&'fields [u8]>,
    if_range: Option<&'fields [u8]>,
}

impl<'fields> Conditions<'fields> {
    /// Picks the conditions out of a request's fields.
    pub fn of_fields<'name>(fields: impl IntoIterator<Item = (&'name str, &'fields [u8])>) -> Self {
        let mut found = Self::default();
        for (name, value) in fields {
            // Few fields begin so, and fewer requests have any of them.
            if !name.as_bytes().get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case(b"if-")) {
                continue;
            }
            match name.to_ascii_lowercase().as_str() {
                "if-match" => found.if_match.push(value),
                "if-none-match" => found.if_none_match.push(value),
                "if-modified-since" => found.if_modified_since = Some(value),
                "if-unmodified-since" => found.if_unmodified_since = Some(value),
                "if-range" => found.if_range = Some(value),
                _ => {}
            }
        }
        found
    }

    /// Evaluates the conditions of a request with this method; `current` is what there is, `None` if there is
    /// nothing at this URL.
    ///
    /// To be asked when the request would succeed without them: what is 404 or 403 anyway stays that (RFC 9110,
    /// section 13.2.1).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_http::httputil::{Conditions, Precondition, Validators};
    /// use http::Method;
    ///
    /// let current = Validators::new().etag("\"v2\"");
    /// let conditions = Conditions::of_fields([("If-None-Match", b"\"v1\", \"v2\"".as_slice())]);
    /// assert_eq!(conditions.evaluate(&Method::GET, Some(&current)), Precondition::NotModified);
    ///
    /// // Somebody else was faster.
    /// let conditions = Conditions::of_fields([("If-Match", b"\"v1\"".as_slice())]);
    /// assert_eq!(conditions.evaluate(&Method::PUT, Some(&current)), Precondition::Failed);
    /// ```
    pub fn evaluate(&self, method: &Method, current: Option<&Validators<'_>>) -> Precondition {
        // "a server MUST ignore .. when received with a request method that does not involve the selection or
        // modification of a selected representation, such as CONNECT, OPTIONS, or TRACE"
        if matches!(*method, Method::CONNECT | Method::OPTIONS | Method::TRACE) {
            return Precondition::Met;
        }
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let may_write = match (self.if_match.is_empty(), self.unmodified_since(current)) {
            (false, _) => self.matches(current),
            (true, unmodified) => unmodified.unwrap_or(true),
        };
        if !may_write {
            return Precondition::Failed;
        }
        if !self.if_none_match.is_empty() {
            if self.has_current(current) {
                return if is_read { Precondition::NotModified } else { Precondition::Failed };
            }
        } else if is_read && self.modified_since(current) == Some(false) {
            return Precondition::NotModified;
        }
        if *method == Method::GET && self.if_range.is_some_and(|validator| !is_of_current(validator, current)) {
            return Precondition::MetWithoutRange;
        }
        Precondition::Met
    }

    /// `If-Match`: whether one of its tags is the current one, strongly compared.
    fn matches(&self, current: Option<&Validators<'_>>) -> bool {
        is_among(&self.if_match, current, |tag, own| tag.equals_strongly(own))
    }

    /// `If-None-Match`: whether one of its tags is the current one, weakly compared.
    fn has_current(&self, current: Option<&Validators<'_>>) -> bool {
        is_among(&self.if_none_match, current, |tag, own| tag.equals_weakly(own))
    }

    /// `If-Unmodified-Since`; `None` where it says nothing: no date, or none to compare it with.
    fn unmodified_since(&self, current: Option<&Validators<'_>>) -> Option<bool> {
        let date = date_of(self.if_unmodified_since?)?;
        Some(current?.last_modified? <= date)
    }

    /// `If-Modified-Since`; `None` where it says nothing.
    fn modified_since(&self, current: Option<&Validators<'_>>) -> Option<bool> {
        let date = date_of(self.if_modified_since?)?;
        Some(current?.last_modified? > date)
    }
}

/// Whether one of the tags is that of what there is, or the list is `*` and there is anything.
fn is_among(lists: &[&[u8]], current: Option<&Validators<'_>>, equals: impl Fn(EntityTag<'_>, &[u8]) -> bool) -> bool {
    let Some(current) = current else { return false };
    let mut tags = lists.iter().flat_map(|list| entity_tags(list)).enumerate();
    let own = current.etag.map(str::as_bytes);
    tags.any(|(place, tag)| place == 0 && tag.is_any() || own.is_some_and(|own| equals(tag, own)))
}

/// `If-Range`: whether its tag or date is strongly that of what there is.
fn is_of_current(validator: &[u8], current: Option<&Validators<'_>>) -> bool {
    let Some(current) = current else { return false };
    match date_of(validator) {
        // "an exact match", and of a time that is long enough past for nothing else to have happened in its second.
        Some(date) => {
            let is_strong = current.date.is_none_or(|now| now >= date + Duration::from_secs(1));
            current.last_modified == Some(date) && is_strong
        }
        None => entity_tags(validator)
            .next()
            .is_some_and(|tag| current.etag.is_some_and(|own| tag.equals_strongly(own.as_bytes()))),
    }
}

fn date_of(value: &[u8]) -> Option<SystemTime> {
    parse_date(std::str::from_utf8(value).ok()?)
}

/// What tells the current representation of a resource from others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Validators<'text> {
    etag: Option<&'text str>,
    last_modified: Option<SystemTime>,
    date: Option<SystemTime>,
}

impl<'text> Validators<'text> {
    /// Those of something that has none: it exists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its entity tag, in its quotes, with `W/` before them if it is weak.
    pub fn etag(mut self, etag: &'text str) -> Self {
        self.etag = Some(etag);
        self
    }

    /// When it was last modified; to the second, as dates in HTTP are.
    pub fn last_modified(mut self, time: SystemTime) -> Self {
        // Through the text, so that the same fraction is lost as in the `Last-Modified` that was sent.
        self.last_modified = parse_date(HttpDate::from(time).as_str());
        self
    }

    /// The time of the answer, so that `If-Range` does not trust a date of this very second. Default: any date is
    /// trusted.
    pub fn date(mut self, now: SystemTime) -> Self {
        self.date = Some(now);
        self
    }
}

/// What follows from a request's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The request is to be done.
    Met,
    /// The request is to be done, and its `Range` ignored: the client has a part of something older.
    MetWithoutRange,
    /// The client has what there is: 304.
    NotModified,
    /// The request is not to be done: 412.
    Failed,
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::Precondition::{Failed, Met, MetWithoutRange, NotModified};
    use super::*;

    /// What is there has the tag `"v"` and is from 1994-11-06 08:49:37.
    fn check(what: &str, method: &str, fields: &[(&str, &str)], current: Option<&str>, expected: Precondition) {
        let modified = UNIX_EPOCH + Duration::from_millis(784_111_777_900);
        let validators = current.map(|etag| {
            let validators = Validators::new().last_modified(modified).date(modified + Duration::from_secs(60));
            if etag.is_empty() { validators } else { validators.etag(etag) }
        });
        let conditions = Conditions::of_fields(fields.iter().map(|&(name, value)| (name, value.as_bytes())));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(conditions.evaluate(&method, validators.as_ref()), expected, "{what}");
    }

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[test]
    fn conditions_are_evaluated_in_the_order_of_the_rfc() {
        type Case<'text> =
            (&'text str, &'text str, &'text [(&'text str, &'text str)], Option<&'text str>, Precondition);
        const V: Option<&str> = Some("\"v\"");
        const WEAK: Option<&str> = Some("W/\"v\"");
        const UNTAGGED: Option<&str> = Some("");
        #[rustfmt::skip]
        const CASES: &[Case<'_>] = &[
            ("none",                       "GET",  &[],                                              V,        Met),

            ("if-match",                   "PUT",  &[("If-Match", "\"v\"")],                         V,        Met),
            ("if-match of several",        "PUT",  &[("If-Match", "\"u\" , \"v\"")],                 V,        Met),
            ("if-match on two lines",      "PUT",  &[("If-Match", "\"u\""), ("if-match", "\"v\"")],  V,        Met),
            ("if-match of another",        "PUT",  &[("If-Match", "\"u\"")],                         V,        Failed),
            ("if-match is strong",         "PUT",  &[("If-Match", "W/\"v\"")],                       V,        Failed),
            ("if-match of a weak one",     "PUT",  &[("If-Match", "\"v\"")],                         WEAK,     Failed),
            ("if-match without a tag",     "PUT",  &[("If-Match", "\"v\"")],                         UNTAGGED, Failed),
            ("if-match of anything",       "PUT",  &[("If-Match", "*")],                             UNTAGGED, Met),
            ("if-match where nothing is",  "PUT",  &[("If-Match", "*")],                             None,     Failed),
            ("if-match to read",           "GET",  &[("If-Match", "\"u\"")],                         V,        Failed),

            ("unmodified",                 "PUT",  &[("If-Unmodified-Since", THEN)],                 V,        Met),
            ("modified",                   "PUT",  &[("If-Unmodified-Since", BEFORE)],               V,        Failed),
            ("unmodified since no date",   "PUT",  &[("If-Unmodified-Since", "yesterday")],          V,        Met),
            ("unmodified, nothing there",  "PUT",  &[("If-Unmodified-Since", BEFORE)],               None,     Met),
            ("if-match decides",           "PUT",  &[("If-Match", "\"v\""), ("If-Unmodified-Since", BEFORE)], V, Met),

            ("if-none-match, read",        "GET",  &[("If-None-Match", "\"v\"")],                    V,        NotModified),
            ("if-none-match, head",        "HEAD", &[("If-None-Match", "\"v\"")],                    V,        NotModified),
            ("if-none-match, written",     "PUT",  &[("If-None-Match", "\"v\"")],                    V,        Failed),
            ("if-none-match is weak",      "GET",  &[("If-None-Match", "W/\"v\"")],                  V,        NotModified),
            ("if-none-match of a weak one", "GET", &[("If-None-Match", "\"v\"")],                    WEAK,     NotModified),
            ("if-none-match of another",   "GET",  &[("If-None-Match", "\"u\"")],                    V,        Met),
            ("if-none-match of anything",  "PUT",  &[("If-None-Match", "*")],                        UNTAGGED, Failed),
            ("to create",                  "PUT",  &[("If-None-Match", "*")],                        None,     Met),
            ("if-none-match on two lines", "GET",  &[("If-None-Match", "\"u\""), ("If-None-Match", "\"v\"")], V, NotModified),

            ("not modified",               "GET",  &[("If-Modified-Since", THEN)],                   V,        NotModified),
            ("not modified later",         "GET",  &[("If-Modified-Since", AFTER)],                  V,        NotModified),
            ("modified since",             "GET",  &[("If-Modified-Since", BEFORE)],                 V,        Met),
            ("modified since, written",    "POST", &[("If-Modified-Since", THEN)],                   V,        Met),
            ("modified since no date",     "GET",  &[("If-Modified-Since", "0")],                    V,        Met),
            ("if-none-match decides",      "GET",  &[("If-None-Match", "\"u\""), ("If-Modified-Since", THEN)], V, Met),
            ("both are looked at",         "GET",  &[("If-Match", "\"v\""), ("If-None-Match", "\"v\"")], V,    NotModified),

            ("if-range of the tag",        "GET",  &[("If-Range", "\"v\"")],                         V,        Met),
            ("if-range of another",        "GET",  &[("If-Range", "\"u\"")],                         V,        MetWithoutRange),
            ("if-range is strong",         "GET",  &[("If-Range", "W/\"v\"")],                       WEAK,     MetWithoutRange),
            ("if-range of the date",       "GET",  &[("If-Range", THEN)],                            V,        Met),
            ("if-range of a later date",   "GET",  &[("If-Range", AFTER)],                           V,        MetWithoutRange),
            ("if-range of nonsense",       "GET",  &[("If-Range", "v")],                             V,        MetWithoutRange),
            ("if-range, head",             "HEAD", &[("If-Range", "\"u\"")],                         V,        Met),
            ("not modified before range",  "GET",  &[("If-None-Match", "\"v\""), ("If-Range", "\"u\"")], V,    NotModified),

            ("options",                    "OPTIONS", &[("If-Match", "\"u\"")],                      V,        Met),
            ("other fields",               "GET",  &[("If", "\"u\""), ("If-Schedule-Tag-Match", "\"u\"")], V,  Met),
        ];
        for &(what, method, fields, current, expected) in CASES {
            check(what, method, fields, current, expected);
        }
    }

    #[test]
    fn a_date_of_this_second_is_not_strong() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let conditions = Conditions::of_fields([("If-Range", THEN.as_bytes())]);
        let evaluate = |current: Validators<'_>| conditions.evaluate(&Method::GET, Some(&current));
        assert_eq!(evaluate(Validators::new().last_modified(now).date(now)), MetWithoutRange);
        assert_eq!(evaluate(Validators::new().last_modified(now)), Met);
    }
}

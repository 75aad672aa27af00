//! W3C Trace Context: which trace a request belongs to, as `traceparent` and `tracestate` say it.
//!
//! Levels 1 and 2 of the recommendation. Nothing here records a trace: the ids come in, stand in log lines,
//! and go out with the requests that a handler makes, so that the logs of several services can be put
//! together.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use http::{HeaderMap, HeaderValue};

use crate::context::Context;

/// The flag that says that the caller may have recorded the trace.
const SAMPLED: u8 = 1;
/// The flag that says that at least 56 bits of the trace's id are random (level 2).
const RANDOM: u8 = 2;
/// Bytes of a `traceparent` of version 00, and of the part of a later one that we understand.
const TRACEPARENT_LENGTH: usize = 55;
/// Members that a `tracestate` may have.
const MAX_MEMBERS: usize = 32;
/// Bytes that a member's key and its value may have, each.
const MAX_MEMBER_PART: usize = 256;

/// A place in a trace: the trace's id, the id of the span that is ours, and what vendors want carried along.
///
/// [`Context::trace_context`] gives a request's. Its `Display` is the `traceparent`.
///
/// # Examples
///
/// ```
/// use firewhirl_web::TraceContext;
///
/// let caller = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", []).unwrap();
/// let ours = caller.child();
/// assert_eq!(ours.trace_id(), caller.trace_id());
/// assert_eq!(ours.parent_span_id(), Some(0xb7ad_6b71_6920_3331));
/// assert!(ours.to_string().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    parent_span_id: Option<u64>,
    flags: u8,
    state: String,
}

impl TraceContext {
    /// The beginning of a trace of its own: random ids, not sampled.
    pub fn root() -> Self {
        let trace_id = u128::from(random_id()) << 64 | u128::from(random_id());
        Self { trace_id, span_id: random_id(), parent_span_id: None, flags: RANDOM, state: String::new() }
    }

    /// Reads the two headers as a caller sends them: `traceparent`, and the values of all `tracestate`
    /// fields in their order. `None` if the first is not valid; what the caller's state says counts for
    /// nothing then. A state that is not valid by itself is dropped alone.
    ///
    /// Of a later version that is not known yet the part is read that version 00 has, as the recommendation
    /// wants it.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_web::TraceContext;
    ///
    /// let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    /// let context = TraceContext::parse(traceparent, ["rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE"]).unwrap();
    /// assert_eq!(context.tracestate(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    /// assert!(!context.is_sampled());
    /// assert_eq!(TraceContext::parse("00-0af7651916cd43dd-b7ad6b7169203331-00", []), None);
    /// ```
    pub fn parse<'state>(traceparent: &str, tracestate: impl IntoIterator<Item = &'state str>) -> Option<Self> {
        let text = traceparent.trim_matches([' ', '\t']);
        let (known, later) = text.split_at_checked(TRACEPARENT_LENGTH)?;
        let mut parts = known.split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace_id = hexadecimal(parts.next()?, 32).filter(|id| *id != 0)?;
        let span_id = hexadecimal(parts.next()?, 16).filter(|id| *id != 0)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        let is_whole = parts.next().is_none() && (later.is_empty() || version > 0 && later.starts_with('-'));
        if version == 0xff || !is_whole {
            return None;
        }
        Some(Self {
            trace_id,
            span_id: span_id as u64,
            parent_span_id: None,
            flags: flags as u8 & (SAMPLED | RANDOM),
            state: parse_state(tracestate).unwrap_or_default(),
        })
    }

    /// A span within this one: the same trace, a new id.
    pub fn child(&self) -> Self {
        Self { span_id: random_id(), parent_span_id: Some(self.span_id), ..self.clone() }
    }

    /// Says whether the trace is recorded here, which services further on go by.
    pub fn sampled(mut self, on: bool) -> Self {
        self.flags = if on { self.flags | SAMPLED } else { self.flags & !SAMPLED };
        self
    }

    /// The trace's id; never 0. Written with `{:032x}`.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The span's id; never 0. Written with `{:016x}`.
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// The id of the span around it, `None` at the beginning of a trace and for what was [read](Self::parse).
    pub fn parent_span_id(&self) -> Option<u64> {
        self.parent_span_id
    }

    /// Whether the caller may have recorded the trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The `traceparent` for requests made from here.
    pub fn traceparent(&self) -> String {
        self.to_string()
    }

    /// The `tracestate` for requests made from here; empty where nothing came in, and then it is not sent.
    pub fn tracestate(&self) -> &str {
        &self.state
    }

    /// Puts both headers on a request that is going out.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn ask_further(cx: &Context) -> Result {
    ///     let mut headers = http::HeaderMap::new();
    ///     cx.trace_context().inject(&mut headers);
    ///     // .. send a request with these headers
    /// #   cx.write(format!("{}", headers.len()))
    /// }
    /// ```
    pub fn inject(&self, headers: &mut HeaderMap) {
        // Both are visible ASCII: the one is made of digits, the other was checked when it came.
        if let Ok(value) = HeaderValue::try_from(self.traceparent()) {
            headers.insert("traceparent", value);
        }
        match HeaderValue::try_from(&self.state) {
            Ok(value) if !self.state.is_empty() => drop(headers.insert("tracestate", value)),
            _ => drop(headers.remove("tracestate")),
        }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl Context {
    /// The request's place in its trace: a span of our own within the one that the caller's `traceparent`
    /// names, or the beginning of a trace if it names none. Made when it is first asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn traced(cx: &Context) -> Result {
    ///     cx.set_header("traceparent", cx.trace_context().traceparent())?;
    ///     cx.write("traced")
    /// }
    /// ```
    pub fn trace_context(&self) -> Rc<TraceContext> {
        self.known_trace_context().unwrap_or_else(|| self.keep_trace_context(TraceContext::root()))
    }

    /// The same, if there is a trace: the request came with one, or was given one by
    /// [`trace_context`](Self::trace_context). What log lines show.
    pub fn known_trace_context(&self) -> Option<Rc<TraceContext>> {
        self.local().or_else(|| {
            let mut parents = self.request.header_values("traceparent");
            let parent = std::str::from_utf8(parents.next()?).ok()?;
            if parents.next().is_some() {
                return None;
            }
            let states = self.request.header_values("tracestate");
            // What is no text is not valid: a character that no state has stands for it.
            let states = states.map(|state| std::str::from_utf8(state).unwrap_or("\0"));
            Some(self.keep_trace_context(TraceContext::parse(parent, states)?.child()))
        })
    }

    fn keep_trace_context(&self, context: TraceContext) -> Rc<TraceContext> {
        self.set_local(context.clone());
        self.local().unwrap_or_else(|| Rc::new(context))
    }
}

/// A number of so many hexadecimal digits, in lower case.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_valid = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_valid.then(|| u128::from_str_radix(text, 16).ok())?
}

/// The members of all fields, joined; `None` if one is not valid or there are too many.
fn parse_state<'state>(fields: impl IntoIterator<Item = &'state str>) -> Option<String> {
    let mut state = String::new();
    let mut count = 0;
    for member in fields.into_iter().flat_map(|field| field.split(',')).map(|member| member.trim_matches([' ', '\t'])) {
        if member.is_empty() {
            continue;
        }
        count += 1;
        let (key, value) = member.split_once('=')?;
        if count > MAX_MEMBERS || !is_key(key) || !is_value(value) {
            return None;
        }
        if !state.is_empty() {
            state.push(',');
        }
        state.push_str(member);
    }
    Some(state)
}

/// Level 2's `key`, which is wider than level 1's.
fn is_key(key: &str) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_further = |byte: u8| is_start(&byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= MAX_MEMBER_PART && key.as_bytes().first().is_some_and(is_start) && key.bytes().all(is_further)
}

/// A `value`: visible ASCII and spaces, the last one no space, without `,` and `=`.
fn is_value(value: &str) -> bool {
    let is_character = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    (1..=MAX_MEMBER_PART).contains(&value.len()) && value.bytes().all(is_character)
}

/// A number that is not 0 and that no other service comes to: the standard library's keyed hash of a
/// counter, with keys that are random for each thread.
fn random_id() -> u64 {
    thread_local! {
        static NUMBERS: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
    }
    NUMBERS.with(|(state, counter)| {
        loop {
            counter.set(counter.get().wrapping_add(1));
            let id = state.hash_one(counter.get());
            if id != 0 {
                return id;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "12345678901234567890123456789012";

    /// The cases of the recommendation's own test suite, and those of its text.
    #[test]
    fn a_traceparent_is_valid_to_the_letter() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, bool)] = &[
            ("version 00",                "00-12345678901234567890123456789012-1234567890123456-01", true),
            ("more behind version 00",    "00-12345678901234567890123456789012-1234567890123456-01.", false),
            ("and with a dash",           "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", false),
            ("a later version",           "cc-12345678901234567890123456789012-1234567890123456-01", true),
            ("with more behind it",       "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", true),
            ("without a dash between",    "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like", false),
            ("no version",                "ff-12345678901234567890123456789012-1234567890123456-01", false),
            ("a version with a dot",      ".0-12345678901234567890123456789012-1234567890123456-01", false),
            ("and behind",                "0.-12345678901234567890123456789012-1234567890123456-01", false),
            ("a long version",            "000-12345678901234567890123456789012-1234567890123456-01", false),
            ("a longer version",          "0000-12345678901234567890123456789012-1234567890123456-01", false),
            ("a short version",           "0-12345678901234567890123456789012-1234567890123456-01", false),
            ("the trace that is none",    "00-00000000000000000000000000000000-1234567890123456-01", false),
            ("a trace with a dot",        "00-.2345678901234567890123456789012-1234567890123456-01", false),
            ("and behind",                "00-1234567890123456789012345678901.-1234567890123456-01", false),
            ("a long trace",              "00-123456789012345678901234567890123-1234567890123456-01", false),
            ("a short trace",             "00-1234567890123456789012345678901-1234567890123456-01", false),
            ("capitals",                  "00-1234567890ABCDEF7890123456789012-1234567890123456-01", false),
            ("the parent that is none",   "00-12345678901234567890123456789012-0000000000000000-01", false),
            ("a parent with a dot",       "00-12345678901234567890123456789012-.234567890123456-01", false),
            ("and behind",                "00-12345678901234567890123456789012-123456789012345.-01", false),
            ("a long parent",             "00-12345678901234567890123456789012-12345678901234567-01", false),
            ("a short parent",            "00-12345678901234567890123456789012-123456789012345-01", false),
            ("flags with a dot",          "00-12345678901234567890123456789012-1234567890123456-.0", false),
            ("and behind",                "00-12345678901234567890123456789012-1234567890123456-0.", false),
            ("long flags",                "00-12345678901234567890123456789012-1234567890123456-001", false),
            ("short flags",               "00-12345678901234567890123456789012-1234567890123456-1", false),
            ("a sign for a digit",        "00-+2345678901234567890123456789012-1234567890123456-01", false),
            ("white space before",        "\t 00-12345678901234567890123456789012-1234567890123456-01", true),
            ("white space behind",        "00-12345678901234567890123456789012-1234567890123456-01 \t", true),
            ("nothing",                   "", false),
            ("another script",            "00-1234567890123456789012345678901\u{e9}-1234567890123456-01", false),
        ];
        for &(case, text, expected) in CASES {
            let parsed = TraceContext::parse(text, []);
            assert_eq!(parsed.is_some(), expected, "{case}");
            assert!(parsed.is_none_or(|context| context.to_string().contains(TRACE)), "{case}");
        }
    }

    #[test]
    fn a_tracestate_is_kept_or_dropped_as_a_whole() {
        let [long, too_long] = [256, 257].map(|length| format!("foo=1,{}=1", "z".repeat(length)));
        let [value, too_long_value] = [256, 257].map(|length| format!("foo={}", "v".repeat(length)));
        let all_values: String = (b' '..=b'~').map(char::from).filter(|value| !",=".contains(*value)).collect();
        let all = format!("abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/={all_values}");
        let member = |number: u8| format!("bar{number:02}={number:02}");
        let [full, too_full] = [32, 33].map(|count| (1..=count).map(member).collect::<Vec<_>>().join(","));
        #[rustfmt::skip]
        let cases: &[(&str, &[&str], &str)] = &[
            ("two members",           &["foo=1,bar=2"], "foo=1,bar=2"),
            ("several fields",        &["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3"),
            ("an empty field",        &[""], ""),
            ("one behind another",    &["foo=1", ""], "foo=1"),
            ("one before another",    &["", "foo=1"], "foo=1"),
            ("empty members",         &["foo=1,, ,bar=2,"], "foo=1,bar=2"),
            ("the same key",          &["foo=1,foo=2"], "foo=1,foo=2"),
            ("white space",           &["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
            ("around it all",         &["\t foo=1 \t"], "foo=1"),
            ("a space in a key",      &["foo =1"], ""),
            ("capitals",              &["FOO=1"], ""),
            ("a dot in a key",        &["foo.bar=1"], ""),
            ("an at sign at the end", &["foo@=1,bar=2"], "foo@=1,bar=2"),
            ("at the beginning",      &["@foo=1,bar=2"], ""),
            ("two of them",           &["foo@@bar=1,bar=2"], "foo@@bar=1,bar=2"),
            ("a digit first",         &["0foo=1"], "0foo=1"),
            ("a sign first",          &["_foo=1"], ""),
            ("no key",                &["=1"], ""),
            ("no value",              &["foo="], ""),
            ("neither",               &["foo"], ""),
            ("two equals signs",      &["foo=bar=baz"], ""),
            ("a comma is between",    &["foo=,bar=3"], ""),
            ("a control character",   &["foo=a\x01"], ""),
            ("another script",        &["foo=\u{e9}"], ""),
            ("all characters",        &[&all], &all),
            ("32 members",            &[&full], &full),
            ("33 members",            &[&too_full], ""),
            ("a long key",            &[&long], &long),
            ("too long a key",        &[&too_long], ""),
            ("a long value",          &[&value], &value),
            ("too long a value",      &[&too_long_value], ""),
        ];
        for (case, fields, expected) in cases {
            let text = format!("00-{TRACE}-1234567890123456-00");
            let context = TraceContext::parse(&text, fields.iter().copied()).unwrap();
            assert_eq!(context.tracestate(), *expected, "{case}");
        }
    }

    #[test]
    fn what_is_taken_of_broken_headers_is_whole_again() {
        let valid = format!("00-{TRACE}-1234567890123456-01foo=1,bar=a b,baz@x=2 , =");
        let mut seed = 1_u64;
        let mut random = |bound: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % bound
        };
        let mut taken = 0;
        for _ in 0..20_000 {
            let mut text: Vec<char> = valid.chars().collect();
            for _ in 0..random(3) {
                let at = random(text.len());
                match random(3) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, ['-', '0', 'f', ',', '=', '\t', '\u{e9}', '\0'][random(8)]),
                    _ => text[at] = ['-', '0', 'F', ',', '=', ' ', '\u{e9}', '\u{7f}'][random(8)],
                }
            }
            let cut = 54 + random(3);
            let (parent, state): (String, String) = (text[..cut].iter().collect(), text[cut..].iter().collect());
            if let Some(context) = TraceContext::parse(&parent, [state.as_str()]) {
                taken += 1;
                assert_eq!(
                    TraceContext::parse(&context.traceparent(), [context.tracestate()]),
                    Some(context),
                    "{text:?}"
                );
            }
        }
        assert!(taken > 1000, "{taken}");
    }

    #[test]
    fn flags_that_are_not_known_are_not_passed_on() {
        for (came, goes) in [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00")] {
            let context = TraceContext::parse(&format!("00-{TRACE}-1234567890123456-{came}"), []).unwrap();
            assert!(context.child().to_string().ends_with(&format!("-{goes}")), "{came}");
            assert!(context.sampled(true).is_sampled());
        }
    }

    #[test]
    fn a_child_keeps_the_trace_and_names_its_parent() {
        let parent = TraceContext::parse(&format!("00-{TRACE}-1234567890123456-01"), ["foo=1"]).unwrap();
        let child = parent.child();
        assert_eq!((child.trace_id(), child.tracestate()), (parent.trace_id(), "foo=1"));
        assert_eq!(child.parent_span_id(), Some(0x1234_5678_9012_3456));
        assert_ne!(child.span_id(), parent.span_id());
    }

    #[test]
    fn roots_are_apart_and_say_that_they_are_random() {
        let roots: std::collections::HashSet<u128> = (0..1000).map(|_| TraceContext::root().trace_id()).collect();
        assert_eq!(roots.len(), 1000);
        let root = TraceContext::root();
        assert!(root.to_string().ends_with("-02") && root.parent_span_id().is_none());
        assert_eq!(TraceContext::parse(&root.traceparent(), []), Some(root));
    }

    #[test]
    fn headers_going_out_say_no_more_than_there_is() {
        let mut headers = HeaderMap::new();
        headers.insert("tracestate", HeaderValue::from_static("someone=elses"));
        TraceContext::root().inject(&mut headers);
        assert_eq!(headers.len(), 1);
        let context = TraceContext::parse(&format!("00-{TRACE}-1234567890123456-01"), ["foo=1", "bar=2"]).unwrap();
        context.inject(&mut headers);
        assert_eq!(headers["tracestate"], "foo=1,bar=2");
        assert_eq!(headers["traceparent"], context.traceparent().as_str());
    }
}

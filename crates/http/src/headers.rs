//! The header block of a message that goes out: a list of field lines that is already in wire form.
//!
//! Tornado's `HTTPHeaders`. Names are compared without regard to case and shown in
//! `Http-Header-Case`; all lines of one name stand together, at the place where the name came first.
//!
//! Every response passes through this type, so it holds what the connection sends: the lines
//! `Name: value\r\n` one after the other in one buffer, with a small index beside it. Sending is one
//! copy, starting from a site's default headers is two, and no line has an allocation of its own. A
//! field is looked for by keys, not by names: one comparison of an integer a line, and for a field
//! that is not there, which is the usual question, a look at one bit.
//! Nothing gets in that is not a valid field line, so nothing has to be checked on the way out.

mod invalid;
mod name;
mod parse;
mod value;

pub use invalid::InvalidHeader;
pub use value::IntoHeaderValue;

pub(crate) use invalid::Excerpt;
pub(crate) use name::is_token_byte;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use name::{Key, Name};

/// The header fields of a message, in the form in which they are sent.
///
/// Tornado's `HTTPHeaders`. To start every response from the same fields, keep those in a `Headers`
/// and [`clone_from`](Clone::clone_from) it: two copies of memory into buffers that are there
/// already. A value that gives way to one of the same length (a date) is overwritten in place.
///
/// Values are bytes on the wire. Text goes in as its UTF-8 bytes (Tornado sends Latin-1, which most
/// text does not fit into) and [`get`](Self::get) reads what is no UTF-8 as Latin-1. Spaces and tabs
/// around a value are no part of it and are left out.
///
/// # Examples
///
/// ```
/// use firewhirl_http::Headers;
///
/// let mut headers = Headers::new();
/// headers.set("content-type", "text/html")?;
/// headers.set("Content-Length", 5)?;
/// headers.add("Set-Cookie", "a=1")?;
/// headers.add("set-cookie", "b=2")?;
///
/// assert_eq!(headers.get("Content-Type").as_deref(), Some("text/html"));
/// assert_eq!(headers.get("Set-Cookie").as_deref(), Some("a=1,b=2"));
/// assert_eq!(
///     headers.as_bytes(),
///     b"Content-Type: text/html\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
/// );
/// # Ok::<(), firewhirl_http::InvalidHeader>(())
/// ```
///
/// The fields that every response of a site starts from:
///
/// ```
/// # use firewhirl_http::{Headers, httputil::dates};
/// let mut defaults = Headers::new();
/// defaults.set("Server", "Firewhirl")?;
/// defaults.set("Date", dates::now())?;
///
/// let mut response = Headers::new();              // kept from response to response
/// response.clone_from(&defaults);
/// response.set("Content-Length", 0)?;
/// assert_eq!(response.names().collect::<Vec<_>>(), ["Server", "Date", "Content-Length"]);
/// # Ok::<(), firewhirl_http::InvalidHeader>(())
/// ```
///
/// What would end a line never gets in:
///
/// ```
/// # let mut headers = firewhirl_http::Headers::new();
/// assert!(headers.set("Location", "/\r\nSet-Cookie: stolen=1").is_err());
/// assert!(headers.is_empty());
/// ```
#[derive(Default)]
pub struct Headers {
    /// Complete field lines, each `Name: value\r\n`.
    lines: Vec<u8>,
    /// Where each line is, in the order of `lines`; lines of one name are neighbours.
    entries: Vec<Entry>,
    /// The [bits](Key::bit) of all names that are there. Those of names taken out may stay.
    names: u64,
}

/// One field line: offsets into the block.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    /// After the line's CRLF.
    end: u32,
    name_length: u32,
    key: Key,
}

/// Between name and value.
const SEPARATOR: &[u8] = b": ";
const LINE_END: &[u8] = b"\r\n";

impl Headers {
    /// Makes an empty list; it allocates with the first field.
    pub const fn new() -> Self {
        Self { lines: Vec::new(), entries: Vec::new(), names: 0 }
    }

    /// Makes an empty list with room for `lines` field lines of `bytes` bytes in all.
    pub fn with_capacity(bytes: usize, lines: usize) -> Self {
        Self { lines: Vec::with_capacity(bytes), entries: Vec::with_capacity(lines), names: 0 }
    }

    /// The whole block as it is sent: every line with its CRLF, without the empty line at the end.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.lines
    }

    /// Gives the field this one value, in place of all that it had.
    ///
    /// A field that is there keeps its place, a new one goes to the end. Tornado's
    /// `headers[name] = value`.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`] if `name` is no token (RFC 9110, section 5.1) or `value` holds a control
    /// character other than the tab; the list is unchanged then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let mut headers = firewhirl_http::Headers::new();
    /// headers.set("Last-Modified", UNIX_EPOCH + Duration::from_secs(1_359_312_200))?;
    /// assert_eq!(headers.as_bytes(), b"Last-Modified: Sun, 27 Jan 2013 18:43:20 GMT\r\n");
    /// # Ok::<(), firewhirl_http::InvalidHeader>(())
    /// ```
    #[inline]
    pub fn set(&mut self, name: impl AsRef<str>, value: impl IntoHeaderValue) -> Result<(), InvalidHeader> {
        let name = Name::new(name.as_ref());
        value.with_bytes(|value| self.set_line(name, value))
    }

    /// Adds a line for the field, after those that it has.
    ///
    /// # Errors
    ///
    /// As of [`set`](Self::set).
    ///
    /// # Examples
    ///
    /// ```
    /// let mut headers = firewhirl_http::Headers::new();
    /// headers.add("Set-Cookie", "a=1")?;
    /// headers.add("Set-Cookie", "b=2")?;
    /// assert_eq!(headers.get_list("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    /// assert_eq!(headers.names().collect::<Vec<_>>(), ["Set-Cookie"]);
    /// # Ok::<(), firewhirl_http::InvalidHeader>(())
    /// ```
    #[inline]
    pub fn add(&mut self, name: impl AsRef<str>, value: impl IntoHeaderValue) -> Result<(), InvalidHeader> {
        let name = Name::new(name.as_ref());
        value.with_bytes(|value| self.add_line(name, value))
    }

    /// The field's value as text, several lines joined with "," and no space; `None` if it is not there.
    ///
    /// Bytes that are no UTF-8 are read as Latin-1, a byte a character. Tornado's `headers.get(name)`.
    pub fn get(&self, name: impl AsRef<str>) -> Option<Cow<'_, str>> {
        let run = self.run(Name::new(name.as_ref()))?;
        if run.len() == 1 {
            return Some(text(self.value(run.start)));
        }
        let mut joined = Vec::new();
        for (position, index) in run.enumerate() {
            if position > 0 {
                joined.push(b',');
            }
            joined.extend_from_slice(self.value(index));
        }
        Some(Cow::Owned(match String::from_utf8(joined) {
            Ok(joined) => joined,
            Err(error) => latin1(error.as_bytes()),
        }))
    }

    /// The bytes of the field's first line; `None` if it is not there.
    #[inline(always)]
    pub fn get_bytes(&self, name: impl AsRef<str>) -> Option<&[u8]> {
        self.find(Name::new(name.as_ref())).map(|first| self.value(first))
    }

    /// The field's values as text, a line each; none if it is not there.
    pub fn get_list(&self, name: impl AsRef<str>) -> impl ExactSizeIterator<Item = Cow<'_, str>> {
        self.run(Name::new(name.as_ref())).unwrap_or(0..0).map(|index| text(self.value(index)))
    }

    /// All lines in their order, for whoever needs no text.
    #[cfg(feature = "http2")]
    pub(crate) fn lines(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.entries.iter().enumerate().map(|(index, entry)| (self.shown(entry), self.value(index)))
    }

    /// Every line as its name and its value's bytes, in the order in which they are sent.
    ///
    /// Tornado's `get_all`.
    ///
    /// # Examples
    ///
    /// ```
    /// let headers = firewhirl_http::Headers::parse("host: a\r\nx-id: 1\r\n")?;
    /// let lines: Vec<_> = headers.iter().collect();
    /// assert_eq!(lines, [("Host", &b"a"[..]), ("X-Id", b"1")]);
    /// # Ok::<(), firewhirl_http::InvalidHeader>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        (0..self.entries.len()).map(|index| (self.name(index), self.value(index)))
    }

    /// The names, each once, in the order in which they were first added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let starts_run = |&index: &usize| {
            let of = &self.entries[index];
            let before = index.checked_sub(1).map(|before| &self.entries[before]);
            before.is_none_or(|before| before.key != of.key || self.shown(before) != self.shown(of))
        };
        (0..self.entries.len()).filter(starts_run).map(|index| self.name(index))
    }

    /// Whether the field is there.
    #[inline(always)]
    pub fn contains(&self, name: impl AsRef<str>) -> bool {
        self.find(Name::new(name.as_ref())).is_some()
    }

    /// Takes the field out with all its lines; says whether it was there.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut headers = firewhirl_http::Headers::parse("Server: a\r\nDate: b\r\n")?;
    /// assert!(headers.remove("server"));
    /// assert_eq!(headers.as_bytes(), b"Date: b\r\n");
    /// # Ok::<(), firewhirl_http::InvalidHeader>(())
    /// ```
    pub fn remove(&mut self, name: impl AsRef<str>) -> bool {
        let Some(run) = self.run(Name::new(name.as_ref())) else { return false };
        let bytes = self.bytes_of(&run);
        self.replace_bytes(bytes, &[], run.end);
        self.entries.drain(run);
        true
    }

    /// How many names there are, as in Tornado; [`iter`](Self::iter) counts lines.
    pub fn len(&self) -> usize {
        self.names().count()
    }

    /// Whether there is no field at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes every field out; the memory stays for the next message.
    #[inline]
    pub fn clear(&mut self) {
        self.lines.clear();
        self.entries.clear();
        self.names = 0;
    }

    fn set_line(&mut self, name: Name<'_>, value: &[u8]) -> Result<(), InvalidHeader> {
        let Some(first) = self.find(name) else {
            return self.push_line(name, value);
        };
        let value = self.checked(name, value)?;
        // All lines of the run but the name of the first become the new value.
        let run_end = self.run_end(first);
        let value_start = self.value_start(first);
        let value_end = self.entries[run_end - 1].end as usize - LINE_END.len();
        self.entries[first].end = offset(value_start + value.len() + LINE_END.len());
        self.replace_bytes(value_start..value_end, value, run_end);
        if run_end > first + 1 {
            self.entries.drain(first + 1..run_end);
        }
        Ok(())
    }

    #[inline]
    fn add_line(&mut self, name: Name<'_>, value: &[u8]) -> Result<(), InvalidHeader> {
        match self.find_last(name) {
            Some(last) if last + 1 < self.entries.len() => self.insert_line(last + 1, name, value),
            _ => self.push_line(name, value),
        }
    }

    /// Appends a line, whether or not the name is there already.
    fn push_line(&mut self, name: Name<'_>, value: &[u8]) -> Result<(), InvalidHeader> {
        let value = self.checked(name, value)?;
        let start = self.lines.len();
        name.append_to(&mut self.lines)?;
        self.lines.extend_from_slice(value);
        self.lines.extend_from_slice(LINE_END);
        self.entries.push(Entry {
            start: offset(start),
            end: offset(self.lines.len()),
            name_length: offset(name.text.len()),
            key: name.key,
        });
        self.names |= name.key.bit();
        Ok(())
    }

    /// Puts a line before the one at `index`.
    fn insert_line(&mut self, index: usize, name: Name<'_>, value: &[u8]) -> Result<(), InvalidHeader> {
        self.push_line(name, value)?;
        let Some(pushed) = self.entries.pop() else { return Ok(()) };
        let length = pushed.end - pushed.start;
        let at = self.entries[index].start;
        self.lines[at as usize..].rotate_right(length as usize);
        for later in &mut self.entries[index..] {
            later.start += length;
            later.end += length;
        }
        self.entries.insert(index, Entry { start: at, end: at + length, ..pushed });
        Ok(())
    }

    /// Replaces bytes of the block and moves the entries from `later` on accordingly.
    #[inline]
    fn replace_bytes(&mut self, old: Range<usize>, new: &[u8], later: usize) {
        let length = self.lines.len();
        let new_end = old.start + new.len();
        if new_end > old.end {
            self.lines.resize(length + (new_end - old.end), 0);
        }
        if new_end != old.end {
            self.lines.copy_within(old.end..length, new_end);
            self.lines.truncate(length + new_end - old.end);
            for entry in &mut self.entries[later..] {
                entry.start = offset(entry.start as usize + new_end - old.end);
                entry.end = offset(entry.end as usize + new_end - old.end);
            }
        }
        self.lines[old.start..new_end].copy_from_slice(new);
    }

    /// The first line with this name.
    #[inline(always)]
    fn find(&self, name: Name<'_>) -> Option<usize> {
        if !self.may_have(name) {
            return None;
        }
        let first = self.entries.iter().position(|entry| entry.key == name.key)?;
        // A line with this key is nearly always of this name, and the name written as it is shown.
        if name.text.as_bytes() == self.shown(&self.entries[first]) { Some(first) } else { self.search(name) }
    }

    #[inline(never)]
    fn search(&self, name: Name<'_>) -> Option<usize> {
        self.entries.iter().position(|entry| self.has_name(entry, name))
    }

    /// The last line with this name; looking from the end makes many lines of one name linear work.
    #[inline]
    fn find_last(&self, name: Name<'_>) -> Option<usize> {
        if self.may_have(name) { self.search_last(name) } else { None }
    }

    #[inline(never)]
    fn search_last(&self, name: Name<'_>) -> Option<usize> {
        self.entries.iter().rposition(|entry| self.has_name(entry, name))
    }

    #[inline]
    fn may_have(&self, name: Name<'_>) -> bool {
        self.names & name.key.bit() != 0
    }

    #[inline]
    fn has_name(&self, entry: &Entry, name: Name<'_>) -> bool {
        entry.key == name.key && self.shown(entry).eq_ignore_ascii_case(name.text.as_bytes())
    }

    /// Which lines have this name.
    fn run(&self, name: Name<'_>) -> Option<Range<usize>> {
        self.find(name).map(|first| first..self.run_end(first))
    }

    /// After the last line that has the name of the `first`.
    #[inline]
    fn run_end(&self, first: usize) -> usize {
        let of = &self.entries[first];
        let is_more = |entry: &Entry| entry.key == of.key && self.shown(entry) == self.shown(of);
        let mut end = first + 1;
        while self.entries.get(end).is_some_and(is_more) {
            end += 1;
        }
        end
    }

    /// A line's name.
    #[inline]
    fn shown(&self, entry: &Entry) -> &[u8] {
        &self.lines[entry.start as usize..][..entry.name_length as usize]
    }

    fn name(&self, index: usize) -> &str {
        // Names are tokens, which are ASCII: the empty text is never seen.
        std::str::from_utf8(self.shown(&self.entries[index])).unwrap_or_default()
    }

    fn value(&self, index: usize) -> &[u8] {
        &self.lines[self.value_start(index)..self.entries[index].end as usize - LINE_END.len()]
    }

    fn value_start(&self, index: usize) -> usize {
        let entry = &self.entries[index];
        entry.start as usize + entry.name_length as usize + SEPARATOR.len()
    }

    fn bytes_of(&self, run: &Range<usize>) -> Range<usize> {
        self.entries[run.start].start as usize..self.entries[run.end - 1].end as usize
    }

    /// The value as it goes into a line of this name.
    #[inline(always)]
    fn checked<'value>(&self, name: Name<'_>, value: &'value [u8]) -> Result<&'value [u8], InvalidHeader> {
        // Offsets are 32 bits wide, which is half the index: three parts of less than 1 GiB fit.
        if (self.lines.len() | name.text.len() | value.len()) >> 30 != 0 {
            return Err(InvalidHeader::TooLarge);
        }
        value::checked(value).ok_or_else(|| InvalidHeader::value(name.text.as_bytes(), value))
    }
}

/// An offset that `checked` has found to fit.
#[inline]
fn offset(position: usize) -> u32 {
    position as u32
}

/// A value as text: UTF-8, or else Latin-1 as everywhere in Tornado.
fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(value)),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

impl Clone for Headers {
    fn clone(&self) -> Self {
        Self { lines: self.lines.clone(), entries: self.entries.clone(), names: self.names }
    }

    /// Takes over the fields of `source` and keeps the memory that is there.
    #[inline]
    fn clone_from(&mut self, source: &Self) {
        self.lines.clear();
        self.lines.extend_from_slice(&source.lines);
        self.entries.clear();
        self.entries.extend_from_slice(&source.entries);
        self.names = source.names;
    }
}

/// The same names with the same values each, in whatever order the names came.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.names().map(Name::new).all(|name| match (self.run(name), other.run(name)) {
                (Some(ours), Some(theirs)) => {
                    ours.len() == theirs.len()
                        && ours.zip(theirs).all(|(ours, theirs)| self.value(ours) == other.value(theirs))
                }
                _ => false,
            })
    }
}

impl Eq for Headers {}

/// `Name: value` lines with a line feed each, as Tornado's `str(headers)`.
impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {}", text(value)))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, text(value)))).finish()
    }
}

impl TryFrom<&http::HeaderMap> for Headers {
    type Error = InvalidHeader;

    /// # Errors
    ///
    /// [`InvalidHeader`] for a name or value that the `http` crate lets through and RFC 9110 does not.
    fn try_from(map: &http::HeaderMap) -> Result<Self, InvalidHeader> {
        let mut headers = Self::new();
        for (name, value) in map {
            headers.push_line(Name::new(name.as_str()), value.as_bytes())?;
        }
        headers.group();
        Ok(headers)
    }
}

impl TryFrom<&Headers> for http::HeaderMap {
    type Error = http::Error;

    /// # Errors
    ///
    /// [`http::Error`] where the map's own limits are passed: 32,768 fields, names of 64 KiB.
    fn try_from(headers: &Headers) -> Result<Self, http::Error> {
        let mut map = Self::with_capacity(headers.entries.len().min(1 << 10));
        for (name, value) in headers.iter() {
            let name = http::HeaderName::from_bytes(name.as_bytes())?;
            map.try_append(name, http::HeaderValue::from_bytes(value)?)?;
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests;

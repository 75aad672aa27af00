//! Header blocks and single lines as text, as a peer sends them.

use std::collections::HashMap;

use super::name::Name;
use super::value::trim;
use super::{Headers, InvalidHeader};

impl Headers {
    /// Reads a block of header lines.
    ///
    /// Lines end with CRLF or a bare line feed; empty lines are passed over. Linear in the block's
    /// length, also where names repeat. Tornado's `HTTPHeaders.parse`.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`] for the first line that is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_http::Headers;
    ///
    /// let headers = Headers::parse("Content-Type: text/html\r\nContent-Length: 42\r\n")?;
    /// assert_eq!(headers.get("content-length").as_deref(), Some("42"));
    /// # Ok::<(), firewhirl_http::InvalidHeader>(())
    /// ```
    pub fn parse(block: impl AsRef<[u8]>) -> Result<Self, InvalidHeader> {
        let block = block.as_ref();
        let mut headers = Self::with_capacity(block.len() + 2, 0);
        for line in block.split_inclusive(|&byte| byte == b'\n') {
            if let Some((name, value)) = split_line(line)? {
                headers.push_line(Name::new(name), value)?;
            }
        }
        headers.group();
        Ok(headers)
    }

    /// Adds one line, with or without its line ending; an empty one adds nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`] for a line that is none; the list is unchanged then.
    pub fn parse_line(&mut self, line: impl AsRef<[u8]>) -> Result<(), InvalidHeader> {
        match split_line(line.as_ref())? {
            Some((name, value)) => self.add_line(Name::new(name), value),
            None => Ok(()),
        }
    }

    /// Brings lines of one name together, at the place of the first.
    ///
    /// Done once after many lines, since moving each to its place when it comes would take time that
    /// grows with the square of their number.
    pub(super) fn group(&mut self) {
        let mut places = HashMap::with_capacity(self.entries.len());
        let order: Vec<usize> =
            (0..self.entries.len()).map(|index| *places.entry(self.name(index)).or_insert(index)).collect();
        if order.is_sorted() {
            return;
        }
        let mut indexes: Vec<usize> = (0..order.len()).collect();
        indexes.sort_by_key(|&index| order[index]);
        let mut grouped = Self { names: self.names, ..Self::with_capacity(self.lines.len(), self.entries.len()) };
        for index in indexes {
            let mut entry = self.entries[index];
            let line = &self.lines[entry.start as usize..entry.end as usize];
            let start = super::offset(grouped.lines.len());
            grouped.lines.extend_from_slice(line);
            (entry.start, entry.end) = (start, super::offset(grouped.lines.len()));
            grouped.entries.push(entry);
        }
        *self = grouped;
    }
}

/// Name and value of a line; `None` for an empty one.
fn split_line(line: &[u8]) -> Result<Option<(&str, &[u8])>, InvalidHeader> {
    // RFC 9112, section 2.2: "a recipient MAY recognize a single LF as a line terminator".
    let line = match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
        line => line,
    };
    match line {
        [] => return Ok(None),
        [b' ' | b'\t', ..] => return Err(InvalidHeader::Folded),
        _ => {}
    }
    let colon = memchr::memchr(b':', line).ok_or(InvalidHeader::NoColon)?;
    let name = std::str::from_utf8(&line[..colon]).map_err(|_| InvalidHeader::name(&line[..colon]))?;
    Ok(Some((name, trim(&line[colon + 1..]))))
}

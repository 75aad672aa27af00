//! Tornado's own format of translations: a CSV file a locale.
//!
//! A row is a text, its translation, and `plural`, `singular`, `unknown` or nothing. The dialect is Excel's:
//! commas, double quotes, a quote within quotes doubled, and no space after a comma, which would make the quotes
//! part of the text.

use std::collections::HashMap;

use csv_core::{ReadRecordResult, Reader};
use encoding_rs::Encoding;
use firewhirl_event::log_targets::GEN;
use tracing::error;

use super::error::{Fault, TranslationProblem};
use super::text;

/// Bytes a cell may have; Python's limit.
const MAX_CELL: usize = 131_072;

/// The translations of a CSV file, by their plural indicator.
#[derive(Debug, Default)]
pub(super) struct Csv {
    unknown: HashMap<String, String>,
    singular: HashMap<String, String>,
    plural: HashMap<String, String>,
}

impl Csv {
    /// Reads a file, called `name` in what is logged.
    ///
    /// Rows without a translation are left out, of several rows for one text the last counts, and a plural
    /// indicator that there is not is logged: a file that Tornado takes is taken here.
    pub(super) fn parse(bytes: &[u8], encoding: &'static Encoding, name: &str) -> Result<Self, Fault> {
        let mut csv = Self::default();
        let text = text::decode(bytes, encoding)?.replace("\r\n", "\n").replace('\r', "\n");
        for_each_row(&text, |line, cells| {
            if cells.iter().any(|cell| cell.len() > MAX_CELL) {
                return Err(Fault::at(line, TranslationProblem::CellTooLong { limit: MAX_CELL }));
            }
            let [message, translation, rest @ ..] = cells else { return Ok(()) };
            let translations = match rest.first().map_or("", |indicator| indicator.trim()) {
                "" | "unknown" => &mut csv.unknown,
                "singular" => &mut csv.singular,
                "plural" => &mut csv.plural,
                other => {
                    error!(target: GEN, "Unrecognized plural indicator {other:?} in {name} line {line}");
                    return Ok(());
                }
            };
            translations.insert(message.trim().to_owned(), translation.trim().to_owned());
            Ok(())
        })?;
        Ok(csv)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.singular.is_empty() && self.plural.is_empty()
    }

    pub(super) fn translate(&self, message: &str) -> Option<&str> {
        self.unknown.get(message).map(String::as_str)
    }

    pub(super) fn translate_plural(&self, message: &str, plural_message: &str, count: i64) -> Option<&str> {
        let translation = if count == 1 { self.singular.get(message) } else { self.plural.get(plural_message) };
        translation.map(String::as_str)
    }
}

/// Calls `take` with each row that is not empty, and with the line on which it begins.
fn for_each_row(text: &str, mut take: impl FnMut(usize, &[&str]) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut reader = Reader::new();
    let (mut row, mut rest) = (text.as_bytes(), text.as_bytes());
    // No row is longer than the file, nor has more cells than that.
    let (mut output, mut ends) = (vec![0; text.len()], vec![0; text.len() + 1]);
    let (mut written, mut ended, mut line) = (0, 0, 1);
    loop {
        let (result, read, wrote, cells) = reader.read_record(rest, &mut output[written..], &mut ends[ended..]);
        rest = &rest[read..];
        written += wrote;
        ended += cells;
        match result {
            ReadRecordResult::Record => {
                let starts = [0].into_iter().chain(ends[..ended].iter().copied());
                let cells = starts.zip(&ends[..ended]).map(|(start, &end)| std::str::from_utf8(&output[start..end]));
                // Cells are cut at commas, quotes and line ends alone, and so are text as the file is.
                let cells: Vec<&str> = cells.map(Result::unwrap_or_default).collect();
                let read = &row[..row.len() - rest.len()];
                let is_line_end = |byte: &&u8| **byte == b'\n';
                // Empty lines before it are no row.
                take(line + read.iter().take_while(is_line_end).count(), &cells)?;
                line += read.iter().filter(is_line_end).count();
                (row, written, ended) = (rest, 0, 0);
            }
            ReadRecordResult::End => return Ok(()),
            // The input is given whole, so that what is left is its end.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                return Err(TranslationProblem::CellTooLong { limit: MAX_CELL }.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;

    use super::*;

    fn parse(text: &str) -> Csv {
        Csv::parse(text.as_bytes(), UTF_8, "x.csv").unwrap_or_else(|fault| panic!("{}", fault.within("x.csv")))
    }

    #[test]
    fn rows_are_read_as_excel_writes_them() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str, Option<&str>)] = &[
            ("school,école",                    "school",   Some("école")),
            ("\"school\",\"école\"\n",          "school",   Some("école")),
            ("a,b\r\nc,d\r\n",                  "c",        Some("d")),
            ("a,b\rc,d\r",                      "c",        Some("d")),
            ("\n\n\na,b",                       "a",        Some("b")),
            ("a\nb,c",                          "a",        None),
            (" a , b ",                         "a",        Some("b")),
            ("a,b\na,c",                        "a",        Some("c")),
            ("\"a \"\"b\"\"\",\"c, d\"",        "a \"b\"",  Some("c, d")),
            ("a, \"b\"",                        "a",        Some("\"b\"")),
            ("\"a\"b,c",                        "ab",       Some("c")),
            ("a\"b\",c",                        "a\"b\"",   Some("c")),
            ("\"a\nb\",\"c\r\nd\"",             "a\nb",     Some("c\nd")),
            ("a,b,unknown",                     "a",        Some("b")),
            ("a,b,",                            "a",        Some("b")),
            ("a,b, ,x",                         "a",        Some("b")),
            ("a,b,plural",                      "a",        None),
            ("a,\"not closed\nb,c",             "a",        Some("not closed\nb,c")),
            ("",                                "a",        None),
        ];
        for (text, message, expected) in CASES {
            assert_eq!(parse(text).translate(message), *expected, "{text:?}");
        }
    }

    #[test]
    fn plural_and_singular_are_apart() {
        let csv = parse("%(n)s likes,uno,singular\n%(n)s like,muchos,plural\n%(n)s like,x,singular");
        assert_eq!(csv.translate_plural("%(n)s likes", "%(n)s like", 1), Some("uno"));
        for count in [0, 2, -1] {
            assert_eq!(csv.translate_plural("%(n)s likes", "%(n)s like", count), Some("muchos"));
        }
        assert_eq!(csv.translate("%(n)s likes"), None);
    }

    #[test]
    fn a_cell_that_runs_away_is_told_with_the_line_where_its_row_begins() {
        let file = format!("a,b\n\nc,\"{}", "x\n".repeat(MAX_CELL));
        let fault = Csv::parse(file.as_bytes(), UTF_8, "x.csv").unwrap_err();
        assert_eq!(fault.line, Some(3));
        assert!(matches!(fault.problem, TranslationProblem::CellTooLong { .. }));
    }
}

//! The chunked coding, chunk by chunk, and its trailers (RFC 9112, section 7.1).

use super::{Case, wire};

/// A request with this chunked body.
macro_rules! chunks {
    ($body:literal) => {
        const {
            const BODY: &[u8] = $body;
            const WHOLE: [u8; HEAD.len() + BODY.len()] = {
                let mut whole = [0; HEAD.len() + BODY.len()];
                let mut at = 0;
                while at < whole.len() {
                    whole[at] = if at < HEAD.len() { HEAD[at] } else { BODY[at - HEAD.len()] };
                    at += 1;
                }
                whole
            };
            &WHOLE as &[u8]
        }
    };
}

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_chunk_is_its_size_its_content_and_two_line_ends() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("no content",                        "9112 7.1", chunks!(b"0\r\n\r\n"),                              "POST / @a | goes on"),
        ("two chunks",                        "9112 7.1", chunks!(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),       "POST / @a \"abcde\" | goes on"),
        ("capitals",                          "9112 7.1", chunks!(b"A\r\n0123456789\r\n0\r\n\r\n"),           "POST / @a \"0123456789\" | goes on"),
        ("small letters",                     "9112 7.1", chunks!(b"a\r\n0123456789\r\n0\r\n\r\n"),           "POST / @a \"0123456789\" | goes on"),
        ("leading zeros",                     "9112 7.1", chunks!(b"0003\r\nabc\r\n000\r\n\r\n"),             "POST / @a \"abc\" | goes on"),
        ("many leading zeros",                "9112 7.1", chunks!(b"000000000000000000000003\r\nabc\r\n0\r\n\r\n"), "POST / @a \"abc\" | goes on"),
        ("a line end as content",             "9112 7.1", chunks!(b"2\r\n\r\n\r\n0\r\n\r\n"),                 "POST / @a \"rn\" | goes on"),
        ("an end as content",                 "9112 7.1", chunks!(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"),            "POST / @a \"0rnrn\" | goes on"),
        ("cut in a size",                     "9112 8",   chunks!(b"3"),                                      "waits"),
        ("cut in content",                    "9112 8",   chunks!(b"3\r\nab"),                                "waits"),
        ("cut before the end",                "9112 8",   chunks!(b"3\r\nabc\r\n"),                           "waits"),
        ("cut in the end",                    "9112 8",   chunks!(b"3\r\nabc\r\n0\r\n"),                      "waits"),
        ("a plus",                            "9112 7.1", chunks!(b"+3\r\nabc\r\n0\r\n\r\n"),                 "400 | closes"),
        ("a minus",                           "9112 7.1", chunks!(b"-3\r\nabc\r\n0\r\n\r\n"),                 "400 | closes"),
        ("a prefix",                          "9112 7.1", chunks!(b"0x3\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("an underscore",                     "9112 7.1", chunks!(b"0_3\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a point",                           "9112 7.1", chunks!(b"3.0\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a comma",                           "9112 7.1", chunks!(b"3,3\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a letter beyond f",                 "9112 7.1", chunks!(b"g\r\nabc\r\n0\r\n\r\n"),                  "400 | closes"),
        ("digits, then a letter beyond f",    "9112 7.1", chunks!(b"3g\r\nabc\r\n0\r\n\r\n"),                 "400 | closes"),
        ("quotes",                            "9112 7.1", chunks!(b"\"3\"\r\nabc\r\n0\r\n\r\n"),              "400 | closes"),
        ("digits of another script",          "9112 7.1", chunks!(b"\xd9\xa3\r\nabc\r\n0\r\n\r\n"),           "400 | closes"),
        ("a space before",                    "9112 7.1", chunks!(b" 3\r\nabc\r\n0\r\n\r\n"),                 "400 | closes"),
        ("a tab before",                      "9112 7.1", chunks!(b"\t3\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a space behind",                    "9112 7.1", chunks!(b"3 \r\nabc\r\n0\r\n\r\n"),                 "400 | closes"),
        ("a space within",                    "9112 7.1", chunks!(b"0 3\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a null byte",                       "9112 7.1", chunks!(b"3\0\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a vertical tab",                    "9112 7.1", chunks!(b"3\x0b\r\nabc\r\n0\r\n\r\n"),              "400 | closes"),
        ("no size",                           "9112 7.1", chunks!(b"\r\nabc\r\n0\r\n\r\n"),                   "400 | closes"),
        ("an empty line before a size",       "9112 7.1", chunks!(b"\r\n3\r\nabc\r\n0\r\n\r\n"),              "400 | closes"),
        ("2^64 and 3",                        "9112 7.1", chunks!(b"10000000000000003\r\nabc\r\n0\r\n\r\n"),  "400 | closes"),
        ("2^64 - 1",                          "9112 7.1", chunks!(b"FFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"),   "413 | closes"),
        ("2^63",                              "9112 7.1", chunks!(b"8000000000000000\r\nabc\r\n0\r\n\r\n"),   "413 | closes"),
        ("2^32 and 3",                        "9112 7.1", chunks!(b"100000003\r\nabc\r\n0\r\n\r\n"),          "413 | closes"),
        ("a sum beyond 2^64",                 "9112 7.1", chunks!(b"1\r\nx\r\nFFFFFFFFFFFFFFFF\r\nabc"),      "413 | closes"),
        ("content longer than its size",      "9112 7.1", chunks!(b"3\r\nabcd\r\n0\r\n\r\n"),                 "400 | closes"),
        ("content shorter than its size",     "9112 7.1", chunks!(b"5\r\nabc\r\n0\r\n\r\n"),                  "400 | closes"),
        ("no line end after content",         "9112 7.1", chunks!(b"3\r\nabc0\r\n\r\n"),                      "400 | closes"),
        ("other bytes for a line end",        "9112 7.1", chunks!(b"3\r\nabcXX0\r\n\r\n"),                    "400 | closes"),
        ("a line feed after a size",          "9112 7.1", chunks!(b"3\nabc\r\n0\r\n\r\n"),                    "400 | closes"),
        ("a line feed after content",         "9112 7.1", chunks!(b"3\r\nabc\n0\r\n\r\n"),                    "400 | closes"),
        ("a return after a size",             "9112 7.1", chunks!(b"3\rabc\r\n0\r\n\r\n"),                    "400 | closes"),
        ("a return after content",            "9112 7.1", chunks!(b"3\r\nabc\r0\r\n\r\n"),                    "400 | closes"),
        ("two returns after a size",          "9112 7.1", chunks!(b"3\r\r\nabc\r\n0\r\n\r\n"),                "400 | closes"),
        ("a return and another byte",         "9112 7.1", chunks!(b"3\rXabc\r\n0\r\n\r\n"),                   "400 | closes"),
        ("a line feed at the end",            "9112 7.1", chunks!(b"0\r\n\n"),                                "400 | closes"),
        ("line feeds alone",                  "9112 7.1", chunks!(b"3\nabc\n0\n\n"),                          "400 | closes"),
        ("no empty line at the end",          "9112 7.1", chunks!(b"0\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"), "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn extensions_are_ignored_once_they_are_known_to_be_such() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a name",                            "9112 7.1.1", chunks!(b"1;a\r\nx\r\n0\r\n\r\n"),                "POST / @a \"x\" | goes on"),
        ("a name and a value",                "9112 7.1.1", chunks!(b"1;a=b\r\nx\r\n0\r\n\r\n"),              "POST / @a \"x\" | goes on"),
        ("two",                               "9112 7.1.1", chunks!(b"1;a=b;c=d\r\nx\r\n0\r\n\r\n"),          "POST / @a \"x\" | goes on"),
        ("on the last chunk",                 "9112 7.1.1", chunks!(b"1\r\nx\r\n0;a=b\r\n\r\n"),              "POST / @a \"x\" | goes on"),
        ("a quoted value",                    "9112 7.1.1", chunks!(b"1;a=\"b c\"\r\nx\r\n0\r\n\r\n"),        "POST / @a \"x\" | goes on"),
        ("an empty quoted value",             "9112 7.1.1", chunks!(b"1;a=\"\"\r\nx\r\n0\r\n\r\n"),           "POST / @a \"x\" | goes on"),
        ("a semicolon in quotes",             "9112 7.1.1", chunks!(b"1;a=\";b\"\r\nx\r\n0\r\n\r\n"),         "POST / @a \"x\" | goes on"),
        ("a quote in quotes",                 "9112 7.1.1", chunks!(b"1;a=\"\\\"\"\r\nx\r\n0\r\n\r\n"),       "POST / @a \"x\" | goes on"),
        ("whitespace",                        "9112 7.1.1", chunks!(b"1 ; a = b\t; c\r\nx\r\n0\r\n\r\n"),     "POST / @a \"x\" | goes on"),
        ("no name",                           "9112 7.1.1", chunks!(b"1;\r\nx\r\n0\r\n\r\n"),                 "400 | closes"),
        ("a value without a name",            "9112 7.1.1", chunks!(b"1;=b\r\nx\r\n0\r\n\r\n"),               "400 | closes"),
        ("no value",                          "9112 7.1.1", chunks!(b"1;a=\r\nx\r\n0\r\n\r\n"),               "400 | closes"),
        ("two semicolons",                    "9112 7.1.1", chunks!(b"1;;a\r\nx\r\n0\r\n\r\n"),               "400 | closes"),
        ("an open quote",                     "9112 7.1.1", chunks!(b"1;a=\"b\r\nx\r\n0\r\n\r\n"),            "400 | closes"),
        ("more behind a quote",               "9112 7.1.1", chunks!(b"1;a=\"b\"c\r\nx\r\n0\r\n\r\n"),         "400 | closes"),
        ("two words",                         "9112 7.1.1", chunks!(b"1;a b\r\nx\r\n0\r\n\r\n"),              "400 | closes"),
        ("words without a semicolon",         "9112 7.1.1", chunks!(b"1 a\r\nx\r\n0\r\n\r\n"),                "400 | closes"),
        ("a null byte",                       "9112 7.1.1", chunks!(b"1;a=\0\r\nx\r\n0\r\n\r\n"),             "400 | closes"),
        ("a control character in quotes",     "9112 7.1.1", chunks!(b"1;a=\"\x01\"\r\nx\r\n0\r\n\r\n"),       "400 | closes"),
        // TERM.EXT and EXT.TERM: one party takes the line feed for the end of the line.
        ("a line feed",                       "TERM.EXT",   chunks!(b"1;a\nx\r\n0\r\n\r\n"),                  "400 | closes"),
        ("a line feed after the semicolon",   "TERM.EXT",   chunks!(b"1;\nx\r\n0\r\n\r\n"),                   "400 | closes"),
        ("a line feed, then CRLF",            "TERM.EXT",   chunks!(b"2;\nxx\r\n2d\r\nyy\r\n0\r\n\r\n"),      "400 | closes"),
        ("a line feed in quotes",             "TERM.EXT",   chunks!(b"1;a=\"\n\"\r\nx\r\n0\r\n\r\n"),         "400 | closes"),
        ("CRLF in quotes",                    "TERM.EXT",   chunks!(b"1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n"),       "400 | closes"),
        ("a return",                          "TERM.EXT",   chunks!(b"1;a\rb\r\nx\r\n0\r\n\r\n"),             "400 | closes"),
        ("a return at the end",               "TERM.EXT",   chunks!(b"1;a\r\r\nx\r\n0\r\n\r\n"),              "400 | closes"),
        ("a line feed without an extension",  "TERM.SPILL", chunks!(b"1\r\nx\n\n0\r\n\r\n"),                  "400 | closes"),
        ("two bytes skipped after content",   "TERM.SPILL", chunks!(b"1\r\nxAA0\r\n\r\n"),                    "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn trailers_are_fields_that_change_nothing_of_the_request() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("one",                               "9112 7.1.2", chunks!(b"1\r\nx\r\n0\r\nChecksum: 1\r\n\r\n"),   "POST / @a \"x\" | goes on"),
        ("two, one of them empty",            "9112 7.1.2", chunks!(b"1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n"),    "POST / @a \"x\" | goes on"),
        ("another Host",                      "9110 6.5.1", chunks!(b"1\r\nx\r\n0\r\nHost: evil\r\n\r\n"),    "POST / @a \"x\" | goes on"),
        ("a length",                          "9110 6.5.1", chunks!(b"1\r\nx\r\n0\r\nContent-Length: 30\r\n\r\n"), "POST / @a \"x\" | goes on"),
        ("a coding",                          "9110 6.5.1", chunks!(b"1\r\nx\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), "POST / @a \"x\" | goes on"),
        ("a close",                           "9110 6.5.1", chunks!(b"1\r\nx\r\n0\r\nConnection: close\r\n\r\n"), "POST / @a \"x\" | goes on"),
        ("an expectation",                    "9110 6.5.1", chunks!(b"1\r\nx\r\n0\r\nExpect: cake\r\n\r\n"),  "POST / @a \"x\" | goes on"),
        ("cut short",                         "9112 8",     chunks!(b"0\r\nA: b\r\n"),                        "waits"),
        ("a space before the colon",          "9112 5.1",   chunks!(b"0\r\nA : b\r\n\r\n"),                   "400 | closes"),
        ("no colon",                          "9112 5",     chunks!(b"0\r\nA\r\n\r\n"),                       "400 | closes"),
        ("no name",                           "9112 5",     chunks!(b"0\r\n: b\r\n\r\n"),                     "400 | closes"),
        ("a folded line",                     "9112 5.2",   chunks!(b"0\r\nA: b\r\n c\r\n\r\n"),              "400 | closes"),
        ("a space at the start",              "9112 5.2",   chunks!(b"0\r\n A: b\r\n\r\n"),                   "400 | closes"),
        ("a null byte",                       "9110 5.5",   chunks!(b"0\r\nA: \0\r\n\r\n"),                   "400 | closes"),
        ("a return",                          "9110 5.5",   chunks!(b"0\r\nA: b\rC: d\r\n\r\n"),              "400 | closes"),
        ("a line feed",                       "9112 2.2",   chunks!(b"0\r\nA: b\n\r\n"),                      "400 | closes"),
        ("a control character",               "9110 5.5",   chunks!(b"0\r\nA: \x01\r\n\r\n"),                 "400 | closes"),
        ("a byte beyond ASCII in a name",     "9110 5.1",   chunks!(b"0\r\nA\xe9: b\r\n\r\n"),                "400 | closes"),
    ];
    wire::check(CASES);
}

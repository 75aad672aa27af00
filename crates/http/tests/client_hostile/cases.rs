//! What hostile and broken servers send, and what a client has to make of it.

use super::server::Step::{self, *};

/// What is shown, the method, what the server does, and what the fetch gives: the status, the body and
/// whether the connection is kept, or the error.
pub(crate) type Case = (&'static str, &'static str, &'static [Step], &'static str);

/// The head before chunks.
const CHUNKED: Step = Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

/// Too large for any head.
const BIG_LINE: &[u8] = &[b'x'; 70 * 1024];

/// A field of 300 bytes: heads of such are too large before they are too many.
const LONG_FIELD: &[u8] = &{
    let mut field = [b'a'; 300];
    (field[1], field[298], field[299]) = (b':', b'\r', b'\n');
    field
};

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    // Sound answers, so that the table could not pass by refusing everything.
    ("a length",                            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Silence],                                "200 \"abc\" kept"),
    ("chunks",                              "GET",  &[CHUNKED, Say(b"3\r\nabc\r\n0\r\n\r\n"), Silence],                                                 "200 \"abc\" kept"),
    ("until close",                         "GET",  &[Say(b"HTTP/1.1 200 OK\r\n\r\nabc")],                                                              "200 \"abc\""),
    ("HTTP/1.0",                            "GET",  &[Say(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Silence],                                "200 \"abc\""),
    ("an answer in drops",                  "GET",  &[Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Silence],                               "200 \"abc\" kept"),
    ("early hints first",                   "GET",  &[Say(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Silence], "200 \"\" kept"),
    ("404 with a body",                     "GET",  &[Say(b"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\na"), Silence],                                  "404 \"a\" kept"),
    ("an unknown status",                   "GET",  &[Say(b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n"), Silence],                                  "799 \"\" kept"),

    // RFC 9112, section 4: the status line.
    ("nothing",                             "GET",  &[],                                                                                                "closed"),
    ("one byte",                            "GET",  &[Say(b"H")],                                                                                       "closed"),
    ("half a status line",                  "GET",  &[Say(b"HTTP/1.1 200")],                                                                            "closed"),
    ("a page without a head",               "GET",  &[Say(b"<html>Hello</html>\r\n")],                                                                  "StatusLine"),
    ("another protocol",                    "GET",  &[Say(b"SSH-2.0-OpenSSH_9.2\r\n")],                                                                 "StatusLine"),
    ("a mail server",                       "GET",  &[Say(b"220 mail ESMTP\r\n")],                                                                      "StatusLine"),
    ("shoutcast",                           "GET",  &[Say(b"ICY 200 OK\r\n\r\n")],                                                                      "StatusLine"),
    ("null bytes",                          "GET",  &[Say(b"\0\0\0\0\r\n\r\n")],                                                                        "StatusLine"),
    ("a record of TLS",                     "GET",  &[Say(b"\x15\x03\x01\x00\x02\x02\x46")],                                                            "StatusLine"),
    ("frames of HTTP/2",                    "GET",  &[Say(b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x08\0\0\0\0\0\0\0\0\x01")],                                    "StatusLine"),
    ("an empty line first",                 "GET",  &[Say(b"\r\nHTTP/1.1 200 OK\r\n\r\n")],                                                             "StatusLine"),
    ("a space first",                       "GET",  &[Say(b" HTTP/1.1 200 OK\r\n\r\n")],                                                                "StatusLine"),
    ("small letters",                       "GET",  &[Say(b"http/1.1 200 OK\r\n\r\n")],                                                                 "StatusLine"),
    ("two spaces",                          "GET",  &[Say(b"HTTP/1.1  200 OK\r\n\r\n")],                                                                "StatusLine"),
    ("a tab for a space",                   "GET",  &[Say(b"HTTP/1.1\t200 OK\r\n\r\n")],                                                                "StatusLine"),
    ("two digits",                          "GET",  &[Say(b"HTTP/1.1 20 OK\r\n\r\n")],                                                                  "StatusLine"),
    ("four digits",                         "GET",  &[Say(b"HTTP/1.1 2000 OK\r\n\r\n")],                                                                "StatusLine"),
    ("a status below 100",                  "GET",  &[Say(b"HTTP/1.1 099 OK\r\n\r\n")],                                                                 "StatusLine"),
    ("a status of zero",                    "GET",  &[Say(b"HTTP/1.1 000 OK\r\n\r\n")],                                                                 "StatusLine"),
    ("a negative status",                   "GET",  &[Say(b"HTTP/1.1 -20 OK\r\n\r\n")],                                                                 "StatusLine"),
    ("a status with a sign",                "GET",  &[Say(b"HTTP/1.1 +20 OK\r\n\r\n")],                                                                 "StatusLine"),
    ("a status of letters",                 "GET",  &[Say(b"HTTP/1.1 abc OK\r\n\r\n")],                                                                 "StatusLine"),
    ("a null in the reason",                "GET",  &[Say(b"HTTP/1.1 200 O\0K\r\n\r\n")],                                                               "StatusLine"),
    ("a return in the reason",              "GET",  &[Say(b"HTTP/1.1 200 OK\rX: a\r\n\r\n")],                                                           "BareCarriageReturn"),
    ("HTTP/2.0 as text",                    "GET",  &[Say(b"HTTP/2.0 200 OK\r\n\r\n")],                                                                 "NewVersion"),
    ("HTTP/3 as text",                      "GET",  &[Say(b"HTTP/3 200 OK\r\n\r\n")],                                                                   "StatusLine"),
    ("HTTP/0.9 as text",                    "GET",  &[Say(b"HTTP/0.9 200 OK\r\n\r\n")],                                                                 "OldVersion"),
    ("HTTP/1.10",                           "GET",  &[Say(b"HTTP/1.10 200 OK\r\n\r\n")],                                                                "StatusLine"),
    ("a status line without end",           "GET",  &[Say(b"HTTP/1.1 200 "), Repeat(b"O")],                                                             "HeadTooLarge"),
    ("garbage without end",                 "GET",  &[Repeat(b"x")],                                                                                    "HeadTooLarge"),
    ("line feeds without end",              "GET",  &[Repeat(b"\n")],                                                                                   "StatusLine"),

    // Section 5: fields.
    ("a space before the colon",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n")],                                   "FieldName"),
    ("no name",                             "GET",  &[Say(b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n")],                                     "FieldName"),
    ("no colon",                            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n")],                                       "NoColon"),
    ("a folded first line",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n")],                                   "Folding"),
    ("a folded value",                      "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"), Silence],                     "200 \"\" kept"),
    ("a folded length",                     "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\n\r\na"), Silence],                              "200 \"a\" kept"),
    ("a null in a value",                   "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n")],                                 "FieldValue"),
    ("a return in a value",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n")],                                 "BareCarriageReturn"),
    ("a delete in a value",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 0\r\n\r\n")],                               "FieldValue"),
    ("a name that is no ASCII",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\n\xc3\xa9: a\r\nContent-Length: 0\r\n\r\n")],                             "FieldName"),
    ("a value that is no UTF-8",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nContent-Length: 0\r\n\r\n"), Silence],                    "200 \"\" kept"),
    ("bare line feeds",                     "GET",  &[Say(b"HTTP/1.1 200 OK\nContent-Length: 1\n\na"), Silence],                                        "200 \"a\" kept"),
    ("bare returns",                        "GET",  &[Say(b"HTTP/1.1 200 OK\rContent-Length: 1\r\ra")],                                                 "BareCarriageReturn"),
    ("a head cut short",                    "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n")],                                                "closed"),
    ("a head cut in a line",                "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Le")],                                                           "closed"),
    ("a value without end",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: "), Repeat(b"a")],                                                    "HeadTooLarge"),
    ("a name without end",                  "GET",  &[Say(b"HTTP/1.1 200 OK\r\n"), Repeat(b"a")],                                                       "HeadTooLarge"),
    ("fields without end",                  "GET",  &[Say(b"HTTP/1.1 200 OK\r\n"), Repeat(b"X: a\r\n")],                                                "TooManyFields"),
    ("large fields without end",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\n"), Repeat(LONG_FIELD)],                                                 "HeadTooLarge"),
    ("folding without end",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: a\r\n"), Repeat(b" a\r\n")],                                          "HeadTooLarge"),
    ("one field that is too large",         "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: "), Say(BIG_LINE), Say(b"\r\n\r\n")],                                 "HeadTooLarge"),

    // Section 6.3: where the body ends.
    ("both lengths",                        "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n")], "BothLengths"),
    ("both, the other way round",           "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc")],           "BothLengths"),
    ("equal lengths",                       "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), Silence],             "200 \"a\" kept"),
    ("a list of equal lengths",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na"), Silence],                               "200 \"a\" kept"),
    ("unequal lengths",                     "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")],                     "UnequalLengths"),
    ("a list of unequal lengths",           "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab")],                                       "UnequalLengths"),
    ("a negative length",                   "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na")],                                          "ContentLength"),
    ("a length with a plus",                "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na")],                                          "ContentLength"),
    ("a length in hexadecimal",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na")],                                         "ContentLength"),
    ("a length with a point",               "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1.0\r\n\r\na")],                                         "ContentLength"),
    ("a length with a space within",        "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1 0\r\n\r\na")],                                         "ContentLength"),
    ("an empty length",                     "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\na")],                                            "ContentLength"),
    ("a length beyond 64 bits",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\na")],                     "BodyTooLarge"),
    ("a length of 2^64",                    "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\na")],                        "BodyTooLarge"),
    ("a length over the limit",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\na")],                                     "BodyTooLarge"),
    ("more bytes than the length",          "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"), Silence],                             "200 \"abc\""),
    ("fewer bytes than the length",         "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")],                                        "closed"),
    ("a body until close, too long",        "GET",  &[Say(b"HTTP/1.1 200 OK\r\n\r\n"), Repeat(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")], "BodyTooLarge"),
    ("another transfer coding",             "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")],                             "TransferCoding"),
    ("chunked that is not last",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n")],                             "TransferEncoding"),
    ("chunked twice",                       "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")],                 "TransferEncoding"),
    ("xchunked",                            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")],                         "TransferCoding"),
    ("identity",                            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc")],                               "TransferCoding"),
    ("chunks in HTTP/1.0",                  "GET",  &[Say(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")],                          "TransferEncodingVersion"),

    // Section 7.1: chunks.
    ("a size of letters",                   "GET",  &[CHUNKED, Say(b"xyz\r\nabc\r\n0\r\n\r\n")],                                                        "ChunkSize"),
    ("an empty size",                       "GET",  &[CHUNKED, Say(b"\r\nabc\r\n0\r\n\r\n")],                                                           "ChunkSize"),
    ("a negative size",                     "GET",  &[CHUNKED, Say(b"-3\r\nabc\r\n0\r\n\r\n")],                                                         "ChunkSize"),
    ("a size with a plus",                  "GET",  &[CHUNKED, Say(b"+3\r\nabc\r\n0\r\n\r\n")],                                                         "ChunkSize"),
    ("a size with 0x",                      "GET",  &[CHUNKED, Say(b"0x3\r\nabc\r\n0\r\n\r\n")],                                                        "ChunkSize"),
    ("a size with an underscore",           "GET",  &[CHUNKED, Say(b"1_0\r\nabc\r\n0\r\n\r\n")],                                                        "ChunkSize"),
    ("a space before the size",             "GET",  &[CHUNKED, Say(b" 3\r\nabc\r\n0\r\n\r\n")],                                                         "ChunkSize"),
    ("a size of 2^64",                      "GET",  &[CHUNKED, Say(b"10000000000000000\r\nabc")],                                                       "ChunkSize"),
    ("a size of 2^64 and 3",                "GET",  &[CHUNKED, Say(b"10000000000000003\r\nabc\r\n0\r\n\r\n")],                                          "ChunkSize"),
    ("a size of 2^63",                      "GET",  &[CHUNKED, Say(b"8000000000000000\r\nabc")],                                                        "BodyTooLarge"),
    ("sizes that overflow together",        "GET",  &[CHUNKED, Say(b"1\r\na\r\nffffffffffffffff\r\nabc")],                                              "BodyTooLarge"),
    ("a size over the limit",               "GET",  &[CHUNKED, Say(b"f4241\r\nabc")],                                                                   "BodyTooLarge"),
    ("zeros without end",                   "GET",  &[CHUNKED, Repeat(b"0")],                                                                           "ChunkSize"),
    ("a chunk that is too long",            "GET",  &[CHUNKED, Say(b"3\r\nabcd\r\n0\r\n\r\n")],                                                         "ChunkEnd"),
    ("a chunk that is too short",           "GET",  &[CHUNKED, Say(b"3\r\nab\r\n0\r\n\r\n")],                                                           "ChunkEnd"),
    ("no line end after a chunk",           "GET",  &[CHUNKED, Say(b"3\r\nabc0\r\n\r\n")],                                                              "ChunkEnd"),
    ("a bare line feed after a size",       "GET",  &[CHUNKED, Say(b"3\nabc\r\n0\r\n\r\n")],                                                            "ChunkSize"),
    ("a bare line feed after a chunk",      "GET",  &[CHUNKED, Say(b"3\r\nabc\n0\r\n\r\n")],                                                            "ChunkEnd"),
    ("a bare return after a size",          "GET",  &[CHUNKED, Say(b"3\rabc\r\n0\r\n\r\n")],                                                            "ChunkSize"),
    ("cut in a size",                       "GET",  &[CHUNKED, Say(b"3")],                                                                              "closed"),
    ("cut in a chunk",                      "GET",  &[CHUNKED, Say(b"3\r\nab")],                                                                        "closed"),
    ("cut after a chunk",                   "GET",  &[CHUNKED, Say(b"3\r\nabc\r\n")],                                                                   "closed"),
    ("cut before the last line end",        "GET",  &[CHUNKED, Say(b"3\r\nabc\r\n0\r\n")],                                                              "closed"),
    ("an extension",                        "GET",  &[CHUNKED, Say(b"3;a=b;c=\"d\"\r\nabc\r\n0\r\n\r\n"), Silence],                                     "200 \"abc\" kept"),
    ("a bare line feed in an extension",    "GET",  &[CHUNKED, Say(b"3;a\nabc\r\n0\r\n\r\n")],                                                          "ChunkExtension"),
    ("an extension without end",            "GET",  &[CHUNKED, Say(b"3;"), Repeat(b"a")],                                                               "ChunkExtensionsTooLarge"),
    ("extensions without end",              "GET",  &[CHUNKED, Repeat(b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n")], "ChunkExtensionsTooLarge"),
    ("chunks without end",                  "GET",  &[CHUNKED, Repeat(b"10\r\naaaaaaaaaaaaaaaa\r\n")],                                                  "BodyTooLarge"),
    ("a trailer",                           "GET",  &[CHUNKED, Say(b"3\r\nabc\r\n0\r\nX: a\r\n\r\n"), Silence],                                         "200 \"abc\" kept"),
    ("a trailer without its colon",         "GET",  &[CHUNKED, Say(b"0\r\nX\r\n\r\n")],                                                                 "NoColon"),
    ("a trailer with a bad name",           "GET",  &[CHUNKED, Say(b"0\r\nX : a\r\n\r\n")],                                                             "FieldName"),
    ("a trailer without end",               "GET",  &[CHUNKED, Say(b"0\r\nX: "), Repeat(b"a")],                                                         "TrailerTooLarge"),
    ("trailers without end",                "GET",  &[CHUNKED, Say(b"0\r\n"), Repeat(b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")],         "TrailerTooLarge"),

    // RFC 9110, sections 6.4.1 and 15: responses without a body.
    ("HEAD with a length",                  "HEAD", &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), Silence],                                   "200 \"\" kept"),
    ("HEAD with a body",                    "HEAD", &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), Silence],                                "200 \"\""),
    ("HEAD with chunks",                    "HEAD", &[Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Silence],                          "200 \"\" kept"),
    ("304 with a length",                   "GET",  &[Say(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), Silence],                         "304 \"\" kept"),
    ("304 with a body",                     "GET",  &[Say(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc"), Silence],                      "304 \"\""),
    ("204 with a length of zero",           "GET",  &[Say(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), Silence],                           "204 \"\" kept"),
    ("204 with a length",                   "GET",  &[Say(b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc")],                                 "BodyNotAllowed"),
    ("204 with chunks",                     "GET",  &[Say(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")],                  "BodyNotAllowed"),
    ("204 with bytes that nothing announces", "GET",  &[Say(b"HTTP/1.1 204 No Content\r\n\r\nabc"), Silence],                                             "204 \"\""),

    // Section 15.2: informational responses.
    ("100 that nobody asked for",           "GET",  &[Say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Silence],      "200 \"\" kept"),
    ("100 and no more",                     "GET",  &[Say(b"HTTP/1.1 100 Continue\r\n\r\n")],                                                           "closed"),
    ("100 with a length",                   "GET",  &[Say(b"HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\na")],                                     "BodyNotAllowed"),
    ("100 without end",                     "GET",  &[Repeat(b"HTTP/1.1 100 Continue\r\n\r\n")],                                                        "TooManyInformational"),
    ("103 without end, each large",         "GET",  &[Repeat(b"HTTP/1.1 103 Early Hints\r\nLink: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n")], "TooManyInformational"),
    ("101 that nobody asked for",           "GET",  &[Say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nother bytes")], "UnaskedSwitch"),

    // RFC 9112, section 9: the connection.
    ("close is announced",                  "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"), Silence],             "200 \"a\""),
    ("two answers",                         "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb"), Silence], "200 \"a\""),
    // A first request crosses whatever comes first; what comes on an idle connection is in `idle.rs`.
    ("an answer before the request",        "GET",  &[Unasked(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")],                                       "200 \"a\""),
    ("a word before the request",           "GET",  &[Unasked(b"+OK welcome\r\n")],                                                                     "StatusLine"),
    ("reset at once",                       "GET",  &[Reset],                                                                                           "reset"),
    ("reset in the head",                   "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-"), Reset],                                                      "reset"),
    ("reset in a length",                   "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Reset],                                 "reset"),
    ("reset in a chunk",                    "GET",  &[CHUNKED, Say(b"5\r\nabc"), Reset],                                                                "reset"),
    ("reset in a body until close",         "GET",  &[Say(b"HTTP/1.1 200 OK\r\n\r\nabc"), Reset],                                                       "reset"),

    // Servers that are slow, or silent.
    ("silence",                             "GET",  &[Silence],                                                                                         "timeout"),
    ("silence in the head",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-"), Silence],                                                    "timeout"),
    ("silence after the head",              "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), Silence],                                   "timeout"),
    ("silence in a length",                 "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), Silence],                                 "timeout"),
    ("silence in a chunk",                  "GET",  &[CHUNKED, Say(b"3\r\nab"), Silence],                                                               "timeout"),
    ("silence before the last chunk",       "GET",  &[CHUNKED, Say(b"3\r\nabc\r\n"), Silence],                                                          "timeout"),
    ("silence in a trailer",                "GET",  &[CHUNKED, Say(b"0\r\nX: a"), Silence],                                                             "timeout"),
    ("silence where the end is close",      "GET",  &[Say(b"HTTP/1.1 200 OK\r\n\r\nabc"), Silence],                                                     "timeout"),
    ("silence after a 1xx",                 "GET",  &[Say(b"HTTP/1.1 103 Early Hints\r\n\r\n"), Silence],                                               "timeout"),
    ("a head, a byte at a time",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nX: "), Trickle],                                                         "timeout"),
    ("a body, a byte at a time",            "GET",  &[Say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Trickle],                                "timeout"),
    ("chunks, a byte at a time",            "GET",  &[CHUNKED, Say(b"3e8\r\n"), Trickle],                                                               "timeout"),
];

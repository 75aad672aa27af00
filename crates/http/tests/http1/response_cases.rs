//! Raw responses and what a client has to make of them: RFC 9112 and RFC 9110 rule by rule.

/// What is shown, the method of the requests, the bytes up to the connection's end, and what a client
/// reads, in the form of [`responses`](super::responses).
pub(crate) type Case = (&'static str, &'static str, &'static [u8], &'static str);

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    // RFC 9112, section 4: the status line.
    ("a response",                "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",              "200 OK \"abc\""),
    ("two in one go",             "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nb", "200 OK \"a\"\n404 No \"b\""),
    ("nothing",                   "GET",  b"",                                                             "400 Incomplete"),
    ("half a head",               "GET",  b"HTTP/1.1 200 OK\r\n",                                          "400 Incomplete"),
    ("an empty reason",           "GET",  b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",                   "200 "),
    ("no reason and no space",    "GET",  b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",                    "200 "),
    ("a reason of many words",    "GET",  b"HTTP/1.1 200 A  b\tc \xe9\r\nContent-Length: 0\r\n\r\n",       "200 A  b\\tc \\xe9"),
    ("bare line feeds",           "GET",  b"HTTP/1.1 200 OK\nContent-Length: 1\n\na",                      "200 OK \"a\""),
    ("an unknown status",         "GET",  b"HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n",                  "599 X"),
    ("HTTP/1.0",                  "GET",  b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",                "200 OK \"a\" close"),
    ("HTTP/1.0 with keep-alive",  "GET",  b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", "200 OK \"a\""),
    ("HTTP/1.7",                  "GET",  b"HTTP/1.7 200 OK\r\nContent-Length: 0\r\n\r\n",                 "200 OK"),
    ("HTTP/2.0",                  "GET",  b"HTTP/2.0 200 OK\r\n\r\n",                                      "505 NewVersion"),
    ("HTTP/0.9",                  "GET",  b"<html>Hello\r\n",                                              "400 StatusLine"),
    ("another protocol",          "GET",  b"ICY 200 OK\r\n\r\n",                                           "400 StatusLine"),
    ("a version in small letters", "GET", b"http/1.1 200 OK\r\n\r\n",                                      "400 StatusLine"),
    ("two digits",                "GET",  b"HTTP/1.1 20 OK\r\n\r\n",                                       "400 StatusLine"),
    ("four digits",               "GET",  b"HTTP/1.1 2000 OK\r\n\r\n",                                     "400 StatusLine"),
    ("a code below 100",          "GET",  b"HTTP/1.1 099 OK\r\n\r\n",                                      "400 StatusLine"),
    ("a code of letters",         "GET",  b"HTTP/1.1 2xx OK\r\n\r\n",                                      "400 StatusLine"),
    ("a code with a sign",        "GET",  b"HTTP/1.1 +20 OK\r\n\r\n",                                      "400 StatusLine"),
    ("two spaces",                "GET",  b"HTTP/1.1  200 OK\r\n\r\n",                                     "400 StatusLine"),
    ("a space before",            "GET",  b" HTTP/1.1 200 OK\r\n\r\n",                                     "400 StatusLine"),
    ("an empty line before",      "GET",  b"\r\nHTTP/1.1 200 OK\r\n\r\n",                                  "400 StatusLine"),
    ("a null byte in the reason", "GET",  b"HTTP/1.1 200 O\0K\r\n\r\n",                                    "400 StatusLine"),
    ("a bare return",             "GET",  b"HTTP/1.1 200 OK\rX: a\r\n\r\n",                                "400 BareCarriageReturn"),

    // Section 5: fields.
    ("folding",                   "GET",  b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\na",  "200 OK \"a\""),
    ("folding of a length",       "GET",  b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\n\r\na",            "200 OK \"a\""),
    ("folding of a list",         "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 1,\r\n\t1\r\n\r\na",        "200 OK \"a\""),
    ("folding of the first line", "GET",  b"HTTP/1.1 200 OK\r\n X: a\r\n\r\n",                             "400 Folding"),
    ("a space before the colon",  "GET",  b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",                             "400 FieldName"),
    ("a line without a colon",    "GET",  b"HTTP/1.1 200 OK\r\nX\r\n\r\n",                                 "400 NoColon"),
    ("a null byte in a value",    "GET",  b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",                             "400 FieldValue"),

    // Section 6.3: where the body ends.
    ("until close",               "GET",  b"HTTP/1.1 200 OK\r\n\r\nabc",                                   "200 OK \"abc\" close"),
    ("until close at once",       "GET",  b"HTTP/1.1 200 OK\r\n\r\n",                                      "200 OK \"\" close"),
    ("a body cut short",          "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",              "400 Incomplete"),
    ("chunks",                    "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\nX: b\r\n\r\n", "200 OK \"a\" (X: b\\r\\n)"),
    ("chunks cut short",          "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "400 Incomplete"),
    ("chunks without their end",  "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "400 Incomplete"),
    ("a bad chunk",               "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", "400 ChunkSize"),
    ("chunks in 1.0",             "GET",  b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 TransferEncodingVersion"),
    ("another coding",            "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",  "501 TransferCoding"),
    ("both lengths",              "GET",  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400 BothLengths"),
    ("a length twice",            "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "200 OK \"a\""),
    ("two lengths",               "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400 UnequalLengths"),
    ("a negative length",         "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",                "400 ContentLength"),
    ("a length beyond the limit", "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 104857601\r\n\r\n",         "413 BodyTooLarge"),
    ("the answer to HEAD",        "HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 404 No\r\n\r\n", "200 OK\n404 No"),
    ("HEAD with chunks",          "HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",        "200 OK"),
    ("304 with a length",         "GET",  b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",       "304 Not Modified"),
    ("304 without",               "GET",  b"HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 204 No\r\n\r\n",     "304 Not Modified\n204 No"),
    ("204",                       "GET",  b"HTTP/1.1 204 No Content\r\n\r\n",                              "204 No Content"),
    ("204 with a length of zero", "GET",  b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",         "204 No Content"),
    ("204 with a body",           "GET",  b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\na",        "400 BodyNotAllowed"),
    ("204 with chunks",           "GET",  b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 BodyNotAllowed"),
    ("a tunnel",                  "CONNECT", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",           "200 OK \"abc\" close"),
    ("a tunnel refused",          "CONNECT", b"HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\na",             "403 No \"a\""),

    // RFC 9110, section 15.2, and RFC 9112, section 9: what comes before, and after.
    ("100 first",                 "GET",  b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "100 Continue\n200 OK \"a\""),
    ("100 with a body",           "GET",  b"HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\na",          "400 BodyNotAllowed"),
    ("only 103",                  "GET",  b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",                  "103 Early Hints\n400 Incomplete"),
    ("a switch",                  "GET",  b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\nother bytes", "101 Switching Protocols close"),
    ("close",                     "GET",  b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\naHTTP/1.1", "200 OK \"a\" close"),
];

"""Answers what crates/http/tests/httputil_against_tornado.rs asks, by Tornado's own functions.

A question is a line: the function's name, then its arguments in hexadecimal ("-" for an empty one).
The answer is a line: "ok" and its parts in hexadecimal, or "error" where the function raised.
"""

import sys

import tornado
from tornado import httputil
from tornado.escape import parse_qs_bytes

assert tornado.version == "6.6.1", tornado.version


def pairs(mapping, encoding):
    for name, values in mapping.items():
        for value in values:
            yield name.encode(encoding)
            yield value


def arguments(query):
    return pairs(parse_qs_bytes(query, keep_blank_values=True, max_num_fields=1000), "latin1")


def multipart(boundary, body):
    arguments, files = {}, {}
    httputil.parse_multipart_form_data(boundary, body, arguments, files)
    yield from pairs(arguments, "utf-8")
    for name, uploads in files.items():
        for file in uploads:
            yield from (name.encode(), file.filename.encode(), file.content_type.encode(), file.body)


def parameters(text):
    value, found = httputil._parse_header(text.decode())
    yield value.encode()
    for name in sorted(found):
        yield from (name.encode(), found[name].encode())


def cookies(header):
    for name, value in httputil.parse_cookie(header.decode()).items():
        yield from (name.encode(), value.encode())


def headers(block):
    for name, value in httputil.HTTPHeaders.parse(block.decode("latin1")).get_all():
        yield from (name.encode(), value.encode("latin1"))


def url_concat(url, *arguments):
    texts = [argument.decode() for argument in arguments]
    yield httputil.url_concat(url.decode(), list(zip(texts[::2], texts[1::2]))).encode()


def timestamp(seconds):
    yield httputil.format_timestamp(int(seconds)).encode()


def request_range(header, length):
    # What StaticFileHandler makes of the range.
    size = int(length)
    start, end = httputil._parse_request_range(header.decode()) or (None, None)
    if start is not None and start < 0:
        start = max(start + size, 0)
    if (start is not None and (start >= size or (end is not None and start >= end))) or end == 0:
        yield b"416"
        return
    end = size if end is None else min(end, size)
    yield b"%d-%d" % (start or 0, end)


def host_and_port(netloc):
    host, port = httputil.split_host_and_port(netloc.decode())
    yield host.encode()
    yield str(port).encode()


def username_password(username, password):
    yield httputil.encode_username_password(username.decode(), password.decode())


for line in sys.stdin:
    name, *fields = line.split()
    try:
        parts = list(globals()[name](*(b"" if field == "-" else bytes.fromhex(field) for field in fields)))
        print("ok", *(part.hex() or "-" for part in parts))
    except Exception:
        print("error")

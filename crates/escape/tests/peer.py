"""Answers what Tornado's escape module gives: a JSON call a line in, a JSON answer a line out.

A call is {"function": .., "input": .., "options": {..}}. Bytes are hexadecimal both ways.
"""

import html.entities
import json
import struct
import sys

import tornado
from tornado import escape


def url_unescape_bytes(text, plus):
    return escape.url_unescape(text, encoding=None, plus=plus).hex()


def parse_qs_bytes(query, **options):
    fields = escape.parse_qs_bytes(bytes.fromhex(query), **options)
    return [[name, [value.hex() for value in values]] for name, values in fields.items()]


def json_encode_float(bits):
    return escape.json_encode(struct.unpack(">d", bytes.fromhex(bits))[0])


FUNCTIONS = {
    "entities": lambda _: html.entities.html5,
    "xhtml_escape": escape.xhtml_escape,
    "xhtml_unescape": escape.xhtml_unescape,
    "url_escape": lambda value, plus: escape.url_escape(bytes.fromhex(value), plus),
    "url_unescape": lambda text, plus: escape.url_unescape(text, plus=plus),
    "url_unescape_bytes": url_unescape_bytes,
    "parse_qs_bytes": parse_qs_bytes,
    "json_encode": lambda text: escape.json_encode(escape.json_decode(text)),
    "json_encode_float": json_encode_float,
    "squeeze": escape.squeeze,
    "linkify": escape.linkify,
}

print(tornado.version, flush=True)
for line in sys.stdin:
    call = json.loads(line)
    try:
        answer = FUNCTIONS[call["function"]](call["input"], **call["options"])
    except ValueError:
        answer = {"error": "ValueError"}
    print(json.dumps(answer))

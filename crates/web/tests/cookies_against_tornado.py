"""Signs, reads and writes cookies as Tornado does: a JSON call a line in, a JSON answer a line out.

Bytes are hexadecimal both ways. Several secrets are a map from version to secret.
"""

import json
import logging
import sys
import warnings
from http import cookies
from types import SimpleNamespace

import tornado
from tornado import web

warnings.simplefilter("ignore")
logging.disable()


def secrets(secret):
    return {int(version): text for version, text in secret.items()} if isinstance(secret, dict) else secret


def create(secret, name, value, version, timestamp, key_version):
    clock = lambda: timestamp
    return web.create_signed_value(
        secrets(secret), name, bytes.fromhex(value), version, clock, key_version
    ).decode()


def decode(secret, name, signed, now, max_age_days, min_version):
    try:
        value = web.decode_signed_value(
            secrets(secret), name, bytes.fromhex(signed), max_age_days, lambda: now, min_version
        )
    except AssertionError:
        # Version 1, and several secrets.
        return None
    return value if value is None else value.hex()


def set_cookie(name, value, options):
    handler = SimpleNamespace()
    try:
        web.RequestHandler.set_cookie(handler, name, value, **options)
        return [morsel.OutputString(None) for morsel in handler._new_cookie.values()][0]
    except (cookies.CookieError, ValueError):
        return None


def handler_of(cookie, argument, header, version):
    """A handler that has no more than what tokens need."""
    handler = object.__new__(web.RequestHandler)
    handler.application = SimpleNamespace(settings={"xsrf_cookie_version": version})
    handler.request = SimpleNamespace(headers={"X-Xsrftoken": header} if header else {})
    handler.get_cookie = lambda name: cookie or None
    handler.get_argument = lambda name, default: argument or default
    return handler


def xsrf_check(cookie, argument, header):
    try:
        handler_of(cookie, argument, header, 2).check_xsrf_cookie()
    except web.HTTPError as error:
        return error.log_message
    return ""


def xsrf_token(cookie, version):
    return handler_of(cookie, None, None, version).xsrf_token.decode()


def cross_origin(site, origin, host, trusted):
    headers = {"sec-fetch-site": site, "origin": origin, "Host": host}
    handler = object.__new__(web.RequestHandler)
    handler.request = SimpleNamespace(headers={name: value for name, value in headers.items() if value is not None})
    return handler._check_cross_origin(lambda origin: origin in trusted) is None


FUNCTIONS = {
    "create": create,
    "decode": decode,
    "key_version": lambda signed: web.get_signature_key_version(bytes.fromhex(signed)),
    "set_cookie": set_cookie,
    "cross_origin": cross_origin,
    "xsrf_check": xsrf_check,
    "xsrf_token": xsrf_token,
}

print(tornado.version, flush=True)
for line in sys.stdin:
    function, *arguments = json.loads(line)
    print(json.dumps(FUNCTIONS[function](*arguments)), flush=True)

"""Answers what Tornado's locale module gives: a JSON call a line in, a JSON answer a line out.

The calls `csv`, `gettext` and `default` set it up for those that follow; `package` is the folder of Tornado itself.
"""

import datetime
import json
import logging
import os
import sys
import types
import warnings

import tornado
from tornado import httputil, locale
from tornado.web import RequestHandler

logging.disable()
warnings.simplefilter("ignore")


class Clock(datetime.datetime):
    """A clock that stands still."""

    fixed = None

    @classmethod
    def now(cls, tz=None):
        return cls.fixed


locale.datetime = types.SimpleNamespace(datetime=Clock, timedelta=datetime.timedelta, UTC=datetime.UTC)


def moment(microseconds):
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=microseconds)


def set_up(load, *arguments):
    locale.Locale._cache = {}
    load(*arguments)
    return sorted(locale.get_supported_locales())


def format_date(codes, date, now, **options):
    Clock.fixed = moment(now)
    return locale.get(*codes).format_date(moment(date), **options)


def browser_locale(header):
    headers = httputil.HTTPHeaders({"Accept-Language": header})
    handler = types.SimpleNamespace(request=types.SimpleNamespace(headers=headers))
    return RequestHandler.get_browser_locale(handler).code


def describe(codes):
    found = locale.get(*codes)
    return [found.code, found.name, found.rtl]


FUNCTIONS = {
    "package": lambda: os.path.dirname(tornado.__file__),
    "csv": lambda *arguments: set_up(locale.load_translations, *arguments),
    "gettext": lambda *arguments: set_up(locale.load_gettext_translations, *arguments),
    "default": lambda code: set_up(locale.set_default_locale, code),
    "names": lambda: {code: names["name"] for code, names in locale.LOCALE_NAMES.items()},
    "describe": lambda *codes: describe(codes),
    "browser_locale": browser_locale,
    "translate": lambda code, *arguments: locale.get(code).translate(*arguments),
    "pgettext": lambda code, *arguments: locale.get(code).pgettext(*arguments),
    "list": lambda code, parts: locale.get(code).list(parts),
    "friendly_number": lambda code, number: locale.get(code).friendly_number(int(number)),
    "format_date": lambda code, date, now, options: format_date([code], date, now, **options),
    "format_day": lambda code, date, options: locale.get(code).format_day(moment(date), **options),
}

print(tornado.version, flush=True)
for line in sys.stdin:
    function, *arguments = json.loads(line)
    print(json.dumps(FUNCTIONS[function](*arguments)), flush=True)

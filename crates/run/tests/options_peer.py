"""Answers what Tornado's options module does: a JSON call a line in, a JSON answer a line out.

A call has a "function" and its arguments by name. Where Tornado raises anything, the answer is
{"error": the exception's name}.
"""

import datetime
import json
import sys
import tempfile

import tornado
from tornado.options import OptionParser

TYPES = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "datetime": datetime.datetime,
    "timedelta": datetime.timedelta,
}


def plain(value):
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.datetime):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def parse(type, multiple, text):
    """The value of an option that is given on the command line."""
    options = OptionParser()
    options.define("x", type=TYPES[type], multiple=multiple)
    options.parse_command_line(["program", "--x=" + text])
    return plain(options.x)


def command_line(arguments):
    """What the options are after a command line, and what is left of it."""
    options = OptionParser()
    options.define("flag", default=False)
    options.define("a_name", default="")
    options.define("number", default=0)
    rest = options.parse_command_line(["program"] + arguments)
    return [options.flag, options.a_name, options.number, rest]


def config_file(type, multiple, text):
    """The value of an option that a config file assigns."""
    options = OptionParser()
    options.define("x", type=TYPES[type], multiple=multiple)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        options.parse_config_file(file.name)
    return plain(options.x)


def help(program, definitions):
    """The help of options."""
    options = OptionParser()
    for definition in definitions:
        type = definition.pop("type", None)
        if type == "datetime":
            definition["default"] = datetime.datetime.fromisoformat(definition["default"])
        elif type is not None:
            definition["type"] = TYPES[type]
        options.define(**definition)
    sys.argv[0] = program

    class Output(list):
        write = list.append

    output = Output()
    options.print_help(output)
    return "".join(output)


FUNCTIONS = {function.__name__: function for function in [parse, command_line, config_file, help]}

# Tornado prints its help where an option is unknown.
sys.stderr = open("/dev/null", "w")

print(tornado.version, flush=True)
for line in sys.stdin:
    call = json.loads(line)
    try:
        answer = FUNCTIONS[call.pop("function")](**call)
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer))

"""User instructions a request, counted by callgrind.

What is measured runs twice under callgrind, once with N requests and once with 2N, an exact number
each. The difference over N leaves out starting, connecting and warming up. Unlike time, it comes
out the same on a busy machine, to a few instructions: how many events one wait returns is all that
differs.
"""

import re
from pathlib import Path

CALLGRIND = ("valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes",
             "--callgrind-out-file=FOLDER/callgrind.%p")


def difference(run, requests):
    """User instructions a request; `run(n)` returns all those of a life with `n` requests."""
    short, long = run(requests), run(2 * requests)
    return (long - short) / requests


def of(program):
    """Ends `program`, which was started under `CALLGRIND`, and returns the instructions of its life."""
    program.stop()
    counted = [re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
               for file in Path(program.folder).glob("callgrind.*")]
    if not any(counted):
        raise SystemExit(f"{program.peer.name} left no counts of callgrind")
    return sum(int(total.group(1)) for total in counted if total)

"""User instructions a request, counted by callgrind.

The server runs twice under callgrind, once with N requests and once with 2N, sent by a closed loop
of our own. The difference over N leaves out starting, connecting and warming up. Unlike time, it
comes out the same on a busy machine, to a few instructions: how many events one wait returns is
all that differs.
"""

import re
from pathlib import Path

from .client import closed_loop
from .peers import Server

CONNECTIONS = 64
CALLGRIND = ["valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes",
             "--callgrind-out-file=FOLDER/callgrind.%p"]


def count(peer, mode, core, requests):
    """User instructions a request of `mode`, from about `requests` requests."""
    batch = CONNECTIONS * mode.depth
    share = requests // 16 if peer.slow else requests
    requests = max(1, share // batch) * batch
    short, long = (run(peer, mode, core, number) for number in (requests, 2 * requests))
    return (long - short) / requests


def run(peer, mode, core, requests):
    """All instructions of one life of the server."""
    with Server(peer, core, before=CALLGRIND) as server:
        answer_length = server.wait_until_right(mode)
        closed_loop(mode, server.port, CONNECTIONS, requests, answer_length)
        server.stop()
        counted = [re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
                   for file in Path(server.folder).glob("callgrind.*")]
        if not any(counted):
            raise SystemExit(f"{peer.name} left no counts of callgrind")
        return sum(int(total.group(1)) for total in counted if total)

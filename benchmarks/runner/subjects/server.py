"""Servers in HTTP/1.1, in clear: wrk loads each; and what an idle connection costs."""

from .. import idle, instructions, table, wrk
from ..client import ask_twice, closed_loop
from ..compared import compare
from ..modes import IDLE, LOADS
from ..peers import FirewhirlWith, Nginx, Peer, Server, Tornado

PEERS = [
    Peer("epoll"),
    Peer("firewhirl"),
    Peer("may_minihttp"),
    Peer("xitca-web"),
    Peer("actix-web"),
    Peer("axum"),
    Peer("ntex"),
    Nginx("nginx", unable=("echo",)),
    Tornado("tornado", slow=True),
]
VARIANTS = [
    FirewhirlWith("firewhirl-metrics"),
    FirewhirlWith("firewhirl-watched"),
]
PACKAGES = []
MODES = [*LOADS, IDLE]
CONNECTIONS_COUNTED = 64


def add_arguments(parser):
    parser.add_argument("--idle", type=int, default=IDLE.connections, metavar="N",
                        help=f"idle connections (default: {IDLE.connections})")


def tools(chosen, options):
    return {"wrk": "wrk"} if options.rounds and any(mode is not IDLE for mode in chosen) else {}


def measure(rows, mode, options):
    if mode is IDLE:
        return measure_idle(rows, options)

    def start(peer, before=()):
        server = Server(peer, options.server_core, before=before)
        server.answer_length = server.wait_until_right(lambda port: ask_twice(mode, port))
        return server

    def count(peer):
        batch = CONNECTIONS_COUNTED * mode.depth
        share = options.requests // 16 if peer.slow else options.requests
        requests = max(1, share // batch) * batch

        def run(requests):
            with start(peer, instructions.CALLGRIND) as server:
                closed_loop(mode, server.port, CONNECTIONS_COUNTED, requests, server.answer_length)
                return instructions.of(server)
        return instructions.difference(run, requests)

    return compare(rows, options, start, lambda server, seconds: wrk.load(server, mode, seconds), count)


def measure_idle(rows, options):
    memories = {}
    text = ""
    for peer in rows:
        with Server(peer, options.server_core) as server:
            server.wait_until_right(lambda port: ask_twice(IDLE, port))
            memories[peer.name] = idle.measure(server, options.idle)
        closed = memories[peer.name].closed
        if closed:
            text += f"\n\n{peer.name}: closed {closed:,} of {options.idle:,} connections meanwhile."
    return f"{options.idle:,} connections.\n\n" + table.idle_table(memories) + text

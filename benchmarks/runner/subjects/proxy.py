"""Reverse proxies: wrk asks through each, and the bare epoll server answers behind it."""

from .. import instructions, wrk
from ..client import ask_twice, closed_loop
from ..compared import compare
from ..modes import LOADS, Mode
from ..peers import Nginx, Peer, Server

PEERS = [
    Nginx("nginx", configuration="nginx-proxy.conf"),
    Peer("firewhirl", program="proxy-firewhirl"),
]
VARIANTS = []
PACKAGES = ["peer-epoll"]
ANSWERING = Peer("epoll")
MODES = [
    Mode("small", "Proxy, plaintext, 64 connections", "/plaintext", 64, content_type="text/plain"),
    Mode("large", "Proxy, 64 KiB, 64 connections", "/large", 64, content_type="application/octet-stream"),
    Mode("echo", "Proxy, POST of 2 KiB echoed, 64 connections", "/echo", 64, method="POST", body=b"x" * 2048,
         script="echo.lua"),
]
CONNECTIONS_COUNTED = 16


def add_arguments(parser):
    pass


def tools(chosen, options):
    return {"wrk": "wrk"} if options.rounds else {}


def measure(rows, mode, options):
    with Server(ANSWERING, options.load_core) as upstream:
        upstream.wait_until_right(lambda port: ask_twice(LOADS[0], port))

        def start(peer, before=()):
            proxy = Server(peer, options.server_core, {"upstream": upstream.port}, before)
            proxy.answer_length = proxy.wait_until_right(lambda port: ask_twice(mode, port))
            return proxy

        def count(peer):
            def run(requests):
                with start(peer, instructions.CALLGRIND) as proxy:
                    closed_loop(mode, proxy.port, CONNECTIONS_COUNTED, requests, proxy.answer_length)
                    return instructions.of(proxy)
            return instructions.difference(run, options.requests // CONNECTIONS_COUNTED * CONNECTIONS_COUNTED)

        return compare(rows, options, start, lambda proxy, seconds: wrk.load(proxy, mode, seconds), count)

"""Clients in HTTP/1.1: each sends to the bare epoll server, and is itself what is measured."""

from dataclasses import dataclass

from .. import instructions, process
from ..client import ask_twice
from ..compared import Run, compare
from ..modes import LOADS
from ..peers import Driven, Peer, Server, TornadoClient

PEERS = [
    Peer("epoll", program="client-epoll"),
    Peer("firewhirl", program="client-firewhirl"),
    Peer("hyper", program="client-hyper"),
    Peer("hyper-util", program="client-hyper-util"),
    Peer("awc", program="client-awc"),
    Peer("reqwest", program="client-reqwest"),
    TornadoClient("tornado-simple", slow=True),
    TornadoClient("tornado-curl", slow=True),
]
VARIANTS = []
PACKAGES = ["peer-epoll"]
ANSWERING = Peer("epoll")


@dataclass(frozen=True)
class Mode:
    name: str
    title: str
    in_flight: int


MODES = [
    Mode("1", "Client, 1 request in flight", 1),
    Mode("64", "Client, 64 requests in flight", 64),
    Mode("512", "Client, 512 requests in flight", 512),
]


def add_arguments(parser):
    pass


def tools(chosen, options):
    return {}


def measure(rows, mode, options):
    with Server(ANSWERING, options.load_core) as server:
        server.wait_until_right(lambda port: ask_twice(LOADS[0], port))

        def start(peer, before=()):
            return Driven(peer, options.server_core, {"port": server.port, "in_flight": mode.in_flight}, before)

        def load(client, seconds):
            before = process.cpu(client.process.pid)
            requests, took = client.send_for(seconds, mode.in_flight)
            return Run(requests, requests / took, process.cpu(client.process.pid) - before)

        def count(peer):
            def run(requests):
                with start(peer, instructions.CALLGRIND) as client:
                    # The first request of each connection costs more.
                    client.send(mode.in_flight)
                    client.send(requests)
                    return instructions.of(client)
            requests = options.requests // 16 if peer.slow else options.requests
            return instructions.difference(run, requests)

        return compare(rows, options, start, load, count)

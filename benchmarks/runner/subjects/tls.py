"""Servers over TLS 1.3: handshakes, large bodies, and small answers on connections that are kept.

All have the same certificate (ECDSA on P-256), X25519 and AES-128-GCM; the load is `load-tls`, a
client of our own on rustls, and wrk where connections are kept.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import instructions, process, wrk
from ..client import ask_twice
from ..compared import Run, compare
from ..modes import LOADS, Mode
from ..peers import Driven, Nginx, Peer, Program, Server, binary

PEERS = [
    Nginx("nginx"),
    Peer("firewhirl", program="firewhirl-http2"),
    Peer("hyper", program="hyper-http2"),
]
VARIANTS = []
PACKAGES = ["load-tls"]

PLAINTEXT = Mode("https", "HTTPS, plaintext, 64 connections that are kept", "/plaintext", 64,
                 content_type="text/plain", scheme="https")


@dataclass(frozen=True)
class Driving:
    """A mode of `load-tls`."""

    name: str
    title: str
    what: str
    in_flight: int
    unit: str
    # Of the unit, in one request.
    units: int = 1


MODES = [
    Driving("full", "Full handshakes, each with one request", "full", 16, "handshakes"),
    Driving("resumed", "Resumed handshakes, each with one request", "resumed", 16, "handshakes"),
    PLAINTEXT,
    Driving("10m", "GET of 10 MiB over TLS", "/10m", 1, "MiB", 10),
    Driving("100m", "GET of 100 MiB over TLS", "/100m", 1, "MiB", 100),
]


class Load(Peer):
    """Our client; it is no row."""

    def command(self, settings, folder):
        return [binary("load-tls"), *map(str, settings.values())]


def add_arguments(parser):
    pass


def tools(chosen, options):
    return {"openssl": "openssl"} | ({"wrk": "wrk"} if options.rounds and PLAINTEXT in chosen else {})


def measure(rows, mode, options):
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))

        def start(peer, before=()):
            server = Server(peer, options.server_core, certificate, before)
            server.wait_until_right(lambda port: ask_twice(LOADS[0], port, tls=True))
            return server if mode is PLAINTEXT else Loaded(server, mode, options)

        def count(peer):
            if mode is PLAINTEXT:
                return None

            def run(requests):
                with start(peer, instructions.CALLGRIND) as loaded:
                    loaded.client.send(requests)
                    return instructions.of(loaded.server)
            return instructions.difference(run, max(1, options.requests // 64 // mode.units)) / mode.units

        if mode is PLAINTEXT:
            return compare(rows, options, start, lambda server, seconds: wrk.load(server, mode, seconds), count)
        return compare(rows, options, start, Loaded.load, count, mode.unit)


class Loaded:
    """A server and the client that loads it. A context."""

    def __init__(self, server, mode, options):
        self.server, self.mode = server, mode
        self.peer, self.process = server.peer, server.process
        self.client = Driven(Load(f"load-tls-for-{server.peer.name}"), options.load_core,
                             {"port": server.port, "in_flight": mode.in_flight, "what": mode.what})

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for program in [self.client, self.server]:
            Program.__exit__(program, *exception)

    def load(self, seconds):
        before = process.cpu(self.process.pid)
        requests, took = self.client.send_for(seconds, self.mode.in_flight)
        units = requests * self.mode.units
        return Run(units, units / took, process.cpu(self.process.pid) - before)


def make_certificate(folder):
    """A key and a certificate for localhost that it has signed itself, as settings of a server."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    # nginx's worker changes its user.
    folder.chmod(0o755)
    return {"certificate": certificate, "key": key}

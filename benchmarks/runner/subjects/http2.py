"""Servers in HTTP/2, in clear by prior knowledge and over TLS: h2load loads each."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import instructions, process
from ..compared import Run, compare
from ..modes import BROWSER_HEADERS, LARGE
from ..peers import Nginx, Peer, Server
from .tls import make_certificate

PEERS = [
    Peer("hyper", program="hyper-http2"),
    Peer("firewhirl", program="firewhirl-http2"),
    Peer("axum", program="axum-http2"),
    Nginx("nginx", listen="http2"),
]
VARIANTS = []
PACKAGES = []

# What HTTP/2 forbids is left out.
HEADERS = {name: value for name, value in BROWSER_HEADERS.items() if name != "Connection"}


@dataclass(frozen=True)
class Mode:
    connections: int
    # Streams that are open at once on each.
    streams: int
    path: str = "/plaintext"
    tls: bool = False

    @property
    def name(self):
        return (f"{self.connections}x{self.streams}" + ("-large" if self.path == "/large" else "")
                + ("-tls" if self.tls else ""))

    @property
    def title(self):
        body = "64 KiB" if self.path == "/large" else "plaintext"
        streams = "1 stream" if self.streams == 1 else f"{self.streams} streams"
        connections = "1 connection" if self.connections == 1 else f"{self.connections} connections"
        return f"HTTP/2 {'over TLS' if self.tls else 'in clear'}, {body}, {connections} with {streams} each"

    def url(self, port):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{port}{self.path}"

    def body(self):
        return b"x" * LARGE if self.path == "/large" else b"Hello, World!"


MODES = [
    *[Mode(connections, streams) for connections in [1, 16, 64] for streams in [1, 10, 100]],
    *[Mode(connections, streams, tls=True) for connections, streams in [(1, 1), (16, 10), (64, 100)]],
    Mode(16, 10, "/large"),
    Mode(16, 10, "/large", tls=True),
]


def add_arguments(parser):
    pass


def tools(chosen, options):
    return {"h2load": "nghttp2-client", "curl": "curl"} | (
        {"openssl": "openssl"} if any(mode.tls for mode in chosen) else {})


def measure(rows, mode, options):
    with tempfile.TemporaryDirectory() as folder:
        settings = make_certificate(Path(folder)) if mode.tls else {}

        def start(peer, before=()):
            server = Server(peer, options.server_core, settings, before)
            server.wait_until_right(lambda port: ask(mode, port))
            return server

        def load(server, seconds):
            before = process.cpu(server.process.pid)
            said = h2load(mode, server.port, "--duration", seconds)
            done, failed = (int(find(rf"requests:.* (\d+) {what}", said)) for what in ["succeeded", "failed"])
            return Run(done, float(find(r"([\d.]+) req/s", said)), process.cpu(server.process.pid) - before,
                       failures=failed)

        def count(peer):
            def run(requests):
                with start(peer, instructions.CALLGRIND) as server:
                    h2load(mode, server.port, "--requests", requests)
                    return instructions.of(server)
            return instructions.difference(run, max(options.requests, mode.connections * mode.streams))

        return compare(rows, options, start, load, count)


def h2load(mode, port, limit, number):
    command = ["h2load", "--threads", "1", "--clients", str(mode.connections),
               "--max-concurrent-streams", str(mode.streams), limit, str(number)]
    for name, value in HEADERS.items():
        command += ["--header", f"{name}: {value}"]
    return subprocess.run([*command, mode.url(port)], capture_output=True, text=True, check=True).stdout


def ask(mode, port):
    """Asks by curl; raises what `client.ask_twice` would."""
    version = "--http2" if mode.tls else "--http2-prior-knowledge"
    asked = subprocess.run(
        ["curl", "--silent", "--insecure", version, "--write-out", "%{stderr}%{http_version} %{http_code}", mode.url(port)],
        capture_output=True)
    if asked.returncode == 7:
        raise ConnectionRefusedError
    if asked.stderr != b"2 200" or asked.stdout != mode.body():
        raise ValueError(f"answers {asked.stderr.decode()} with {asked.stdout[:60]!r} (curl {asked.returncode})")


def find(pattern, text):
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"h2load says nothing like {pattern!r}:\n{text}")
    return found.group(1)

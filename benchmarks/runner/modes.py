"""The modes in HTTP/1.1: what is asked of every peer, as bytes on the wire and as arguments of wrk.

wrk and the clients of our own send the same head, so that seconds and instructions are counted
over the same work.
"""

import json
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent

# Bytes of the body at `/large`.
LARGE = 64 << 10

# What a browser sends when a page is opened.
BROWSER_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
}


@dataclass(frozen=True)
class Mode:
    """One kind of load. `depth` requests are sent at once on each connection."""

    name: str
    title: str
    path: str
    connections: int
    method: str = "GET"
    body: bytes = b""
    depth: int = 1
    content_type: str | None = None
    script: str | None = None
    scheme: str = "http"

    def request(self, port):
        """One request as it goes over the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: localhost:{port}"]
        lines += [f"{name}: {value}" for name, value in BROWSER_HEADERS.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines + ["", ""]).encode() + self.body

    def accepts(self, body):
        """Whether `body` is the right answer."""
        if self.path == "/json":
            # Tornado writes a space after the colon.
            return json.loads(body) == {"message": "Hello, World!"}
        if self.path == "/large":
            return body == b"x" * LARGE
        return body == (self.body or b"Hello, World!")

    def wrk_arguments(self, port):
        """What wrk is told, but for the time."""
        arguments = ["--threads", "1", "--connections", str(self.connections), "--latency"]
        for name, value in {"Host": f"localhost:{port}", **BROWSER_HEADERS}.items():
            arguments += ["--header", f"{name}: {value}"]
        if self.script:
            arguments += ["--script", str(SCRIPTS / self.script)]
        return arguments + [f"{self.scheme}://127.0.0.1:{port}{self.path}"]


LOADS = [
    Mode("plaintext", "Plaintext, 64 connections", "/plaintext", 64, content_type="text/plain"),
    Mode("json", "JSON, 512 connections", "/json", 512, content_type="application/json"),
    Mode("pipelined", "Plaintext, 64 connections, 16 requests pipelined", "/plaintext", 64, depth=16,
         content_type="text/plain", script="pipelined.lua"),
    Mode("echo", "POST of 2 KiB echoed, 64 connections", "/echo", 64, method="POST", body=b"x" * 2048,
         script="echo.lua"),
]
IDLE = Mode("idle", "Idle keep-alive connections", "/plaintext", 10_000, content_type="text/plain")

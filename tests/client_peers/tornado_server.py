"""A server on PyPI tornado that answers soundly, slowly, and not to the end; prints its port.

Python's own http.server, which speaks HTTP/1.0, is beside it: it prints that port too.
"""

import asyncio
import hashlib
import http.server
import os
import socket
import struct
import sys
import threading

import tornado.httpserver
import tornado.web
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets


class Echo(tornado.web.RequestHandler):
    """What the server understood of the request."""

    def answer(self):
        self.write(
            {
                "method": self.request.method,
                "uri": self.request.uri,
                "version": self.request.version,
                "headers": list(self.request.headers.get_all()),
                "arguments": {name: self.get_arguments(name, strip=False) for name in self.request.arguments},
                "body": self.request.body.decode("latin-1"),
                "connection": id(self.request.connection.stream),
            }
        )

    get = post = put = patch = delete = options = answer

    def head(self):
        self.set_header("X-Seen", "HEAD")


class Chunks(tornado.web.RequestHandler):
    """As many chunks as asked for, each flushed, with a pause between."""

    async def get(self, count, size):
        for number in range(int(count)):
            self.write(bytes([ord("a") + number % 26]) * int(size))
            await self.flush()
            await asyncio.sleep(float(self.get_argument("pause", "0")))


class Slow(tornado.web.RequestHandler):
    """Answers when it is too late."""

    async def get(self, seconds):
        await asyncio.sleep(float(seconds))
        self.write("slow")


@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    """Counts and digests what comes, piece by piece."""

    def prepare(self):
        self.digest, self.length, self.pieces = hashlib.sha256(), 0, 0
        refused = self.request.headers.get("X-Refuse")
        if refused:
            self.set_status(int(refused))
            self.finish("refused")
        self.request.connection.set_max_body_size(1 << 30)

    def data_received(self, chunk):
        self.digest.update(chunk)
        self.length += len(chunk)
        self.pieces += 1

    def put(self):
        self.write(
            {
                "sha256": self.digest.hexdigest(),
                "length": self.length,
                "pieces": self.pieces,
                "framing": self.request.headers.get("Transfer-Encoding") or self.request.headers.get("Content-Length"),
            }
        )

    post = put


class Broken(tornado.web.RequestHandler):
    """Announces more, or less, than it sends, and leaves."""

    async def get(self, how):
        stream = self.detach()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        if how == "length":
            await stream.write(head + b"Content-Length: 100\r\n\r\nonly this")
        elif how == "chunk":
            await stream.write(head + b"Transfer-Encoding: chunked\r\n\r\n64\r\nonly this")
        elif how == "between-chunks":
            await stream.write(head + b"Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n")
        elif how == "more":
            await stream.write(head + b"Content-Length: 9\r\n\r\nonly this and more")
            await asyncio.sleep(0.2)
        elif how == "reset":
            await stream.write(head + b"Content-Length: 100\r\n\r\nonly this")
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "stuck":
            await stream.write(head + b"Content-Length: 100\r\n\r\nonly this")
            await asyncio.sleep(60)
        elif how == "large":
            await stream.write(head + b"Content-Length: 10000000000\r\n\r\n" + b"a" * 65536)
        elif how == "close":
            await stream.write(head + b"\r\nonly this")
        stream.close()


class Redirect(tornado.web.RequestHandler):
    """To where it is told, with the status that it is told."""

    def answer(self, status):
        self.set_status(int(status))
        self.set_header("Location", self.get_argument("to"))
        self.finish("moved, " * 1000)

    get = post = put = head = answer


class Informed(tornado.web.RequestHandler):
    """Says something before its answer."""

    async def get(self):
        connection = self.request.connection
        fields = HTTPHeaders({"Link": "</style.css>; rel=preload"})
        for _ in range(3):
            line = "HTTP/1.1 103 Early Hints\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.get_all()) + "\r\n"
            await connection.stream.write(line.encode())
        self.write("informed")


class Fields(tornado.web.RequestHandler):
    """As many fields of such a size as asked for."""

    def get(self, count, size):
        for number in range(int(count)):
            self.add_header(f"X-{number}", "a" * int(size))


class Plain(http.server.BaseHTTPRequestHandler):
    """HTTP/1.0: every answer ends where the connection ends."""

    def do_GET(self):
        self.send_response(200)
        if "length" in self.path:
            self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.upper())

    def log_message(self, *_):
        pass


async def main():
    application = tornado.web.Application(
        [
            (r"/echo.*", Echo),
            (r"/chunks/(\d+)/(\d+)", Chunks),
            (r"/slow/([\d.]+)", Slow),
            (r"/upload", Upload),
            (r"/broken/(.+)", Broken),
            (r"/redirect/(\d+)", Redirect),
            (r"/informed", Informed),
            (r"/fields/(\d+)/(\d+)", Fields),
        ],
        compress_response=True,
    )
    sockets = bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(application, max_body_size=1 << 30)
    server.add_sockets(sockets)
    plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    print("tornado", sockets[0].getsockname()[1], flush=True)
    print("http.server", plain.server_address[1], flush=True)
    # Ends with whoever started it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())

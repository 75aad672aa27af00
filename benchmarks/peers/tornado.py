"""The benchmark's three routes on PyPI Tornado: an Application and its handlers on one loop.

ETags are off, as in Tornado's own TechEmpower entry: hashing every body is work that no other
peer is asked to do.

Usage: python3 tornado.py PORT
"""

import asyncio
import sys

# Python puts this file's folder first, where `tornado` would be this file.
sys.path.pop(0)

from tornado.httpserver import HTTPServer  # noqa: E402
from tornado.netutil import bind_sockets  # noqa: E402
from tornado.web import Application, RequestHandler  # noqa: E402


class WithoutETag(RequestHandler):
    def compute_etag(self):
        return None


class Plaintext(WithoutETag):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("Hello, World!")


class Json(WithoutETag):
    def get(self):
        self.write({"message": "Hello, World!"})


class Echo(WithoutETag):
    def post(self):
        self.set_header("Content-Type", "application/octet-stream")
        self.write(self.request.body)


async def main(port):
    server = HTTPServer(Application([("/plaintext", Plaintext), ("/json", Json), ("/echo", Echo)]))
    server.add_sockets(bind_sockets(port, "127.0.0.1", backlog=4096))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

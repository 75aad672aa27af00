"""A Tornado service as it stands behind a proxy: old_service.py; prints its port"""

import asyncio, hashlib, signal

import tornado.httpserver, tornado.netutil, tornado.web, tornado.websocket


class Who(tornado.web.RequestHandler):
    def get(self):
        request = self.request
        self.write(f"{request.remote_ip} {request.protocol} {request.host} {request.uri}")


@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.request.connection.set_max_body_size(1 << 40)
        self.length, self.hash = 0, hashlib.md5()

    def data_received(self, chunk):
        self.length += len(chunk)
        self.hash.update(chunk)

    def put(self):
        self.write(f"{self.length} {self.hash.hexdigest()}")


class Chunks(tornado.web.RequestHandler):
    async def get(self):
        for number in range(int(self.get_argument("count"))):
            self.write(f"{number}\n")
            await self.flush()


class Form(tornado.web.RequestHandler):
    def post(self):
        self.set_cookie("name", self.get_argument("name"))
        self.set_signed_cookie("signed", "value")
        self.redirect("/who")


class Waiting(tornado.web.RequestHandler):
    left = 0

    async def get(self):
        self.gone = asyncio.Event()
        await self.gone.wait()

    def on_connection_close(self):
        Waiting.left += 1
        self.gone.set()


class Left(tornado.web.RequestHandler):
    def get(self):
        self.write(str(Waiting.left))


class Echo(tornado.websocket.WebSocketHandler):
    def get_compression_options(self):
        return {}

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    handlers = [("/who", Who), ("/upload", Upload), ("/chunks", Chunks), ("/form", Form), ("/waiting", Waiting),
                ("/left", Left), ("/echo", Echo)]
    app = tornado.web.Application(handlers, cookie_secret="secret")
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(app, xheaders=True)
    server.add_sockets(sockets)
    print(f"port {sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())

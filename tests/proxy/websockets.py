"""Talks with an echo over WebSockets through a proxy, by Tornado's client: websockets.py URL CONNECTIONS"""

import asyncio, sys

from tornado.websocket import websocket_connect


async def talk(number):
    socket = await websocket_connect(sys.argv[1], compression_options={})
    for size in (1, 1000, 200_000):
        for message in (f"{number} " * size, bytes([number % 256]) * size):
            await socket.write_message(message, binary=isinstance(message, bytes))
            assert await socket.read_message() == message
    socket.close(1000, "done")
    assert await socket.read_message() is None
    assert socket.close_code == 1000, socket.close_code


async def main():
    await asyncio.gather(*(talk(number) for number in range(int(sys.argv[2]))))


asyncio.run(main())
print("ok")

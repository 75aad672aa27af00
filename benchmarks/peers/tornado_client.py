"""Tornado's two clients, as they are but for their limit of connections.

The simple client makes a connection a request; there is no other way to use it.

Usage: python3 tornado_client.py simple|curl PORT IN_FLIGHT, rounds on the input.
"""

import asyncio
import sys

# Python puts this file's folder first, where `tornado` would be this file's neighbour.
sys.path.pop(0)

from tornado.httpclient import AsyncHTTPClient  # noqa: E402

IMPLEMENTATIONS = {
    "simple": "tornado.simple_httpclient.SimpleAsyncHTTPClient",
    "curl": "tornado.curl_httpclient.CurlAsyncHTTPClient",
}


async def fetch_while_left(client, url, left):
    while left:
        left.pop()
        response = await client.fetch(url)
        assert response.code == 200
        assert response.body == b"Hello, World!"


async def main(implementation, port, in_flight):
    AsyncHTTPClient.configure(IMPLEMENTATIONS[implementation], max_clients=in_flight)
    client = AsyncHTTPClient()
    url = f"http://127.0.0.1:{port}/plaintext"
    for line in sys.stdin:
        left = [None] * int(line)
        await asyncio.gather(*(fetch_while_left(client, url, left) for _ in range(in_flight)))
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

"""Clients of our own: one that checks an answer, and a closed loop that sends an exact number.

wrk stops by the clock, so under callgrind it would count a different number of requests each
time. The closed loop sends as many as it is told, keeping every connection busy, as wrk does.
"""

import select
import socket
import ssl


def ask(connection, mode, port):
    """Sends one request of `mode` and checks the answer; returns the answer's length in bytes.

    Raises `ValueError` that says what is wrong with it.
    """
    connection.sendall(mode.request(port))
    received = b""
    while b"\r\n\r\n" not in received:
        received += receive(connection)
    head, body = received.split(b"\r\n\r\n", 1)
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not status.startswith("HTTP/1.1 200 "):
        raise ValueError(f"answers {status}")
    for name in ["content-length", "date", "server"]:
        if name not in headers:
            raise ValueError(f"answers without {name}")
    if mode.content_type and not headers.get("content-type", "").startswith(mode.content_type):
        raise ValueError(f"answers as {headers.get('content-type')}, not {mode.content_type}")
    length = int(headers["content-length"])
    while len(body) < length:
        body += receive(connection)
    if not mode.accepts(body):
        raise ValueError(f"answers {body[:60]!r}")
    return len(head) + 4 + length


def ask_twice(mode, port, tls=False):
    """Asks on a connection of its own; returns the bytes that an answer has on the wire.

    Raises `ConnectionRefusedError` while nobody listens, and `ValueError` for a wrong answer.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        if tls:
            with trusting().wrap_socket(connection, server_hostname="localhost") as secure:
                return ask(secure, mode, port)
        # The second answer counts: a first one may say more.
        ask(connection, mode, port)
        return ask(connection, mode, port)


def trusting():
    """TLS that looks at no certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def receive(connection):
    received = connection.recv(65536)
    if not received:
        raise ValueError("closes the connection")
    return received


def closed_loop(mode, port, connections, requests, answer_length):
    """Sends `requests` requests over `connections` connections, each waiting for its own answers.

    Every connection sends equally many, `mode.depth` at a time; `requests` is a multiple of both.
    An answer has `answer_length` bytes.
    """
    batch = mode.request(port) * mode.depth
    batch_answer = answer_length * mode.depth
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    poll = select.epoll()
    awaited, left = {}, {}
    by_descriptor = {connection.fileno(): connection for connection in opened}
    try:
        for descriptor, connection in by_descriptor.items():
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(descriptor, select.EPOLLIN)
            awaited[descriptor] = batch_answer
            left[descriptor] = requests // (connections * mode.depth) - 1
            connection.sendall(batch)
        while awaited:
            for descriptor, _ in poll.poll():
                connection = by_descriptor[descriptor]
                awaited[descriptor] -= len(receive(connection))
                if awaited[descriptor] > 0:
                    continue
                if left[descriptor] == 0:
                    del awaited[descriptor]
                    continue
                left[descriptor] -= 1
                awaited[descriptor] = batch_answer
                connection.sendall(batch)
    finally:
        poll.close()
        for connection in opened:
            connection.close()

"""Memory of idle connections: each has asked once, was answered, and stays open.

The clients are processes of their own (a process may have 20,000 descriptors here, and the
server's memory must not be mixed with theirs), each with a loopback address of its own (an address
has some 28,000 ports). This file is also the program that they run.

Usage, as that program: `python3 -m runner.idle PORT CONNECTIONS SOURCE_ADDRESS`; it writes a line
when all are open, and when its input ends another with how many are still open.
"""

import select
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass

from . import process
from .client import ask
from .modes import IDLE
from .peers import ROOT

CONNECTIONS_A_PROCESS = 5_000

# Linux's number for it; Python names it from 3.14 on.
IP_BIND_ADDRESS_NO_PORT = 24


@dataclass(frozen=True)
class Memory:
    """Resident bytes of the server, before and with the connections."""

    before: int
    after: int
    connections: int
    # Connections that the server has closed although they were to be idle.
    closed: int

    @property
    def each(self):
        return (self.after - self.before) / self.connections


def measure(server, connections):
    """Opens `connections` idle connections to `server` and returns the `Memory`."""
    before = process.resident_memory(server.process.pid)
    clients, opened = [], 0
    try:
        while opened < connections:
            share = min(CONNECTIONS_A_PROCESS, connections - opened)
            source = f"127.0.0.{2 + len(clients)}"
            clients.append(subprocess.Popen(
                [sys.executable, "-m", "runner.idle", str(server.port), str(share), source],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            if clients[-1].stdout.readline() != "open\n":
                raise SystemExit(f"{server.peer.name} does not hold {connections} connections")
            opened += share
        time.sleep(1)
        after = process.resident_memory(server.process.pid)
        still_open = sum(int(client.communicate()[0]) for client in clients)
    finally:
        for client in clients:
            client.kill()
            client.wait()
    return Memory(before, after, connections, connections - still_open)


def hold(port, connections, source):
    """Opens the connections, keeps them until the input ends, and says how many have lasted."""
    opened = []
    for _ in range(connections):
        connection = socket.socket()
        # The port is chosen when the connection is made, and a reset at the end leaves none behind in
        # TIME_WAIT: else the peers measured first would use up the ports of those that follow.
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", port))
        ask(connection, IDLE, port)
        opened.append(connection)
    print("open", flush=True)
    sys.stdin.read()
    poll = select.poll()
    for connection in opened:
        poll.register(connection, select.POLLIN)
    print(connections - len(poll.poll(0)), flush=True)


if __name__ == "__main__":
    hold(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

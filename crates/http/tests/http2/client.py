"""Asks a server of HTTP/2 in clear, and has Python's `h2` check every frame that comes."""

import socket
import sys

import h2.config
import h2.connection
import h2.events


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("localhost", port), timeout=15)
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.connection.initiate_connection()
        self.send()

    def send(self):
        self.socket.sendall(self.connection.data_to_send())

    def ask(self, path, body=b""):
        """Status and body of one answer, or "reset" and the code."""
        stream = self.connection.get_next_available_stream_id()
        method = "POST" if body else "GET"
        fields = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost")]
        self.connection.send_headers(stream, fields, end_stream=not body)
        status, content = None, b""
        while True:
            while body:
                size = min(len(body), self.connection.local_flow_control_window(stream),
                           self.connection.max_outbound_frame_size)
                if size == 0:
                    break
                part, body = body[:size], body[size:]
                self.connection.send_data(stream, part, end_stream=not body)
            self.send()
            received = self.socket.recv(65536)
            if not received:
                raise SystemExit("the server closed")
            for event in self.connection.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[b":status"].decode()
                elif isinstance(event, h2.events.DataReceived):
                    content += event.data
                    self.connection.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.StreamReset):
                    return "reset", int(event.error_code)
                elif isinstance(event, h2.events.StreamEnded):
                    self.send()
                    return status, content
                elif isinstance(event, h2.events.ConnectionTerminated):
                    raise SystemExit(f"the server ended the connection: {event}")


client = Client(int(sys.argv[1]))
print(*(part if isinstance(part, str) else part.decode() for part in client.ask("/x")))
status, content = client.ask("/stream", bytes(300_000))
print(status, len(content))
status, content = client.ask("/big")
print(status, len(content))
status, content = client.ask("/broken")
print(status, len(content))
print(*client.ask("/half"))
print(*(part if isinstance(part, str) else part.decode() for part in client.ask("/y")))

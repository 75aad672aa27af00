"""Stands in for the host that pages load jQuery from, where there is no internet: jquery.py FILE

Answers every request, over HTTPS with a certificate that it makes for itself and in clear; prints the two ports.
"""

import http.server, ssl, subprocess, sys, tempfile, threading

with open(sys.argv[1], "rb") as file:
    script = file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(script)))
        self.end_headers()
        self.wfile.write(script)

    def log_message(self, *arguments):
        pass


secure, clear = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2))
with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as certificate:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run(make + ["-keyout", key.name, "-out", certificate.name], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.name, key.name)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
print(f"port {secure.server_port}\nport {clear.server_port}", flush=True)
threading.Thread(target=clear.serve_forever, daemon=True).start()
secure.serve_forever()

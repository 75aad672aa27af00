"""The peers: how each is built and started, and what it cannot do.

A server is started on a free port and pinned to one core, and is believed only after it has
answered rightly: a peer that is fast because it answers something else is no peer.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .client import ask

ROOT = Path(__file__).parent.parent
TORNADO = "6.6.1"


class Missing(Exception):
    """Something that has to be installed first; the message says what."""


@dataclass(frozen=True)
class Peer:
    """A row of the table."""

    name: str
    # Modes that it has no answer to.
    unable: tuple = ()
    # Callgrind counts fewer requests of a slow peer, or it would take minutes.
    slow: bool = False

    def prepare(self):
        """Builds it, or finds what is installed. Raises `Missing`."""
        manifest = self.manifest()
        if not manifest.exists():
            raise Missing(f"there is no {manifest.relative_to(ROOT)}")
        # One peer at a time: built together, they would switch on each other's features.
        subprocess.run(
            ["cargo", "build", "--quiet", "--release", "--locked", "--package", f"peer-{self.name}"],
            cwd=ROOT, check=True)

    def version(self):
        """The version of the crate of that name in the lock file; None for what is not from there."""
        lock = (ROOT / "Cargo.lock").read_text()
        found = re.search(rf'^name = "{self.name}"\nversion = "(.*)"', lock, re.MULTILINE)
        return found and found.group(1)

    def manifest(self):
        return ROOT / "peers" / self.name / "Cargo.toml"

    def command(self, port, folder):
        """What starts it on `port`; `folder` is its own until it ends."""
        return [str(ROOT / "target" / "release" / f"peer-{self.name}"), str(port)]


class Nginx(Peer):
    def prepare(self):
        nginx_program()

    def version(self):
        said = subprocess.run([nginx_program(), "-v"], capture_output=True, text=True).stderr
        return said.strip().rpartition("/")[2]

    def command(self, port, folder):
        configuration = (ROOT / "peers" / "nginx.conf").read_text().replace("PORT", str(port))
        Path(folder, "nginx.conf").write_text(configuration)
        return [nginx_program(), "-p", folder, "-c", "nginx.conf", "-e", "stderr"]


class Tornado(Peer):
    def prepare(self):
        tornado_python()

    def version(self):
        return TORNADO

    def command(self, port, folder):
        return [tornado_python(), str(ROOT / "peers" / "tornado.py"), str(port)]


# The first row is what the others are compared with.
PEERS = [
    Peer("epoll"),
    Peer("firewhirl"),
    Peer("may_minihttp"),
    Peer("xitca-web"),
    Peer("actix-web"),
    Peer("axum"),
    Peer("ntex"),
    Nginx("nginx", unable=("echo",)),
    Tornado("tornado", slow=True),
]
BY_NAME = {peer.name: peer for peer in PEERS}


def nginx_program():
    # Debian keeps it where only root's PATH looks.
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise Missing("nginx is not installed: apt-get install nginx-light")
    return program


def tornado_python():
    """The Python that has Tornado; asked for its own path, as callgrind must not run a wrapper."""
    python = os.environ.get("FIREWHIRL_PYTHON", "python3")
    question = "import sys, tornado; print(sys.executable, tornado.version)"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True)
        executable, version = answer.stdout.split() if answer.returncode == 0 else (python, None)
    except OSError:
        version = None
    if version != TORNADO:
        found = f"{python} has tornado {version}" if version else f"{python} has no tornado"
        raise Missing(f"{found}: python3 -m venv .venv && .venv/bin/pip install tornado=={TORNADO}, "
                      "then set FIREWHIRL_PYTHON=.venv/bin/python")
    return executable


class Server:
    """A peer that runs, until `stop`. A context manager."""

    def __init__(self, peer, core, before=()):
        """Starts `peer` pinned to `core`, its command behind `before` (valgrind, say)."""
        self.peer = peer
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix=f"peer-{peer.name}-")
        # nginx's worker changes its user.
        os.chmod(self.folder, 0o777)
        before = [argument.replace("FOLDER", self.folder) for argument in before]
        self.log = open(Path(self.folder, "stderr"), "wb")
        self.process = subprocess.Popen(
            before + peer.command(self.port, self.folder), stdout=self.log, stderr=self.log,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_until_right(self, mode, seconds=60):
        """Waits for the port, and checks the answer. Returns the bytes an answer has on the wire."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
                    # The second answer counts: a first one may say more.
                    ask(connection, mode, self.port)
                    return ask(connection, mode, self.port)
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = Path(self.folder, "stderr").read_text(errors="replace")
                    raise SystemExit(f"{self.peer.name} does not start:\n{log}") from None
                time.sleep(0.02)
            except ValueError as error:
                raise SystemExit(f"{self.peer.name}, {mode.name}: {error}") from None

    def stop(self):
        """Ends it the way a supervisor would; callgrind writes its counts then."""
        for number in [signal.SIGTERM, signal.SIGKILL]:
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.process.wait(timeout=20)
                break
            except subprocess.TimeoutExpired:
                continue
        self.log.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

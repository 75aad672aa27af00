"""The peers: how each is built and started, and what it cannot do.

A program is pinned to one core; a server is started on a free port, and believed only after it has
answered rightly: a peer that is fast because it answers something else is no peer.
"""

import contextlib
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

from .modes import LARGE

ROOT = Path(__file__).parent.parent
TORNADO = "6.6.1"


class Missing(Exception):
    """Something that has to be installed first; the message says what."""


@dataclass(frozen=True)
class Peer:
    """A row of the table: a program in Rust, of the package `peer-PROGRAM`."""

    name: str
    # Modes that it has no answer to.
    unable: tuple = ()
    # Callgrind counts fewer requests of a slow peer, or it would take minutes.
    slow: bool = False
    # The program's name where it is not the row's.
    program: str | None = None
    # The crate whose version is the row's, where it has not the row's name.
    crate: str | None = None

    def prepare(self):
        """Builds it, or finds what is installed. Raises `Missing`."""
        if not (ROOT / "peers" / (self.program or self.name)).exists():
            raise Missing(f"there is no peers/{self.program or self.name}")
        build(self.package())

    def version(self):
        """The version of the crate in the lock file; None for what is not from there."""
        lock = (ROOT / "Cargo.lock").read_text()
        found = re.search(rf'^name = "{self.crate or self.name}"\nversion = "(.*)"', lock, re.MULTILINE)
        return found and found.group(1)

    def package(self):
        return f"peer-{self.program or self.name}"

    def command(self, settings, folder):
        """What starts it with `settings`, a dictionary; `folder` is its own until it ends."""
        return [binary(self.package()), *map(str, settings.values())]


class FirewhirlWith(Peer):
    """Our own entry with more switched on, by an argument: `firewhirl-metrics` runs with `metrics`."""

    def prepare(self):
        build(self.package())

    def package(self):
        return "peer-firewhirl"

    def command(self, settings, folder):
        return [*super().command(settings, folder), self.name.removeprefix("firewhirl-")]


@dataclass(frozen=True)
class Nginx(Peer):
    """nginx with a configuration of ours, in which each setting stands as a word in capitals."""

    configuration: str = "nginx.conf"
    # More that its `listen` says: `http2`.
    listen: str = ""

    def prepare(self):
        nginx_program()

    def version(self):
        said = subprocess.run([nginx_program(), "-v"], capture_output=True, text=True).stderr
        return said.strip().rpartition("/")[2]

    def command(self, settings, folder):
        listen = f"ssl {self.listen}" if "certificate" in settings else self.listen
        wanted = [self.configuration] + (["nginx-tls.conf"] if "certificate" in settings else [])
        for file in wanted:
            text = (ROOT / "peers" / file).read_text()
            for name, value in {**settings, "listen": listen}.items():
                text = text.replace(name.upper(), str(value))
            Path(folder, file).write_text(text)
        bodies(Path(folder, "bodies"))
        return [nginx_program(), "-p", folder, "-c", self.configuration, "-e", "stderr"]


class Tornado(Peer):
    def prepare(self):
        tornado_python()

    def version(self):
        return TORNADO

    def command(self, settings, folder):
        return [tornado_python(), str(ROOT / "peers" / "tornado.py"), *map(str, settings.values())]


class TornadoClient(Tornado):
    """One of Tornado's two clients, `tornado-simple` and `tornado-curl`."""

    def prepare(self):
        python = tornado_python()
        if self.kind() == "curl" and subprocess.run([python, "-c", "import pycurl"], stderr=subprocess.DEVNULL).returncode:
            raise Missing(f"{python} has no pycurl: pip install pycurl")

    def kind(self):
        return self.name.removeprefix("tornado-")

    def command(self, settings, folder):
        return [tornado_python(), str(ROOT / "peers" / "tornado_client.py"), self.kind(), *map(str, settings.values())]


def build(package):
    # One at a time: built together, they would switch on each other's features.
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--package", package], cwd=ROOT, check=True)


def binary(package):
    return str(ROOT / "target" / "release" / package)


def bodies(folder):
    """The files that nginx serves where the others have bytes in memory."""
    folder.mkdir()
    (folder / "large").write_bytes(b"x" * LARGE)
    for name, size in [("10m", 10 << 20), ("100m", 100 << 20)]:
        with open(folder / name, "wb") as file:
            file.truncate(size)


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


class Program:
    """A peer, or a load of ours, that runs until `stop`. A context."""

    def __init__(self, peer, core, settings, before=(), **pipes):
        """Starts `peer` pinned to `core`, its command behind `before` (valgrind, say)."""
        self.peer = peer
        self.folder = tempfile.mkdtemp(prefix=f"peer-{peer.name}-")
        # nginx's worker changes its user.
        os.chmod(self.folder, 0o777)
        before = [argument.replace("FOLDER", self.folder) for argument in before]
        self.log = open(Path(self.folder, "stderr"), "wb")
        self.process = subprocess.Popen(
            before + peer.command(settings, self.folder), stderr=self.log, **{"stdout": self.log, **pipes},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self):
        return Path(self.folder, "stderr").read_text(errors="replace")

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


class Server(Program):
    """A program that listens on a port, its first setting."""

    def __init__(self, peer, core, settings=None, before=()):
        self.port = free_port()
        super().__init__(peer, core, {"port": self.port, **(settings or {})}, before)

    def wait_until_right(self, ask, seconds=60):
        """Waits for the port, and returns what `ask(port)` does.

        That raises `ValueError` where the answer is wrong, as `client.ask_twice` does.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return ask(self.port)
            except ConnectionRefusedError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{self.peer.name} does not start:\n{self.said()}") from None
                time.sleep(0.02)
            except ValueError as error:
                raise SystemExit(f"{self.peer.name}: {error}") from None


class Driven(Program):
    """A program that sends as many requests as it is told, a round at a time."""

    def __init__(self, peer, core, settings, before=()):
        super().__init__(peer, core, settings, before, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # Requests a second, once known.
        self.rate = None

    def send(self, requests):
        """A round of exactly so many; returns the seconds that it took."""
        started = time.monotonic()
        try:
            self.process.stdin.write(b"%d\n" % requests)
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer != b"done\n":
            raise SystemExit(f"{self.peer.name} does not come to the end of a round:\n{self.said()}")
        return time.monotonic() - started

    def send_for(self, seconds, at_least=1):
        """A round of about `seconds`, judged by the round before; returns requests and seconds."""
        requests = at_least
        if self.rate:
            requests = max(at_least, round(self.rate * seconds))
            took = self.send(requests)
        else:
            while (took := self.send(requests)) < 0.3:
                requests *= 2
        self.rate = requests / took
        return requests, took

    def stop(self):
        # The end of its input is the end of its work.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        self.process.stdout.close()
        super().stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

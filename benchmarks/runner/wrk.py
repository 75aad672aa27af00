"""One run of wrk against a server, with the server's CPU time beside it."""

import re
import subprocess

from . import process
from .compared import Run

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def load(server, mode, seconds):
    """Loads `server` for `seconds` and returns the `Run`."""
    before = process.cpu(server.process.pid)
    command = ["wrk", "--duration", f"{seconds}s", *mode.wrk_arguments(server.port)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = process.cpu(server.process.pid)
    return Run(
        requests=int(find(r"(\d+) requests in", said)),
        requests_a_second=float(find(r"Requests/sec:\s+([\d.]+)", said)),
        # With pipelining wrk corrects its latencies by an interval that is `depth` times too short,
        # and then shows percentiles of 0.
        p99=duration(find(r"99%\s+([\d.]+[a-z]+)", said)) if mode.depth == 1 else None,
        cpu=after - before,
        failures=sum(int(number) for line in re.findall(r"(?:Socket errors|Non-2xx).*", said)
                     for number in re.findall(r"\d+", line.replace("Non-2xx or 3xx", ""))))


def find(pattern, text):
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk says nothing like {pattern!r}:\n{text}")
    return found.group(1)


def duration(text):
    """Seconds, from wrk's `1.23ms`."""
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()
    return float(number) * SECONDS[unit]

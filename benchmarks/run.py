#!/usr/bin/env python3
"""Runs the peers against each other and prints Markdown tables. See README.md.

    python3 benchmarks/run.py
    python3 benchmarks/run.py --peers epoll,firewhirl,axum --modes plaintext,json --instructions
"""

import argparse
import contextlib
import os
import platform
import resource
import shutil
import subprocess
import sys
import time

from runner import idle, instructions, modes, peers, process, table, wrk

DESCRIPTORS = 20_000


def main():
    options = arguments()
    chosen = [modes.BY_NAME[name] for name in options.modes]
    need_tools(options, chosen)
    rows = prepare(options.peers)
    raise_descriptor_limit()
    # The load is our children, so it is where we are; the servers are pinned as they start.
    os.sched_setaffinity(0, {options.load_core})

    print(describe(rows, options))
    for mode in chosen:
        able = [peer for peer in rows if mode.name not in peer.unable]
        print(f"\n### {mode.title}\n")
        if mode is modes.IDLE:
            print(idle_mode(able, options))
        else:
            print(load_mode(able, mode, options))
        sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description="Runs the peers against each other and prints Markdown tables.")
    parser.add_argument("--peers", type=names(peers.BY_NAME), metavar="A,B",
                        help="rows, the first being what the others are compared with (default: all there are)")
    parser.add_argument("--modes", type=names(modes.BY_NAME), metavar="A,B", default=list(modes.BY_NAME),
                        help=f"tables (default: {','.join(modes.BY_NAME)})")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (default: 3)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="rounds, each with all peers in turn (default: 5); 0 leaves time out")
    parser.add_argument("--instructions", action="store_true", help="count user instructions as well")
    parser.add_argument("--requests", type=int, default=6400,
                        help="requests over which instructions are counted (default: 6400)")
    parser.add_argument("--idle", type=int, default=modes.IDLE.connections, metavar="N",
                        help=f"idle connections (default: {modes.IDLE.connections})")
    parser.add_argument("--server-core", type=int, default=0, help="core of the server (default: 0)")
    parser.add_argument("--load-core", type=int, default=1, help="core of the load (default: 1)")
    return parser.parse_args()


def names(known):
    """A parser of `a,b` into a list of names that are all in `known`."""
    def parse(text):
        given = text.split(",")
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are {', '.join(known)}")
        return given
    return parse


def need_tools(options, chosen):
    missing = []
    if any(mode is not modes.IDLE for mode in chosen) and options.rounds and not shutil.which("wrk"):
        missing.append("wrk is not installed: apt-get install wrk")
    if options.instructions and not shutil.which("valgrind"):
        missing.append("valgrind is not installed: apt-get install valgrind")
    if not {options.server_core, options.load_core} <= os.sched_getaffinity(0):
        missing.append("two cores are needed, one for the server and one for the load: "
                       "see --server-core and --load-core")
    if missing:
        raise SystemExit("\n".join(missing))


def prepare(asked_for):
    """Builds the peers and returns those that can run; one that was asked for by name must."""
    rows = []
    for name in asked_for or peers.BY_NAME:
        peer = peers.BY_NAME[name]
        try:
            peer.prepare()
            rows.append(peer)
        except peers.Missing as missing:
            if asked_for:
                raise SystemExit(str(missing)) from None
            print(f"without {name}: {missing}", file=sys.stderr)
        except subprocess.CalledProcessError:
            raise SystemExit(f"{name} does not build") from None
    return rows


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def load_mode(rows, mode, options):
    """The table of one mode under load, or of its instructions alone where there are no rounds."""
    counted = {}
    if options.instructions:
        for peer in rows:
            counted[peer.name] = instructions.count(peer, mode, options.server_core, options.requests)
    if not options.rounds:
        return table.instructions_table(counted) if counted else "no rounds"

    runs = {peer.name: [] for peer in rows}
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(peers.Server(peer, options.server_core)) for peer in rows]
        for server in servers:
            server.wait_until_right(mode)
            wrk.load(server, mode, 1)
        for number in range(options.rounds):
            # There and back, so that no peer always follows the same one.
            for server in servers if number % 2 == 0 else reversed(servers):
                runs[server.peer.name].append(wrk.load(server, mode, options.seconds))
        memory = {server.peer.name: process.peak_memory(server.process.pid) for server in servers}

    text = table.load_table(runs, memory, counted)
    for name, rounds in runs.items():
        failures = sum(run.failures for run in rounds)
        if failures:
            text += f"\n\n{name}: {failures:,} requests failed."
    return text


def idle_mode(rows, options):
    memories = {}
    text = ""
    for peer in rows:
        with peers.Server(peer, options.server_core) as server:
            server.wait_until_right(modes.IDLE)
            memories[peer.name] = idle.measure(server, options.idle)
        closed = memories[peer.name].closed
        if closed:
            text += f"\n\n{peer.name}: closed {closed:,} of {options.idle:,} connections meanwhile."
    return f"{options.idle:,} connections.\n\n" + table.idle_table(memories) + text


def describe(rows, options):
    """The machine, the run and the versions."""
    with open("/proc/cpuinfo") as lines:
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
                     platform.machine())
    compiler = subprocess.run(["rustc", "--version"], cwd=peers.ROOT, capture_output=True, text=True).stdout
    versions = [f"{peer.name} {version}" for peer in rows if (version := peer.version())]
    return (f"{time.strftime('%Y-%m-%d')}, {model}, Linux {platform.release()}; server on core "
            f"{options.server_core}, load on core {options.load_core}; {options.rounds} rounds of "
            f"{options.seconds} s; {', '.join([*versions, ' '.join(compiler.split()[:2])])}.")


if __name__ == "__main__":
    main()

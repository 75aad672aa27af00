#!/usr/bin/env python3
"""Runs the peers against each other and prints Markdown tables. See README.md.

    python3 benchmarks/run.py
    python3 benchmarks/run.py --peers epoll,firewhirl,axum --modes plaintext,json --instructions
    python3 benchmarks/run.py client --modes 64
"""

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import time

from runner import peers
from runner.subjects import client, http2, proxy, server, tls

SUBJECTS = {"server": server, "client": client, "tls": tls, "http2": http2, "proxy": proxy}
DESCRIPTORS = 20_000


def main():
    given = sys.argv[1:]
    subject = SUBJECTS[given.pop(0)] if given and given[0] in SUBJECTS else server
    options = arguments(subject, given)
    chosen = [mode for name in options.modes for mode in subject.MODES if mode.name == name]
    need_tools(subject, chosen, options)
    rows = prepare(subject, options.peers)
    raise_descriptor_limit()
    # The load is our children, so it is where we are; what is measured is pinned as it starts.
    os.sched_setaffinity(0, {options.load_core})

    print(describe(rows, options))
    for mode in chosen:
        print(f"\n### {mode.title}\n")
        print(subject.measure([peer for peer in rows if mode.name not in peer.unable], mode, options))
        sys.stdout.flush()


def arguments(subject, given):
    parser = argparse.ArgumentParser(
        usage=f"%(prog)s [{'|'.join(SUBJECTS)}] [options]; without a subject, server",
        description="Runs the peers against each other and prints Markdown tables.", epilog=subject.__doc__)
    parser.add_argument("--peers", type=names(every_peer(subject)), metavar="A,B",
                        help="rows, the first being what the others are compared with (default: all that are no variants)")
    modes = [mode.name for mode in subject.MODES]
    parser.add_argument("--modes", type=names(modes), metavar="A,B", default=modes,
                        help=f"tables (default: {','.join(modes)})")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (default: 3)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="rounds, each with all peers in turn (default: 5); 0 leaves time out")
    parser.add_argument("--instructions", action="store_true", help="count user instructions as well")
    parser.add_argument("--requests", type=int, default=6400,
                        help="requests over which instructions are counted (default: 6400)")
    parser.add_argument("--server-core", type=int, default=0, help="core of what is measured (default: 0)")
    parser.add_argument("--load-core", type=int, default=1, help="core of all else (default: 1)")
    subject.add_arguments(parser)
    return parser.parse_args(given)


def names(known):
    """A parser of `a,b` into a list of names that are all in `known`."""
    def parse(text):
        given = text.split(",")
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are {', '.join(known)}")
        return given
    return parse


def every_peer(subject):
    return {peer.name: peer for peer in [*subject.PEERS, *subject.VARIANTS]}


def need_tools(subject, chosen, options):
    tools = subject.tools(chosen, options) | ({"valgrind": "valgrind"} if options.instructions else {})
    missing = [f"{tool} is not installed: apt-get install {package}"
               for tool, package in tools.items() if not shutil.which(tool)]
    if not {options.server_core, options.load_core} <= os.sched_getaffinity(0):
        missing.append("two cores are needed, one for what is measured and one for all else: "
                       "see --server-core and --load-core")
    if missing:
        raise SystemExit("\n".join(missing))


def prepare(subject, asked_for):
    """Builds what is needed and returns the peers that can run; one that was asked for by name must."""
    rows = []
    try:
        for package in subject.PACKAGES:
            peers.build(package)
        for peer in [every_peer(subject)[name] for name in asked_for] if asked_for else subject.PEERS:
            try:
                peer.prepare()
                rows.append(peer)
            except peers.Missing as missing:
                if asked_for:
                    raise SystemExit(str(missing)) from None
                print(f"without {peer.name}: {missing}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error.cmd[-1]} does not build") from None
    return rows


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def describe(rows, options):
    """The machine, the run and the versions."""
    with open("/proc/cpuinfo") as lines:
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
                     platform.machine())
    compiler = subprocess.run(["rustc", "--version"], cwd=peers.ROOT, capture_output=True, text=True).stdout
    versions = [f"{peer.name} {version}" for peer in rows if (version := peer.version())]
    return (f"{time.strftime('%Y-%m-%d')}, {model}, Linux {platform.release()}; what is measured on core "
            f"{options.server_core}, load on core {options.load_core}; {options.rounds} rounds of "
            f"{options.seconds} s; {', '.join([*versions, ' '.join(compiler.split()[:2])])}.")


if __name__ == "__main__":
    main()

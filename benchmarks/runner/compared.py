"""The comparison itself, the same for every subject: rounds in which all peers have their turn."""

import contextlib
from dataclasses import dataclass

from . import process, table


@dataclass(frozen=True)
class Run:
    """What one round says of one peer."""

    # Requests, or whatever else the mode counts.
    requests: float
    requests_a_second: float
    # Of the process that is measured.
    cpu: process.Cpu
    # Seconds; None where the load does not say, or says it wrongly.
    p99: float | None = None
    # Requests that failed or were answered with an error.
    failures: int = 0


def compare(rows, options, start, load, count, unit="requests"):
    """The table of one mode, or of its instructions alone where there are no rounds.

    `start(peer)` is a program that runs and has been found to be right, as a context;
    `load(program, seconds)` the `Run` of a round; `count(peer)` the instructions for one of `unit`,
    or None where they cannot be counted.
    """
    counted = {}
    if options.instructions:
        counted = {peer.name: number for peer in rows if (number := count(peer)) is not None}
    if not options.rounds:
        return table.instructions_table(counted) if counted else "no rounds"

    runs = {peer.name: [] for peer in rows}
    with contextlib.ExitStack() as running:
        programs = [running.enter_context(start(peer)) for peer in rows]
        for program in programs:
            load(program, 1)
        for number in range(options.rounds):
            # There and back, so that no peer always follows the same one.
            for program in programs if number % 2 == 0 else reversed(programs):
                runs[program.peer.name].append(load(program, options.seconds))
        memory = {program.peer.name: process.peak_memory(program.process.pid) for program in programs}

    text = table.load_table(runs, memory, counted, unit)
    for name, rounds in runs.items():
        failures = sum(run.failures for run in rounds)
        if failures:
            text += f"\n\n{name}: {failures:,} requests failed."
    return text

"""The Markdown tables. Columns headed `x` are multiples of the first row."""

from statistics import median


def load_table(runs, memory, instructions, unit="requests"):
    """One mode: `runs` are a peer's rounds by its name, in the order of the rows."""
    base = next(iter(runs))
    has_p99 = any(run.p99 is not None for rounds in runs.values() for run in rounds)
    rows = []
    for name, rounds in runs.items():
        row = [name, f"{median(run.requests_a_second for run in rounds):,.0f}"]
        # Round by round, so that a machine that slows down meanwhile does so for both.
        row.append(times(median(mine.requests_a_second / its.requests_a_second
                                for mine, its in zip(rounds, runs[base]))))
        for part in [whole, user]:
            row += [microseconds(part(rounds)), times(ratio(part(rounds), part(runs[base])))]
        row.append(microseconds(system(rounds)))
        if has_p99:
            row.append(milliseconds([run.p99 for run in rounds]))
        row.append(f"{memory[name] / 2**20:,.1f}")
        if name in instructions:
            row += [f"{instructions[name]:,.0f}", times(ratio(instructions[name], instructions[base]))]
        elif instructions:
            row += ["-", "-"]
        rows.append(row)
    head = ["peer", f"{unit}/s", "x", "CPU us", "x", "user us", "x", "sys us", *(["p99 ms"] if has_p99 else []), "RSS MiB"]
    return markdown(head + (["instructions", "x"] if instructions else []), rows)


def idle_table(memories):
    """The memory of idle connections: `Memory` by peer, in the order of the rows."""
    base = next(iter(memories.values()))
    rows = [[name, f"{memory.before / 2**20:,.1f}", f"{memory.after / 2**20:,.1f}",
             f"{memory.each / 1024:,.2f}", times(ratio(memory.each, base.each))]
            for name, memory in memories.items()]
    return markdown(["peer", "RSS MiB before", "RSS MiB with them", "KiB each", "x"], rows)


def instructions_table(instructions):
    """User instructions alone, where no time was measured."""
    base = next(iter(instructions.values()))
    rows = [[name, f"{number:,.0f}", times(ratio(number, base))] for name, number in instructions.items()]
    return markdown(["peer", "instructions", "x"], rows)


def whole(rounds):
    return user(rounds) + system(rounds)


def user(rounds):
    """Seconds a request over all rounds: one round is a few hundred ticks of the clock only."""
    return sum(run.cpu.user for run in rounds) / sum(run.requests for run in rounds)


def system(rounds):
    return sum(run.cpu.system for run in rounds) / sum(run.requests for run in rounds)


def ratio(value, base):
    return value / base if base else float("nan")


def microseconds(seconds):
    return f"{seconds * 1e6:,.2f}"


def milliseconds(latencies):
    return f"{median(latencies) * 1e3:,.2f}"


def times(value):
    return f"{value:,.2f}"


def markdown(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

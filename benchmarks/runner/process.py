"""What /proc says of a server and its children: CPU time and memory."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """CPU seconds."""

    user: float
    system: float

    def __add__(self, other):
        return Cpu(self.user + other.user, self.system + other.system)

    def __sub__(self, other):
        return Cpu(self.user - other.user, self.system - other.system)


def cpu(process):
    """The time that `process` and its children have taken so far, ended children included."""
    total = Cpu(0, 0)
    for identifier in family(process):
        # utime, stime, cutime and cstime: fields 14 to 17 of proc_pid_stat(5).
        user, system, children_user, children_system = map(int, stat_after_name(identifier)[11:15])
        total += Cpu((user + children_user) / TICKS_A_SECOND, (system + children_system) / TICKS_A_SECOND)
    return total


def peak_memory(process):
    """The most bytes that have been resident, as `VmHWM` has it, summed over the children."""
    return sum(kilobytes(identifier, "status", "VmHWM:") for identifier in family(process)) * 1024


def resident_memory(process):
    """The bytes resident now. From smaps_rollup, which counts; `VmRSS` is behind by some pages."""
    return sum(kilobytes(identifier, "smaps_rollup", "Rss:") for identifier in family(process)) * 1024


def family(process):
    """The process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(stat_after_name(entry.name)[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended since the listing.
    found = [process]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found


def stat_after_name(identifier):
    """The fields of /proc/PID/stat from the third on; the name before them may hold spaces."""
    return Path(f"/proc/{identifier}/stat").read_text().rpartition(")")[2].split()


def kilobytes(identifier, file, label):
    for line in Path(f"/proc/{identifier}/{file}").read_text().splitlines():
        if line.startswith(label):
            return int(line.split()[1])
    return 0

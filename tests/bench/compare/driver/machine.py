"""What processes use of the machine: ours, and whose we are not."""

import os
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cores():
    """The two to measure on: of the generator and the upstream, and of the proxy alone."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("this needs two cores: one for the load and the upstream, one for the proxy alone")
    return usable[0], usable[-1]


def processor_time(pid):
    """Seconds that a process and its threads have used, to the nanosecond; None when it is gone."""
    # The clock of another process, as clock_getcpuclockid(3) makes its number.
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def descendants(pid):
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/children", encoding="ascii") as children:
                    left += map(int, children.read().split())
        except OSError:
            pass
    return found


def memory(pid):
    """Kilobytes that a process and its children hold, what they share with others counted in part (PSS)."""
    total = 0
    for one in descendants(pid):
        with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total


def ended_children(pid):
    """Seconds that children used which this process has waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / TICKS
    except OSError:
        return None


def stolen():
    """Seconds that another guest of the same host had one of our processors."""
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8]) / TICKS


class Others:
    """What every process but ours has used so far. `ours` are process ids."""

    def __init__(self, ours):
        self.used, self.ended = {}, {}
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) in ours:
                continue
            pid = int(name)
            used, ended = processor_time(pid), ended_children(pid)
            if used is not None and ended is not None:
                self.used[pid], self.ended[pid] = used, ended
        self.stolen = stolen()

    def since(self, before):
        """Seconds of processor time that they used since `before`."""
        return used_between(before, self)


def used_between(before, after):
    total = after.stolen - before.stolen
    for pid, used in after.used.items():
        total += used - before.used.get(pid, 0)
    # Who ended in between is only known as a child of its parent, with all that it has ever used.
    # That has what its own children had used, too.
    gone = sum(used + before.ended[pid] for pid, used in before.used.items() if pid not in after.used)
    ended = sum(ended - before.ended.get(pid, ended) for pid, ended in after.ended.items())
    return total + max(0.0, ended - gone)

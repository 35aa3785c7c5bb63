"""One run: a load through one proxy, what it used, and whether the machine was ours."""

import time
from dataclasses import dataclass

import machine

# Share of a core that others may use during a run.
FOREIGN = 0.10
# How long the machine is waited for before a run, in seconds.
QUIET = 2.0
# How long a proxy is warmed up, in seconds.
WARM = 0.3


@dataclass
class Run:
    per_second: float
    p50: float
    p99: float
    # Microseconds of processor time for each request; None where there is no proxy.
    proxy: float
    upstream: float
    load: float
    # Requests at the upstream for each of the callers', and those of them that read.
    calls: float
    reads: float
    # Share of a core that others used.
    foreign: float
    # Answers that were not what was measured.
    bad: int

    @property
    def void(self):
        """Others had the machine. Nothing that was measured has a say in it."""
        return self.foreign > FOREIGN


class Bench:
    def __init__(self, load, upstream, seconds, warm=WARM):
        self.load, self.upstream, self.seconds, self.warm = load, upstream, seconds, warm
        # Numbers of conversations that no run had.
        self.unused = int(time.time()) * 100_000 % 10**11

    def run(self, scenario, proxy):
        """`proxy` is None for the application that repairs for itself."""
        port = proxy.port if proxy else self.upstream.port
        kind = scenario.kind if proxy else "fetch"
        options = {"seconds": self.length(scenario)} | scenario.options
        self.upstream.delay(scenario.delay)
        if scenario.fresh:
            # What is warmed up is the proxy, not its memory.
            self.load.send(port, "read", seconds=self.warm)
            self.unused += 10_000
            options["first"] = self.unused
        else:
            self.load.send(port, kind, **(options | {"seconds": self.warm}))
        return self.measure(port, kind, options, proxy)

    def length(self, scenario):
        return min(self.seconds, scenario.at_most or self.seconds)

    def measure(self, port, kind, options, proxy):
        ours = set(machine.descendants(self.upstream.pid) + [machine.os.getpid()])
        ours |= set(proxy.pids()) if proxy else set()
        counts = self.upstream.counts()
        others, started = machine.Others(ours), time.monotonic()
        proxy_before, upstream_before = proxy.used() if proxy else 0, self.upstream.used()
        running = self.load.begin(port, kind, **options)
        with running:
            report = self.load.report(running)
        proxy_after, upstream_after = proxy.used() if proxy else 0, self.upstream.used()
        took = time.monotonic() - started
        foreign = machine.Others(ours).since(others) / took
        answered = self.upstream.counts()
        done = max(1, report["done"])
        reads = answered["reads"] - counts["reads"]
        patches = sum(answered[name] - counts[name] for name in ("accepted", "refused"))
        good = sum(count for status, count in report["statuses"].items() if status in ("200", "204"))
        return Run(
            per_second=report["done"] / max(report["seconds"], 1e-9),
            p50=report["p50"],
            p99=report["p99"],
            proxy=(proxy_after - proxy_before) * 1e6 / done if proxy else None,
            upstream=(upstream_after - upstream_before) * 1e6 / done,
            load=report["cpu"] * 1e6 / done,
            calls=(reads + patches) / done,
            reads=reads / done,
            foreign=foreign,
            bad=report["errors"] + sum(report["statuses"].values()) - good,
        )


def wait_until_quiet(ours, longest=QUIET):
    """Until others leave the machine alone, or gives up."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        before, started = machine.Others(ours), time.monotonic()
        time.sleep(0.2)
        if machine.Others(ours).since(before) / (time.monotonic() - started) <= FOREIGN / 2:
            return True
    return False

"""Everything in order; tests/bench/compare/run says what is to be had."""

import argparse
import os
import signal
import sys
import tempfile

import checks
import ends
import footprint
import goals
import instructions
import machine
import peers
import raw
import run
import scenario
import summary
import tables
import together


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/compare/run", description="Compares the cost of proxies.")
    parser.add_argument("--rounds", type=int, default=7, help="clean rounds that are wanted (7)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one run (1)")
    parser.add_argument("--tries", type=int, default=3, help="runs at most for each clean one (3)")
    parser.add_argument("--only", help="scenarios, separated by commas; 'none' for no times")
    parser.add_argument("--instructions", action="store_true", help="count instructions as well (3 minutes)")
    parser.add_argument("--no-footprint", action="store_true", help="measure neither memory nor starts")
    parser.add_argument("--even-void", action="store_true", help="use runs in which others had the machine: a first look")
    parser.add_argument("--raw", metavar="FILE", help="where every single run is written, as JSON")
    parser.add_argument("--at-once", action="store_true", help="all of them at once on one core, to see a percent")
    parser.add_argument("--check", action="store_true", help="only check that every proxy does what it is measured for")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


class Comparison:
    def __init__(self, options, folder):
        self.options = options
        near, alone = machine.cores()
        self.load = ends.Load(os.environ["LOAD"], near)
        self.upstream = ends.Upstream(os.environ["UPSTREAM"], near)
        self.program = os.environ["PATCHWRIGHT"]
        self.peers = self.made(folder, alone)
        self.slow_peers = self.made(folder, alone, age=instructions.AGE)
        self.started = {}

    def made(self, folder, core, **more):
        plain, envoy = os.environ.get("PLAIN"), os.environ.get("ENVOY")
        return peers.Peers(folder, self.upstream.port, core, self.program, plain, envoy, **more)

    def start(self):
        for name in self.peers.names():
            self.started[name] = self.peers.start(name)
            fault = checks.fault(name, self.started[name].port, self.upstream, name in peers.REPAIRS)
            if fault:
                raise SystemExit(fault)
            say(f"checked {peers.LABELS[name]}")

    def stop(self):
        for started in (*self.started.values(), self.upstream):
            started.stop()

    def scenarios(self):
        wanted = self.options.only.split(",") if self.options.only else None
        return [each for each in scenario.SCENARIOS if wanted is None or each.name in wanted]

    def times(self, results):
        bench = run.Bench(self.load, self.upstream, self.options.seconds)
        for number in range(self.options.rounds):
            for each in self.scenarios():
                who = [name for name in each.who if name == "app" or name in self.started]
                # Nobody is always first, nor always behind the same.
                turn = number * 2 % len(who)
                for name in who[turn:] + who[:turn]:
                    self.one(results, bench, each, name)
            say(f"round {number + 1} of {self.options.rounds}; discarded {'%d of %d runs' % results.discarded()}")

    def at_once(self):
        """A table for each scenario."""
        for each in filter(together.fits, self.scenarios()):
            started = {name: self.started[name] for name in each.who if name in self.started}
            together.measure(each, started, self.load, run.WARM)
            taken = range(self.options.rounds)
            rounds = [together.measure(each, started, self.load, self.options.seconds) for _ in taken]
            print(together.table(each, rounds), flush=True)

    def one(self, results, bench, each, name):
        ours = {pid for started in (*self.started.values(), self.upstream) for pid in started.pids()}
        tries = 1 if self.options.even_void else self.options.tries
        for _ in range(tries):
            run.wait_until_quiet(ours | {os.getpid()}, 0 if self.options.even_void else run.QUIET)
            done = bench.run(each, self.started.get(name))
            results.add(each.name, name, done)
            if not done.void:
                return

    def footprint(self):
        figures, rows = {}, []
        for name in self.peers.names():
            idle, connection = footprint.per_connection(self.peers, name, self.load, self.upstream)
            rows.append([peers.LABELS[name], tables.number(idle), tables.number(connection)])
            if name == "patchwright":
                figures |= {"idle": idle, "connection": connection}
        say("measured memory")
        figures["conversation"] = footprint.per_conversation(self.peers, self.load)
        figures["ready"] = footprint.ready(self.program, self.upstream)
        figures["binary"] = os.stat(self.program).st_size / 2**20
        return figures, tables.table(["memory (PSS)", "idle, MiB", "busy connection, KiB"], rows)

    def instructions(self):
        counts = {}
        for kind, others in instructions.KINDS.items():
            counted = ("patchwright", "plain", *others)
            for name in filter(counted.__contains__, self.peers.names()):
                counts[name, kind] = instructions.count(self.slow_peers, name, kind, self.load)
                say(f"counted {name}, {kind}: {counts[name, kind]:,.0f}")
        return counts


def instructions_table(counts):
    names = dict.fromkeys(name for name, _ in counts)
    kinds = instructions.KINDS
    rows = [[peers.LABELS[name], *(tables.number(counts.get((name, kind))) for kind in kinds)] for name in names]
    return tables.table(["user instructions/request", "GET", "PATCH passed through", "PATCH repaired, warm"], rows)


def report(comparison, options):
    """Prints everything, and says whether what must be is."""
    found = []
    counts = comparison.instructions() if options.instructions else {}
    figures, memory = ({}, None) if options.no_footprint else comparison.footprint()
    results = summary.Results(options.even_void)
    if comparison.scenarios():
        comparison.start()
        comparison.times(results)
    for each in comparison.scenarios():
        print(tables.scenario(results, each))
    if memory:
        print(memory + "\n")
    if counts:
        print(instructions_table(counts) + "\n")
    if comparison.scenarios():
        found += goals.of_times(results, results.runs)
        void, every = results.discarded()
        kept = " (and used: --even-void)" if options.even_void else ""
        print(f"{void} of {every} runs discarded{kept}: others used more than {run.FOREIGN:.0%} of a core.\n")
    found += goals.of_instructions(counts) if counts else []
    found += goals.of_size(figures) if figures else []
    print(goals.table(found))
    if options.raw:
        raw.write(options.raw, results, counts, figures, found)
    for (where, who), count in results.bad().items():
        print(f"\n{peers.LABELS[who]} gave {count} answers in {where!r} that were not expected")
    return goals.all_met(found) and not results.bad()


def main():
    options = arguments()
    # So that what was started is ended, too.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        comparison = Comparison(options, folder)
        try:
            if options.check or options.at_once:
                comparison.start()
                if options.at_once:
                    comparison.at_once()
                return 0
            return 0 if report(comparison, options) else 1
        finally:
            comparison.stop()


if __name__ == "__main__":
    sys.exit(main())

"""Counts everything and compares it with budget.toml; ./run says how it is used."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor

import ends
import instructions
import machine
import peers
import process
import verdict

BUDGET = pathlib.Path(__file__).with_name("budget.toml")
# Work is done so often, and so much more often, to count it.
FEW, MORE = 200, 1200
# What is large is done less often; what depends on a random hash, more often.
FACTORS = {"splice-64k": 0.05, "extract": 0.1, "hit": 10}


def operations():
    listed = subprocess.run([os.environ["WORKLOADS"]], capture_output=True, text=True, check=True)
    return listed.stdout.split()


def operation(name):
    """Instructions of one."""
    factor = FACTORS.get(name, 1)
    few, more = round(FEW * factor), round(MORE * factor)
    counts = []
    for times in (few, more):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", os.environ["WORKLOADS"]]
        done = subprocess.run(
            [*command, name, str(times)],
            capture_output=True,
            text=True,
            env=process.environment(),
        )
        if done.returncode:
            raise SystemExit(f"{name} ended with {done.returncode}: {done.stderr[-500:]}")
        counts.append(int(re.search(r"Collected : (\d+)", done.stderr).group(1)))
    return round((counts[1] - counts[0]) / (more - few))


def requests(wanted):
    """Instructions of the whole program for each request."""
    near, alone = machine.cores()
    counted = {}
    with tempfile.TemporaryDirectory(prefix="budgets-") as folder, ends.Upstream(os.environ["UPSTREAM"], near) as api:
        here = peers.Peers(folder, api.port, alone, os.environ["PATCHWRIGHT"], age=instructions.AGE)
        load = ends.Load(os.environ["LOAD"], near)
        for kind in wanted:
            counted[kind] = round(instructions.count(here, "patchwright", kind, load))
    return counted


def main(words):
    accept = "--accept" in words
    names = [word for word in words if word != "--accept"]
    budget = tomllib.loads(BUDGET.read_text(encoding="utf-8")) if BUDGET.exists() else {}
    every = {"operations": operations(), "requests": list(instructions.KINDS)}
    unknown = set(names) - {name for group in every.values() for name in group}
    if unknown or (accept and names):
        raise SystemExit(f"no such work: {', '.join(unknown)}" if unknown else "--accept takes all or nothing")
    chosen = {group: [name for name in of if not names or name in names] for group, of in every.items()}
    # On all cores: instructions are the same, whoever else has the machine.
    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        counted = {"operations": dict(zip(chosen["operations"], at_once.map(operation, chosen["operations"])))}
    counted["requests"] = requests(chosen["requests"]) if chosen["requests"] else {}
    lines = []
    for group, numbers in counted.items():
        known = {name: number for name, number in budget.get(group, {}).items() if not names or name in names}
        lines += verdict.compare(known, numbers)
    for line in lines:
        print(line.text)
    if accept:
        BUDGET.write_text(verdict.write(**counted), encoding="utf-8")
        print(f"wrote {BUDGET.name}")
        return 0
    return 1 if any(line.fails for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""All at the same time, the proxies on one core: what the machine does meets everybody alike."""

import math
import statistics

import peers
import tables


def fits(scenario):
    """Loads that take what they get. One that waits would measure who is before it in the queue."""
    return not (scenario.fixed_rate or scenario.delay or scenario.fresh)


def measure(scenario, started, load, seconds):
    """Microseconds of processor time for each request, by who."""
    before = {name: proxy.used() for name, proxy in started.items()}
    running = {name: load.begin(proxy.port, scenario.kind, seconds=seconds) for name, proxy in started.items()}
    done = {name: load.report(process)["done"] for name, process in running.items()}
    return {name: (proxy.used() - before[name]) * 1e6 / max(1, done[name]) for name, proxy in started.items()}


def table(scenario, rounds):
    """Ratios are taken within each round, so that they have an error of their own."""
    times = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    rows = []
    for name in sorted(times, key=times.get):
        ratios = [each[name] / each[scenario.reference] for each in rounds]
        error = statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0
        rows.append([peers.LABELS[name], tables.number(times[name]), f"{statistics.mean(ratios):.3f} ± {error:.3f}"])
    reference = peers.LABELS[scenario.reference]
    return f"#### {scenario.title}\n\n{tables.table(['at once', 'CPU µs/request', f'× {reference}'], rows)}\n"

"""Markdown."""

import peers

HEAD = {
    "proxy": "CPU µs/request",
    "ratio": "× {reference}",
    "per_second": "requests/s",
    "p50": "p50 µs",
    "p99": "p99 µs",
    "reads": "lookups/PATCH",
    "calls": "upstream calls/PATCH",
    "upstream": "upstream µs",
    "load": "load µs",
}


def number(value, digits=1):
    if value is None:
        return "–"
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.{digits}f}"


def span(found, digits=1):
    """Median, and least to most."""
    if found is None:
        return "–"
    least, median, most = (number(value, digits) for value in found)
    return f"{median} ({least}–{most})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def columns(scenario):
    times = ["proxy", "ratio", "p50", "p99"] if scenario.fixed_rate else ["proxy", "ratio", "per_second", "p50", "p99"]
    return times + (["reads", "calls"] if scenario.repairs else []) + ["upstream", "load"]


def scenario(results, wanted):
    """The table of one scenario, cheapest first."""
    shown = columns(wanted)
    reference = peers.LABELS[wanted.reference].split(" (")[0]
    compared = "p50" if wanted.delay else "proxy"
    head = ["median (min–max)"] + [HEAD[each].format(reference=reference) for each in shown] + ["clean runs"]
    rows = []
    by = results.runs.get(wanted.name, {})
    for who in sorted(by, key=lambda who: results.median(wanted.name, who, compared) or 0):
        cells = [peers.LABELS[who]]
        for each in shown:
            if each == "ratio":
                figure = "p50" if wanted.delay else "proxy"
                cells.append(number(results.ratio(wanted.name, who, wanted.reference, figure), 3 if wanted.delay else 2))
            else:
                cells.append(span(results.spread(wanted.name, who, each), 3 if each in ("reads", "calls") else 1))
        runs = results.of(wanted.name, who)
        cells.append(f"{sum(not run.void for run in runs)} of {len(runs)}")
        rows.append(cells)
    return f"#### {wanted.title}\n\n{table(head, rows)}\n"

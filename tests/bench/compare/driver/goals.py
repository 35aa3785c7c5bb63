"""What patchwright must cost at most, and what it should."""

import tables


class Goal:
    """`value` is what was measured, or None: then nothing is met."""

    def __init__(self, what, value, must, goal=None, unit="", digits=2):
        self.what, self.value, self.must, self.goal = what, value, must, goal
        self.unit, self.digits = unit, digits

    @property
    def met(self):
        return self.value is not None and self.value <= self.must

    def row(self):
        verdict = "met" if self.met else "NOT met"
        goal = "–"
        if self.goal is not None:
            reached = self.value is not None and self.value <= self.goal
            goal = f"≤ {self.text(self.goal)}" + (" reached" if reached else "")
        return [self.what, self.text(self.value), f"≤ {self.text(self.must)} {verdict}", goal]

    def text(self, value):
        return tables.number(value, self.digits) + (f" {self.unit}" if self.unit and value is not None else "")


# Scenario, reference and figure of each ratio, and its bounds.
RATIOS = (
    ("GET of 5 KB, CPU, × nginx", ("read", "nginx", "proxy"), 1.05, 0.90, 2),
    ("PATCH passed through, CPU, × nginx", ("whole", "nginx", "proxy"), 1.10, 0.95, 2),
    ("repaired PATCH, warm, CPU, × nginx + Lua", ("warm", "nginx-lua", "proxy"), 0.80, 0.65, 2),
    ("repaired PATCH, cold, CPU, × nginx + Lua", ("cold", "nginx-lua", "proxy"), 0.58, 0.45, 2),
    ("repaired PATCH, warm, CPU, × Envoy + Lua", ("warm", "envoy-lua", "proxy"), 0.27, 0.20, 2),
    ("repaired PATCH, cold, CPU, × Envoy + Lua", ("cold", "envoy-lua", "proxy"), 0.17, 0.12, 2),
    ("warm PATCH, 20 ms away, time, × the application", ("warm-20ms", "app", "p50"), 0.51, 0.505, 3),
    ("warm PATCH, 20 ms away, upstream calls, × the application", ("warm-20ms", "app", "calls"), 0.5, 0.5, 3),
    ("repaired PATCH at a modest rate, p99, × nginx + Lua", ("warm-rate", "nginx-lua", "p99"), 1.1, 0.9, 2),
)


def of_times(results, scenarios):
    """Those about scenarios that were to be measured."""
    return [
        Goal(what, results.ratio(scenario, "patchwright", reference, figure), must, goal, digits=digits)
        for what, (scenario, reference, figure), must, goal, digits in RATIOS
        if scenario in scenarios
    ]


def of_instructions(counts):
    """`counts` by (who, kind)."""

    def ratio(kind, reference):
        one, other = counts.get(("patchwright", kind)), counts.get((reference, kind))
        return one / other if one and other else None

    return [
        Goal("GET, user instructions, × nginx", ratio("read", "nginx"), 1.10, 0.90),
        Goal("repaired PATCH, user instructions, × nginx + Lua", ratio("gap", "nginx-lua"), 0.60, 0.45),
    ]


def of_size(figures):
    """`figures` as `footprint` measures them."""
    return [
        Goal("memory, idle", figures.get("idle"), 12, unit="MiB", digits=1),
        Goal("memory of a busy connection", figures.get("connection"), 32, 16, unit="KiB", digits=1),
        Goal("memory of a known conversation of three participants", figures.get("conversation"), 400, unit="B", digits=0),
        Goal("ready after", figures.get("ready"), 30, unit="ms", digits=1),
        Goal("size of the program", figures.get("binary"), 12, unit="MiB", digits=1),
    ]


def table(goals):
    return tables.table(["patchwright", "measured", "must", "goal"], [goal.row() for goal in goals])


def all_met(goals):
    return all(goal.met for goal in goals)

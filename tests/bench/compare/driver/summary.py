"""Least, median and most of what clean runs measured."""

import statistics


class Results:
    """Runs by scenario and by who was measured."""

    def __init__(self, even_void=False):
        self.runs, self.even_void = {}, even_void

    def add(self, scenario, who, run):
        self.runs.setdefault(scenario, {}).setdefault(who, []).append(run)

    def of(self, scenario, who):
        return self.runs.get(scenario, {}).get(who, [])

    def clean(self, scenario, who):
        return [run for run in self.of(scenario, who) if self.even_void or not run.void]

    def discarded(self):
        """How many runs, of how many."""
        every = [run for by in self.runs.values() for runs in by.values() for run in runs]
        return sum(run.void for run in every), len(every)

    def bad(self):
        """Answers that were not as expected, by scenario and who."""
        found = {}
        for scenario, by in self.runs.items():
            for who, runs in by.items():
                count = sum(run.bad for run in runs)
                if count:
                    found[scenario, who] = count
        return found

    def spread(self, scenario, who, figure):
        """(least, median, most) of the clean runs, or None."""
        return spread([getattr(run, figure) for run in self.clean(scenario, who)])

    def median(self, scenario, who, figure):
        found = self.spread(scenario, who, figure)
        return found and found[1]

    def ratio(self, scenario, who, reference, figure):
        """Of the medians."""
        one, other = self.median(scenario, who, figure), self.median(scenario, reference, figure)
        return one / other if one is not None and other else None

    def fewest(self):
        """The number of clean runs of that which has fewest."""
        return min((len(self.clean(s, who)) for s, by in self.runs.items() for who in by), default=0)


def spread(values):
    values = [value for value in values if value is not None]
    return (min(values), statistics.median(values), max(values)) if values else None

"""What was counted against what may be."""

# Shares of a budget that may be missing or too much before something is said.
MORE, LESS = 0.03, 0.03


class Line:
    """`budget` is None for what has none yet, `counted` for what there is no more."""

    def __init__(self, name, budget, counted):
        self.name, self.budget, self.counted = name, budget, counted

    @property
    def change(self):
        return (self.counted - self.budget) / self.budget

    @property
    def fails(self):
        return self.budget is None or self.counted is None or self.change > MORE

    @property
    def text(self):
        if self.counted is None:
            return f"{self.name}: has a budget, but there is no such work; --accept removes it"
        if self.budget is None:
            return f"{self.name}: {self.counted:,} instructions and no budget; --accept gives it one"
        counted = f"{self.name}: {self.counted:,} instructions, {self.change:+.1%} of {self.budget:,}"
        if self.fails:
            return f"{counted}: costs more than it may. Make it cheaper, or say in the commit why not, and --accept"
        if self.change < -LESS:
            return f"{counted}: cheaper. Keep it so with --accept"
        return counted


def compare(budget, counted):
    """Lines in the order of what was counted. Both map names to numbers."""
    names = [*counted, *(name for name in budget if name not in counted)]
    return [Line(name, budget.get(name), counted.get(name)) for name in names]


def write(operations, requests):
    """The budget file."""
    lines = [
        "# User instructions, as tests/bench/instructions/run --accept has counted them: of each operation, and of",
        "# each request through the whole program. A change that takes 3 % more of any fails.",
        "",
        "[operations]",
        *(f"{name} = {number}" for name, number in operations.items()),
        "",
        "[requests]",
        *(f"{name} = {number}" for name, number in requests.items()),
    ]
    return "\n".join(lines) + "\n"

"""Everything that was measured, for whoever wants to compute something else of it."""

import json
import os
import pathlib
from dataclasses import asdict


def collected(results, counts, figures, found):
    return {
        "machine": {"cores": os.cpu_count(), "system": " ".join(os.uname()[:3])},
        "runs": {
            scenario: {who: [asdict(run) | {"void": run.void} for run in runs] for who, runs in by.items()}
            for scenario, by in results.runs.items()
        },
        "instructions": [{"who": who, "kind": kind, "count": count} for (who, kind), count in counts.items()],
        "footprint": figures,
        "goals": [
            {"what": goal.what, "value": goal.value, "must": goal.must, "goal": goal.goal, "met": goal.met}
            for goal in found
        ],
    }


def write(file, *measured):
    pathlib.Path(file).write_text(json.dumps(collected(*measured), separators=(",", ":")) + "\n", encoding="utf-8")

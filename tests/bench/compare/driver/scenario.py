"""What is measured: loads, and whom they go through."""

from dataclasses import dataclass, field

import peers

EVERYBODY = ("nginx", "haproxy", "patchwright", "plain", "nginx-lua", "envoy-lua")
REPAIRERS = ("nginx-lua", "patchwright", "plain", "envoy-lua", "app")
# Requests a second that leave every one of them most of its time.
MODEST = 1000


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    who: tuple
    # Whose figures are 1.
    reference: str
    # As the load program has them.
    kind: str
    options: dict = field(default_factory=dict)
    # Milliseconds before the upstream answers.
    delay: int = 0
    # Whether every run has conversations that were never seen.
    fresh: bool = False
    # Longest time of one run, in seconds, where more would be another thing.
    at_most: float = None

    @property
    def fixed_rate(self):
        return "rate" in self.options

    @property
    def repairs(self):
        return self.kind == "gap"


SCENARIOS = (
    Scenario("read", "GET of 5 KB passed through, 32 connections", EVERYBODY, "nginx", "read"),
    Scenario("whole", "PATCH that lacks nothing, 32 connections", EVERYBODY, "nginx", "whole"),
    Scenario("warm", "PATCH to repair, 100 conversations, 32 connections", REPAIRERS, "nginx-lua", "gap"),
    Scenario(
        "cold",
        "20 000 PATCHes to repair of 10 000 conversations (Zipf), none known at first",
        REPAIRERS,
        "nginx-lua",
        "gap",
        {"conversations": 10_000, "skew": 1.0, "requests": 20_000, "seconds": 30},
        fresh=True,
    ),
    Scenario(
        "read-rate", f"GET of 5 KB at {MODEST} a second", EVERYBODY, "nginx", "read", {"rate": MODEST}
    ),
    Scenario(
        "warm-rate", f"PATCH to repair at {MODEST} a second", REPAIRERS, "nginx-lua", "gap", {"rate": MODEST}
    ),
    # Shorter than state may be old, so that what was known at the beginning is so at the end.
    Scenario(
        "warm-20ms",
        "PATCH to repair at 500 a second, 20 conversations that are known, the upstream takes 20 ms",
        REPAIRERS,
        "app",
        "gap",
        {"rate": 500, "conversations": 20},
        delay=20,
        at_most=peers.AGE * 0.65,
    ),
    Scenario(
        "cold-20ms",
        "2 000 PATCHes to repair at 1000 a second of 10 000 conversations (Zipf), the upstream takes 20 ms",
        REPAIRERS,
        "app",
        "gap",
        {"rate": 1000, "conversations": 10_000, "skew": 1.0, "requests": 2000, "seconds": 10, "connections": 128},
        delay=20,
        fresh=True,
    ),
)

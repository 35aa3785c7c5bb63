"""User-space instructions of a program for each request, by callgrind.

The program runs twice, for few and for more requests; what the further ones took is divided by their number, so
that starting and ending do not count. Everything is about fifty times slower there: what is remembered has to be
so for longer, everywhere."""

import re
import signal

# The difference is so large because a clock of the metrics calibrates itself by what time it is: a million
# instructions more or less each time.
FEW, MORE = 1000, 7000
AGE = 300
# Whom each kind goes through.
KINDS = {"read": ("nginx", "haproxy"), "whole": ("nginx", "haproxy"), "gap": ("nginx-lua",)}


def collected(log):
    """What callgrind says that it counted."""
    found = re.findall(r"Collected : (\d+)", log)
    if not found:
        raise RuntimeError(f"callgrind counted nothing: {log[-800:]}")
    return int(found[-1])


def per_request(few, more):
    return (more - few) / (MORE - FEW)


def count(peers, name, kind, load):
    """`peers` remember for AGE."""
    counts = []
    for requests in (FEW, MORE):
        log = peers.folder / f"callgrind-{name}-{kind}-{requests}.log"
        under = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}"]
        started = peers.start(name, under=under)
        try:
            report = load.send(started.port, kind, connections=8, requests=requests, seconds=120)
        finally:
            started.stop(signal.SIGINT)
        if report["done"] != requests or report["errors"]:
            raise RuntimeError(f"{name} answered {report}")
        counts.append(collected(log.read_text(encoding="utf-8", errors="replace")))
    return per_request(*counts)

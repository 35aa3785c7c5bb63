"""What patchwright holds and how soon it is there."""

import statistics
import subprocess
import time
import urllib.parse

import ends
import machine
import process

STARTS = 15
# Connections of the two loads whose difference is what one takes.
FEW, MANY = 200, 1000
# How long they last, in seconds.
BUSY = 3
KNOWN = 50_000


def settle(started):
    """Memory in KiB, when it has stopped to change."""
    last = None
    for _ in range(20):
        now = machine.memory(started.pid)
        if last is not None and abs(now - last) < 16:
            return now
        last = now
        time.sleep(0.1)
    return last


def most_until(started, end):
    """Memory in KiB, where it is most: by then every connection has been used."""
    most = 0
    while time.monotonic() < end:
        most = max(most, machine.memory(started.pid))
        time.sleep(0.25)
    return most


def per_connection(peers, name, load, upstream):
    """(MiB at rest, KiB of each connection while all of them wait for an answer)."""
    with peers.start(name) as started:
        idle = settle(started)
        upstream.delay(20)
        held = []
        for connections in (FEW, MANY):
            running = load.begin(started.port, "read", connections=connections, seconds=BUSY)
            held.append(most_until(started, time.monotonic() + BUSY))
            with running:
                load.report(running)
        upstream.delay(0)
    return idle / 1024, (held[1] - held[0]) / (MANY - FEW)


def per_conversation(peers, load):
    """Bytes of each conversation that is remembered."""
    settings = {"PATCHWRIGHT__CACHE__MAX_AGE": "5m", "PATCHWRIGHT__CACHE__CAPACITY": str(2 * KNOWN)}
    with peers.start("patchwright", settings=settings) as started:
        # Whatever grows with the load has grown.
        for _ in range(2):
            load.send(started.port, "gap", requests=5000, seconds=60)
        before = settle(started)
        load.send(started.port, "gap", requests=KNOWN, seconds=120, conversations=KNOWN, first=10**11)
        return (settle(started) - before) * 1024 / KNOWN


def ready(program, upstream):
    """Milliseconds from the start of the program to its first answer, the median of some."""
    taken = []
    command = [program, "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    command += ["--upstream", f"http://127.0.0.1:{upstream.port}"]
    for _ in range(STARTS):
        start = time.monotonic()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=process.environment(),
        )
        try:
            lines = [child.stdout.readline().decode() for _ in range(2)]
            url = next(line for line in lines if line.startswith("proxy")).partition(" listening on ")[2].strip()
            status, _ = ends.request(urllib.parse.urlsplit(url).port, "GET", ends.CONVERSATION.format(1))
            if status != 200:
                raise RuntimeError(f"the first answer is {status}")
            taken.append((time.monotonic() - start) * 1000)
        finally:
            child.terminate()
            child.wait(process.PATIENCE)
            child.stdout.close()
    return statistics.median(taken)

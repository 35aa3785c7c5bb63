"""Processes on one core, until the end of a `with` block."""

import os
import signal
import socket
import subprocess
import time

import machine

# Longest time that anything may take to start or end, in seconds. Under callgrind that is some fifty times
# what it usually is.
PATIENCE = 60


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def environment():
    """Without what would configure patchwright, or lead anything through a proxy of this machine."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PATCHWRIGHT__") and not name.lower().endswith("_proxy")
    }


class Process:
    """`port` is waited for, unless the program says itself where it listens (`says`: so many lines of it)."""

    def __init__(self, name, command, core, port=None, says=0, more=None, log=None):
        self.name, self.port, self.urls = name, port, {}
        self.log = open(log or os.devnull, "w+b")
        self.child = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if says else self.log,
            stderr=self.log,
            env=environment() | (more or {}),
            # So that Ctrl-C ends the driver, and the driver ends them.
            start_new_session=True,
        )
        self.pid = self.child.pid
        try:
            for _ in range(says):
                what, _, url = self.child.stdout.readline().decode().partition(" listening on ")
                self.urls[what] = url.strip()
            if "" in self.urls.values():
                raise RuntimeError(self.trouble("did not start"))
            if port:
                self.wait_for(port)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, port):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(self.trouble(f"never listened on {port}"))

    def trouble(self, what):
        self.log.flush()
        self.log.seek(0)
        return f"{self.name} {what}: {self.log.read()[-2000:].decode(errors='replace')}"

    def pids(self):
        return machine.descendants(self.pid)

    def used(self):
        """Seconds of processor time."""
        return sum(machine.processor_time(pid) or 0 for pid in self.pids())

    def stop(self, how=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(how)
            try:
                self.child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.child.wait(PATIENCE)
        self.log.close()
        if self.child.stdout:
            self.child.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

"""The two ends of a measurement: the upstream, and the load."""

import http.client
import json
import subprocess

import process

# What peers and patchwright are asked with by hand.
TOKEN = {"Authorization": "Bearer by-hand"}
PARTICIPANT = "/api/v2/conversations/c0000000-0000-4000-8000-{0:012}/participants/b3000000-0000-4000-8000-{0:012}"
CONVERSATION = "/api/v2/conversations/c0000000-0000-4000-8000-{0:012}"


def request(port, method, path, body=None, headers=None):
    """One request on a connection of its own. Returns (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=process.PATIENCE)
    try:
        connection.request(method, path, body, TOKEN | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Upstream(process.Process):
    def __init__(self, program, core):
        super().__init__("upstream", [program, "127.0.0.1:0"], core, says=1)
        self.port = int(self.urls["upstream"].rsplit(":", 1)[1])

    def counts(self):
        return json.loads(request(self.port, "GET", "/__counts")[1])

    def delay(self, milliseconds):
        request(self.port, "PUT", f"/__delay/{milliseconds}")


class Load:
    """`program` on its core; `send` waits for its report, `begin` lets it run."""

    def __init__(self, program, core):
        self.program, self.core = program, core

    def begin(self, port, kind, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = ["taskset", "--cpu-list", str(self.core), self.program, f"127.0.0.1:{port}", kind, *words]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def send(self, port, kind, **options):
        with self.begin(port, kind, **options) as running:
            return self.report(running)

    @staticmethod
    def report(running):
        text, _ = running.communicate()
        if running.returncode:
            raise RuntimeError(f"load ended with {running.returncode}")
        return json.loads(text)

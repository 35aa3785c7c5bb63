"""What the checks share: patchwright's processes, plain HTTP, and sentences that hold or do not."""

import http.client
import json
import os
import resource
import subprocess
import sys
import urllib.parse

CALL = "ca110000-0000-4000-8000-000000000000"
MESSAGE = "3e550000-0000-4000-8000-000000000000"

# What the participant of a repaired PATCH is given first, as the simulator starts.
CALL_FILLS = b'"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}},'
MESSAGE_FILLS = b'"state":"connected",'

# Longest time that anything here may take to start, answer or end, in seconds.
PATIENCE = 20


def agent(conversation):
    """The connected agent of a seeded conversation."""
    return conversation[:-1] + "3"


def participant(conversation, prefix="/api/v2/conversations"):
    return f"{prefix}/{conversation}/participants/{agent(conversation)}"


def web_instance(conversation):
    return participant(conversation, "/api/v2/conversations/web/instances")


def filled(body, fills=CALL_FILLS):
    """The body after its repair: all its bytes, and the fills behind the opening brace."""
    brace, rest = body[:1], body[1:]
    return brace + fills + rest


def expect(holds, sentence, found=None):
    """Says the sentence if it holds, and ends the check if not."""
    if holds:
        print(f"ok    {sentence}", flush=True)
        return
    print(f"FAIL  {sentence}; found: {found!r}", flush=True)
    sys.exit(1)


def equal(found, expected, sentence):
    expect(found == expected, f"{sentence}: {expected}", found)


class Process:
    """`patchwright serve` or `simulate`, until the end of a `with` block. Its log is shown with VERBOSE, or
    goes to the file `log`."""

    def __init__(self, *arguments, sockets, descriptors=None, log=None, **environment):
        inherited = {
            name: value
            for name, value in os.environ.items()
            # A setting of the machine's own proxy must not become one of this one.
            if not name.startswith("PATCHWRIGHT__")
        }
        verbose = os.environ.get("VERBOSE")
        self.child = subprocess.Popen(
            [os.environ["PATCHWRIGHT"], *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log or (None if verbose else subprocess.DEVNULL),
            env=inherited | environment,
            text=True,
            preexec_fn=descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))),
        )
        self.pid = self.child.pid
        self.urls = {}
        for _ in range(sockets):
            # "proxy listening on http://127.0.0.1:8080"; the end of stdout when it could not start.
            name, _, url = self.child.stdout.readline().partition(" listening on ")
            if not url:
                self.kill()
                raise RuntimeError(f"patchwright {' '.join(arguments)} did not start (VERBOSE=1 shows why)")
            self.urls[name] = url.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def stop(self):
        """Asks it to end and returns its exit code."""
        if self.child.poll() is None:
            self.child.terminate()
        return self.child.wait(PATIENCE)

    def kill(self):
        self.child.kill()
        self.child.wait(PATIENCE)


def simulator(*arguments):
    return Process("simulate", "--listen", "127.0.0.1:0", *arguments, sockets=1)


def proxy(*arguments, descriptors=None, **environment):
    """`descriptors` is how many files it may open, if not as many as this process."""
    listen = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-level", "warn")
    return Process("serve", *listen, *arguments, sockets=2, descriptors=descriptors, **environment)


def request(base, method, path, body=None, headers=None):
    """One request on a connection of its own. Returns (status, headers, body)."""
    address = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def control(base, method, path, body=None):
    """The simulator's `/__control/PATH`."""
    sent = None if body is None else json.dumps(body)
    status, _, answer = request(base, method, f"/__control/{path}", sent)
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {answer!r}")
    return json.loads(answer) if answer else None


def arrived(base, method):
    """The requests with this method that the simulator received, oldest first."""
    return [one for one in control(base, "GET", "requests")["requests"] if one["method"] == method]


def body_of(received):
    """The bytes of a received request's body."""
    if received["body"] is not None:
        return received["body"].encode()
    return bytes(received["bodyBytes"])


def header_of(received, wanted):
    """The values of a received request's header."""
    return [value for name, value in received["headers"] if name == wanted]


def forget(base):
    """Empties what the simulator remembers of requests, writes and faults."""
    control(base, "DELETE", "requests")
    control(base, "DELETE", "faults")

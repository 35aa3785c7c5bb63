"""Replicas that share a Redis, an upstream that knows what is current, and callers that see through both."""

import asyncio
import collections
import json
import re
import time
import urllib.parse

from patchwright import PATIENCE, proxy, request

KEY = "what all replicas of this check have"
TOKEN = "planted-token"
# So many tries from one look at the memory to the next.
LOOK = 10
HEADER = b"\r\nauthorization: Bearer planted-token\r\n"


def replica(upstream, redis, log=None, **more):
    """One that shares through `redis`, a URL; without one it shares nothing."""
    settings = {"PARTITION_KEY": KEY, "MAX_AGE": "60s"}
    if redis:
        settings |= {"REDIS__URL": redis, **{f"REDIS__{name}": value for name, value in more.items()}}
    variables = {f"PATCHWRIGHT__CACHE__{name}": value for name, value in settings.items()}
    return proxy("--upstream", upstream, log=log, **variables)


def metrics(gateway):
    """What Prometheus would see."""
    _, _, text = request(gateway.urls["admin"], "GET", "/metrics")
    lines = [line.rsplit(" ", 1) for line in text.decode().splitlines() if line and not line.startswith("#")]
    return collections.defaultdict(float, {name: float(value) for name, value in lines})


def sum_of(metrics_of, name, *labels):
    wanted = [value for key, value in metrics_of.items() if key.startswith(name) and all(label in key for label in labels)]
    return sum(wanted)


async def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(holds):
        if time.monotonic() > end:
            raise RuntimeError(f"never: {what}")
        await asyncio.sleep(0.02)


def shares(gateway):
    return metrics(gateway)["patchwright_redis_up"] == 1


async def read_message(reader):
    """Head (lower case, in lines) and body of a message with a length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = head.lower().split("\r\n")
    length = [int(line[15:]) for line in lines if line.startswith("content-length:")]
    body = await reader.readexactly(length[0]) if length else b""
    return head, lines, body


class Upstream:
    """Each conversation has one participant, whose state is a number that writes set. A PATCH is answered with
    the state that arrived."""

    def __init__(self):
        self.states = collections.Counter()
        self.lookups = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            while True:
                _, lines, body = await read_message(reader)
                method, path = lines[0].split()[:2]
                conversation = path.split("/")[4]
                answer = self.answer(method, conversation, body)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (len(answer), answer)
                )
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # Also when the check is over.
            writer.close()

    def answer(self, method, conversation, body):
        if method == "get":
            self.lookups += 1
            participant = {
                "id": "participant-id",
                "name": "planted-name",
                "state": f"s{self.states[conversation]}",
                "queue": {"id": "q"},
                "attributes": {"note": "planted-attribute"},
            }
            return json.dumps({"id": conversation, "participants": [participant]}).encode()
        sent = json.loads(body)
        if "attributes" not in sent:
            self.states[conversation] = int(sent["state"][1:])
        return json.dumps({"arrived": sent.get("state")}).encode()


class Caller:
    """One connection to a replica that it keeps. It sees every failure."""

    def __init__(self, gateway):
        self.address = urllib.parse.urlsplit(gateway.urls["proxy"])
        self.stream = None

    async def patch(self, conversation, body):
        """The state that arrived, and how it came about."""
        if self.stream is None:
            self.stream = await asyncio.open_connection(self.address.hostname, self.address.port)
        reader, writer = self.stream
        path = f"/api/v2/conversations/{conversation}/participants/participant-id"
        head = f"PATCH {path} HTTP/1.1\r\nhost: p\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + HEADER + b"\r\n" + body)
        head, lines, answer = await asyncio.wait_for(read_message(reader), PATIENCE)
        status = int(lines[0].split()[1])
        if status != 200:
            raise RuntimeError(f"{status} {answer!r}")
        origin = re.search(r"snapshot=(\w+)", head)
        return json.loads(answer)["arrived"], origin and origin[1]

    async def fill(self, conversation):
        """The number of the state that was filled, and how it came about."""
        arrived, origin = await self.patch(conversation, b'{"attributes":{"note":"planted-attribute"}}')
        return int(arrived[1:]), origin

    async def change(self, conversation, number):
        body = {"state": f"s{number}", "routing": {"queue": {"id": "q"}}}
        await self.patch(conversation, json.dumps(body).encode())


class Tries:
    """Changes state through one replica, waits for the answer, and fills through the other, which is warm."""

    def __init__(self):
        self.count = 0
        self.origins = collections.Counter()
        self.stale = []
        self.numbers = collections.Counter()

    async def work(self, gateways, conversation, count):
        callers = [Caller(gateway) for gateway in gateways]
        for turn in range(count):
            a, b = callers[turn % 2], callers[1 - turn % 2]
            # Whatever it is, b's memory is warm after it; now and then it has to show it.
            _, before = await b.fill(conversation)
            if turn % LOOK == 0:
                _, warm = await b.fill(conversation)
                self.origins[f"warm {warm}"] += 1
            self.numbers[conversation] += 1
            number = self.numbers[conversation]
            await a.change(conversation, number)
            filled, after = await b.fill(conversation)
            if filled != number:
                self.stale.append((conversation, number, filled, after))
            self.count += 1
            self.origins.update({f"before {before}": 1, f"after {after}": 1})

    async def run(self, gateways, workers, count):
        work = [self.work(gateways, f"planted-conversation-{n}", count // workers) for n in range(workers)]
        await asyncio.gather(*work)

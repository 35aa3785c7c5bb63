"""Whether a proxy does what it is measured for."""

import ends

GAP = '{"attributes":{"supervisorNote":"by hand"}}'
WHOLE = '{"attributes":{},"state":"connected","routing":{"queue":{"id":"q"}}}'
JSON = {"Content-Type": "application/json"}


def fault(name, port, upstream, repairs):
    """None, or what is wrong."""
    number = 990_000_000_000 + port
    conversation, participant = ends.CONVERSATION.format(number), ends.PARTICIPANT.format(number)
    straight = ends.request(upstream.port, "GET", conversation)
    through = ends.request(port, "GET", conversation)
    if straight[0] != 200 or straight != through:
        return f"{name} answers a GET otherwise than the upstream: {through}"
    status, body = ends.request(port, "PATCH", participant, WHOLE, JSON)
    if status != 204:
        return f"{name} answers a whole PATCH {status} {body!r}"
    before = upstream.counts()
    answers = [ends.request(port, "PATCH", participant, GAP, JSON)[0] for _ in range(3)]
    after = upstream.counts()
    if answers != [204 if repairs else 400] * 3:
        return f"{name} answers PATCHes with a gap {answers}"
    reads = after["reads"] - before["reads"]
    # The whole PATCH made what was read before unusable, where passing GETs are learned from.
    if repairs and reads != 1:
        return f"{name} looked up {reads} times for three PATCHes"
    arrived = after["accepted"] + after["refused"] - before["accepted"] - before["refused"]
    if arrived != 3:
        return f"{name} sent {arrived} PATCHes for three"
    return None

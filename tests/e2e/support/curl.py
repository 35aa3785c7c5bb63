"""curl, as a person types it."""

import json
import subprocess
import tempfile

from patchwright import PATIENCE

TOKEN = "Authorization: Bearer e2e"


class Answer:
    def __init__(self, facts, body, conversation):
        self.status = facts["response_code"]
        self.version = facts["http_version"]
        self.body = body
        # What went over the wire, as `curl -v` shows it.
        self.conversation = conversation

    def __repr__(self):
        return f"{self.status} {self.body!r}"


def curl(*arguments, stdin=b"", token=TOKEN):
    with tempfile.NamedTemporaryFile() as output:
        command = ["curl", "--silent", "--verbose", "--noproxy", "*", "--max-time", str(PATIENCE)]
        command += ["--output", output.name, "--write-out", "%{json}"]
        command += [*(("-H", token) if token else ()), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        conversation = done.stderr.decode(errors="replace")
        if done.returncode:
            raise RuntimeError(f"curl ended with {done.returncode}: {conversation}")
        return Answer(json.loads(done.stdout), output.read(), conversation)

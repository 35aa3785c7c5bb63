"""A real Redis on loopback, for as long as a `with` block lasts."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from patchwright import PATIENCE

PROGRAM = shutil.which("redis-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def port_to_keep():
    """One that no outgoing connection gets while the server is away."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as limits:
        lowest = int(limits.read().split()[0])
    for port in range(max(1024, lowest // 2) + os.getpid() % 1000, lowest):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Redis:
    """With `settings` as more of its command line. With `tls`, the files of a certificate and its key and of the
    CA, it speaks nothing else."""

    def __init__(self, *settings, tls=None, password=None):
        self.folder = tempfile.mkdtemp(prefix="redis-")
        self.port = port_to_keep()
        self.password = password
        self.ca = tls and tls[2]
        port = ("--port", str(self.port))
        if tls:
            files = zip(("--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file"), tls)
            port = ("--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *sum(files, ()))
        self.command = [PROGRAM, *port, "--bind", "127.0.0.1", "--dir", self.folder, "--logfile", f"{self.folder}/log"]
        self.command += ["--save", "", "--appendonly", "no", *settings]
        self.child = None

    @property
    def url(self):
        return f"{'rediss' if self.ca else 'redis'}://127.0.0.1:{self.port}"

    def start(self):
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.child.poll() is None:
            try:
                if self.ask("PING") == b"PONG":
                    return
            except (OSError, RuntimeError):
                time.sleep(0.02)
        with open(f"{self.folder}/log", encoding="utf-8") as log:
            raise RuntimeError(f"Redis did not start: {log.read()}")

    def kill(self):
        self.child.kill()
        self.child.wait(PATIENCE)

    def stop(self):
        """It is there, and answers nothing."""
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)

    def ask(self, *words):
        """One command on a connection of its own (RESP2)."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as raw:
            stream = raw
            if self.ca:
                stream = ssl.create_default_context(cafile=self.ca).wrap_socket(raw, server_hostname="127.0.0.1")
            with stream.makefile("rwb") as file:
                if self.password:
                    self.say(file, "AUTH", self.password)
                return self.say(file, *words)

    def say(self, file, *words):
        words = [word if isinstance(word, bytes) else word.encode() for word in words]
        file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words))
        file.flush()
        return self.answer(file)

    def answer(self, file):
        line = file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer(file) for _ in range(int(rest))]
        if not kind:
            raise OSError("the connection has ended")
        return int(rest) if kind == b":" else rest

    def dump(self):
        """All keys and values, as bytes."""
        return {key: self.ask("GET", key) for key in self.ask("KEYS", "*")}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.go_on()
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

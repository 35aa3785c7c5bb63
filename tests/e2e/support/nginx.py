"""A real nginx on loopback, for as long as a `with` block lasts."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

from patchwright import PATIENCE

# Debian puts it where only root looks.
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

FRAME = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log info;
worker_processes 1;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Nginx:
    """With `http` as the contents of its block http; it answers on `port` once it is entered."""

    def __init__(self, http, port):
        self.folder = tempfile.mkdtemp(prefix="nginx-")
        self.port = port
        # The workers of a root would be somebody who may not look into the folder.
        user = "user root;" if os.getuid() == 0 else ""
        config = f"{self.folder}/nginx.conf"
        with open(config, "w", encoding="ascii") as file:
            file.write(FRAME.format(folder=self.folder, user=user, http=http))
        self.child = subprocess.Popen(
            [PROGRAM, "-p", self.folder, "-c", config, "-e", f"{self.folder}/error.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def errors(self):
        with open(f"{self.folder}/error.log", encoding="utf-8", errors="replace") as log:
            return log.read()

    def __enter__(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.child.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        errors = self.errors()
        self.__exit__()
        raise RuntimeError(f"nginx did not start: {errors}")

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

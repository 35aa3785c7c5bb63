"""patchwright and what it is compared with, each as a command for one worker on one core."""

import glob
import os
import pathlib
import shutil

import process

CONFIGURATIONS = pathlib.Path(__file__).parent.parent / "peers"
# Debian puts them where only root looks.
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
# How old state may be that is filled, everywhere: patchwright's default.
AGE = 2

LABELS = {
    "patchwright": "patchwright",
    "plain": "patchwright, built without a profile",
    "nginx": "nginx",
    "nginx-lua": "nginx + Lua",
    "haproxy": "HAProxy",
    "envoy-lua": "Envoy + Lua",
    "app": "the application itself (GET, then PATCH)",
}
REPAIRS = ("patchwright", "plain", "nginx-lua", "envoy-lua")


class Peers:
    """How to start each of them in front of the upstream's port. `folder` is for their files. Without `plain` and
    `envoy` the others are there."""

    def __init__(self, folder, upstream, core, patchwright, plain=None, envoy=None, age=AGE):
        self.folder, self.upstream, self.core = pathlib.Path(folder), upstream, core
        self.programs = {"patchwright": patchwright, "plain": plain}
        self.envoy, self.age = envoy, age

    def names(self):
        found = self.programs | {"envoy-lua": self.envoy, "app": None}
        return [name for name in LABELS if found.get(name, True)]

    def start(self, name, under=(), settings=None, log=None):
        """`under`: a command that runs it. `settings`: more environment for patchwright."""
        log = log or self.folder / f"{name}.log"
        if name in self.programs:
            return self.start_patchwright(name, under, settings or {}, log)
        port = process.free_port()
        command = [*under, *self.command(name, port)]
        return process.Process(name, command, self.core, port=port, log=log)

    def start_patchwright(self, name, under, settings, log):
        command = [*under, self.programs[name], "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        command += ["--upstream", f"http://127.0.0.1:{self.upstream}"]
        if self.age != AGE:
            settings = {"PATCHWRIGHT__CACHE__MAX_AGE": f"{self.age}s"} | settings
        started = process.Process(name, command, self.core, says=2, more=settings, log=log)
        started.port = int(started.urls["proxy"].rsplit(":", 1)[1])
        return started

    def command(self, name, port):
        if name in ("nginx", "nginx-lua"):
            config = self.render(f"{name}.conf", port)
            return [tool("nginx"), "-p", str(self.folder), "-c", config, "-e", f"{self.folder}/{name}.err"]
        if name == "haproxy":
            return [tool("haproxy"), "-db", "-f", self.render("haproxy.cfg", port)]
        config = self.render("envoy-lua.yaml", port)
        self.render("repair.lua", port)
        flags = ("--concurrency", "1", "--log-level", "error", "--disable-hot-restart")
        return [self.envoy, "--config-path", config, *flags]

    def render(self, template, port):
        text = (CONFIGURATIONS / template).read_text(encoding="utf-8")
        values = {"port": port, "upstream": self.upstream, "folder": self.folder, "age": self.age}
        values |= {"lua_modules": lua_modules()}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        file = self.folder / f"{port}-{template}"
        if template == "repair.lua":
            file = self.folder / template
        file.write_text(text, encoding="utf-8")
        return str(file)


def tool(name):
    found = shutil.which(name, path=PATH)
    if not found:
        raise SystemExit(f"there is no {name}; tests/bench/compare/run installs it")
    return found


def lua_modules():
    """Where Debian keeps what nginx's Lua loads."""
    found = glob.glob("/usr/lib/*/lua/5.1/cjson.so")
    return str(pathlib.Path(found[0]).parent) if found else "/usr/lib/lua/5.1"

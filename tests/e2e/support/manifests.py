"""Kubernetes manifests as they are read by a cluster: parsed, and each thing with what it refers to."""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).parents[3]


def read(folder):
    """All resources of a folder, those of each file that is applied alone or each folder together."""
    sets = [sorted(folder.glob("gateway/*.yaml")), *([file] for file in sorted(folder.glob("*.yaml")))]
    return [Set(files) for files in sets]


class Set:
    """Resources that are applied together."""

    def __init__(self, files):
        self.name = files[0].parent.name if len(files) > 1 else files[0].name
        self.text = "".join(file.read_text(encoding="utf-8") for file in files)
        self.resources = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]

    def of(self, kind):
        return [one for one in self.resources if one["kind"] == kind]

    def get(self, kind, name):
        found = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        return found[0] if found else None

    def deployments(self):
        return [Deployment(self, one) for one in self.of("Deployment")]


class Deployment:
    def __init__(self, owner, resource):
        self.set, self.resource, self.spec = owner, resource, resource["spec"]
        self.name = resource["metadata"]["name"]
        self.labels = self.spec["template"]["metadata"]["labels"]
        self.pod = self.spec["template"]["spec"]
        containers = self.pod.get("initContainers", []) + self.pod["containers"]
        self.containers = [Container(self, one) for one in containers]

    def matches(self, selector):
        wanted = selector.get("matchLabels", {})
        return bool(wanted) and wanted.items() <= self.labels.items()

    def gateway(self):
        """The container that runs patchwright."""
        return next(one for one in self.containers if "/patchwright:" in one.spec["image"])


class Container:
    def __init__(self, deployment, spec):
        self.deployment, self.spec, self.name = deployment, spec, spec["name"]
        self.ports = {port["name"]: port["containerPort"] for port in spec.get("ports", [])}

    def secure(self, key):
        """A setting of its security context, or the pod's where it has none."""
        pod = self.deployment.pod.get("securityContext", {})
        return self.spec.get("securityContext", {}).get(key, pod.get(key))

    def probes(self):
        return {name: self.spec.get(f"{name}Probe") for name in ("startup", "readiness", "liveness")}

    def volumes(self):
        """(where it is mounted, the volume) of each mount."""
        volumes = {one["name"]: one for one in self.deployment.pod.get("volumes", [])}
        return [(mount, volumes.get(mount["name"])) for mount in self.spec.get("volumeMounts", [])]

    def configuration(self):
        """The path of the configuration, and the text that the cluster puts there."""
        path = pathlib.PurePosixPath(self.spec["args"][self.spec["args"].index("--config") + 1])
        for mount, volume in self.volumes():
            if path.parent == pathlib.PurePosixPath(mount["mountPath"]) and "configMap" in volume:
                config_map = self.deployment.set.get("ConfigMap", volume["configMap"]["name"])
                return path, config_map["data"][path.name]
        return path, None

    def pre_stop(self):
        hook = self.spec.get("lifecycle", {}).get("preStop", {})
        return hook.get("sleep", {}).get("seconds", 0)


UNITS = {"": 1, "B": 1, "Ki": 1 << 10, "KiB": 1 << 10, "Mi": 1 << 20, "MiB": 1 << 20, "Gi": 1 << 30, "GiB": 1 << 30}
TIMES = {"ms": 0.001, "s": 1, "m": 60}


def size(text):
    """Bytes, of what Kubernetes or patchwright calls a size."""
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", text).groups()
    return int(number) * UNITS[unit]


def seconds(text):
    return sum(int(number) * TIMES[unit] for number, unit in re.findall(r"(\d+)(ms|s|m)", text))

"""What a process that holds a port is to us: what may be offered for stopping, and what never."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from pathlib import PurePath

from portside.devserver.registry import procfs
from portside.devserver.registry.procfs import Process


class HolderKind(Enum):
    """Of whom a holder is. The value is what JSON shows."""

    PROCESS = "process"
    SERVER = "dev server"
    EARLIER_RUN = "earlier run"
    TUNNEL = "tunnel"
    FORWARDER = "forwarder"
    CONTAINER = "container"
    SYSTEM = "system"
    ABOVE = "above portside"
    OTHER_USER = "other user"

    @property
    def may_be_stopped(self) -> bool:
        """Whether a user who chose it may have it ended. EARLIER_RUN also without choosing."""
        return self in (HolderKind.PROCESS, HolderKind.SERVER, HolderKind.EARLIER_RUN, HolderKind.TUNNEL)


# What publishes ports of containers or clusters on this machine: ending it ends none of those.
_FORWARDERS = {
    "docker-proxy": "Docker", "com.docker.backend": "Docker", "vpnkit": "Docker",
    "rootlesskit": "rootless Docker", "rootlessport": "Podman", "slirp4netns": "Podman", "pasta": "Podman",
    "passt": "Podman", "gvproxy": "Podman", "kube-proxy": "Kubernetes", "k3s": "Kubernetes",
    "k3s-server": "Kubernetes", "kubelet": "Kubernetes", "hostagent": "Lima", "limactl": "Lima",
    "wslrelay": "WSL",
}  # fmt: skip
_RUNTIMES = {"dockerd": "Docker", "containerd": "containerd", "podman": "Podman", "conmon": "Podman"}
_SHIMS = ("containerd-shim", "conmon", "crio")
_CONTAINER = re.compile(r"(?:docker|libpod|crio|cri-containerd|kubepods)[^\n]*?([0-9a-f]{12})[0-9a-f]{52}")


def kind_of(process: Process, above: Sequence[int], me: int) -> tuple[HolderKind, str]:
    """The kind, and what a person should know about it. above: Portside and its ancestors. me: our uid."""
    name = program(process)
    if process.pid == 1 or name == "systemd":
        what = "systemd: a socket unit of it starts the service when somebody connects"
        return HolderKind.SYSTEM, what if name == "systemd" else "the first process of this system"
    if process.pid in above:
        return HolderKind.ABOVE, "what Portside itself runs in"
    if forwarded := _forwarded(process, name):
        return HolderKind.FORWARDER, forwarded
    if contained := _contained(process.pid):
        return HolderKind.CONTAINER, contained
    if process.uid != me:
        user = procfs.user_name(process.uid)
        return HolderKind.OTHER_USER, f"{user}'s: ask them, or end it as {user}"
    if tunnel := _tunnel(process, name):
        return HolderKind.TUNNEL, tunnel
    return HolderKind.PROCESS, _service(process.pid)


def program(process: Process) -> str:
    """What runs, as one would call it: /proc's own name ends after 15 characters."""
    first = PurePath(process.arguments[0]).name if process.arguments else process.name
    return first if first.startswith(process.name) else process.name


def _forwarded(process: Process, name: str) -> str:
    runtime = _FORWARDERS.get(name)
    if runtime is None:
        parent = procfs.read(process.parent)
        runtime = _RUNTIMES.get(program(parent)) if parent and "proxy" in name else None
    if runtime is None:
        return ""
    options = dict(zip(process.arguments, process.arguments[1:], strict=False))
    port = options.get("-host-port")
    if runtime == "Docker" and port:
        to = f"{options.get('-container-ip')}:{options.get('-container-port')}"
        return f"Docker's, for the container at {to}; `docker ps --filter publish={port}` names it, stop that"
    return (
        f"{runtime}'s, which passes the port on to a container or a cluster: stop what it publishes instead"
    )


def _contained(pid: int) -> str:
    """For a process of a container that has the host's network."""
    theirs, ours = procfs.control_group(pid), procfs.control_group("self")
    found = _CONTAINER.search(theirs) if theirs != ours else None
    return (
        f"in the container {found[1]}, which shares this network: stop the container instead" if found else ""
    )


def _tunnel(process: Process, name: str) -> str:
    words = process.arguments[1:]
    if name in ("kubectl", "oc", "k9s") and "port-forward" in words:
        to = next((word for word in words[words.index("port-forward") + 1 :] if "/" in word), "a pod")
        return f"a port-forward to {to} of a Kubernetes cluster: ending it ends that forward only"
    if name in ("ssh", "autossh") and any(word.startswith(("-L", "-D")) for word in words):
        return "an ssh tunnel: ending it ends that ssh session"
    return ""


def _service(pid: int) -> str:
    unit = procfs.service(pid)
    if unit is None or unit == procfs.service("self") or unit.startswith("user@"):
        return ""
    return f"the systemd service {unit}, which may start it again: `systemctl stop {unit}` ends it for good"

"""Ending what a user chose: that process and what it started, asked first, and killed only after a grace.

A process is named by pid and start; both are looked at again, through a pid
descriptor, right before each signal. What lives above Portside is never touched.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portside.devserver.ports.holder_kinds import program
from portside.devserver.registry import identity, procfs
from portside.devserver.registry.identity import Identity

GRACE_S = 10.0
_KILLED_S = 3.0


@dataclass(frozen=True, slots=True)
class Request:
    """How a process is asked to end: these signals, one after the other, for its share of the grace each."""

    target: Identity
    signals: tuple[signal.Signals, ...]

    @property
    def text(self) -> str:
        return ", then ".join(number.name for number in self.signals)


def request_for(target: Identity) -> Request:
    """What this process obeys.

    Python programs get SIGINT, as from Ctrl-C: their clean-up runs, and `vllm serve` swallows SIGTERM while
    it boots (run_server's handler raises inside zmq_poll; seen with 0.32). A shell's background jobs
    ignore it.
    """
    process = procfs.read(target.pid)
    is_python = process is not None and (
        program(process).startswith("python") or _runs_python(process.arguments)
    )
    if is_python and not procfs.ignores(target.pid, signal.SIGINT):
        return Request(target, (signal.SIGINT, signal.SIGTERM))
    return Request(target, (signal.SIGTERM,))


def _runs_python(arguments: Sequence[str]) -> bool:
    """A script's interpreter is its first argument; an engine has named itself `VLLM::…`."""
    words = [os.path.basename(word) for word in arguments[:2]]
    return any(word.startswith(("python", "vllm", "VLLM::", "uvicorn")) for word in words)


def tree_of(targets: Iterable[Identity]) -> list[Identity]:
    """The targets and everything below them, without Portside itself and what it lives in."""
    spared = {os.getpid(), 1, *procfs.ancestors(os.getpid())}
    found: dict[int, Identity] = {}
    for target in targets:
        if target.pid in spared or not identity.lives(target):
            continue
        found[target.pid] = target
        for pid in procfs.descendants(target.pid):
            below = identity.of(pid)
            if below is not None and pid not in spared:
                found[pid] = below
    return list(found.values())


def stop(targets: Sequence[Identity], grace_s: float = GRACE_S) -> list[Identity]:
    """End the targets with all they started; whoever could not be ended.

    Effect: blocks, for `grace_s` and some seconds at most.
    """
    tree = tree_of(targets)
    requests = [request_for(target) for target in targets if target in tree]
    for round_ in range(max((len(request.signals) for request in requests), default=0)):
        for request in requests:
            if round_ < len(request.signals):
                identity.send(request.target, request.signals[round_])
        rounds = max(len(request.signals) for request in requests)
        tree = _merged(identity.wait_for_end(tree, grace_s / rounds), tree_of(targets))
        if not tree:
            return []
    return _kill(tree)


def _merged(left: Sequence[Identity], tree: Sequence[Identity]) -> list[Identity]:
    """Also what was started meanwhile."""
    return list(dict.fromkeys((*left, *tree)))


def _kill(tree: Sequence[Identity]) -> list[Identity]:
    end = time.monotonic() + _KILLED_S
    left = _merged(tree, tree_of(tree))
    while left and time.monotonic() < end:
        for one in left:
            identity.send(one, signal.SIGKILL)
        left = identity.wait_for_end(left, 0.5)
        left = _merged(left, tree_of(left))
    return left

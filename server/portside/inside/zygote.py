"""An interpreter that has imported what the program imports, and forks its workers.

Told over its channel: `preload(steps)` what to import, `spawn(...)` a worker, as the guardian is.
Tells: preloaded(count, seconds), unfit(reason, package). Nothing of the project is ever imported
here, no event loop and no thread of Python's is ever started: what is forked has to be what a new
interpreter with the same imports would be. Where that can't be had, a worker is a new interpreter
after all.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import warnings
from typing import Any

from . import bytecode, descent, keeper, modules, preload, recipe, worker
from .channel import Channel, Message, from_descriptor

_CHANNEL = 3
_ANNOUNCEMENTS = 4
"""Where the guardian is told of each keeper that is forked here."""


def main(descriptor: int) -> None:
    """Serve the supervisor until it is gone. In a worker: run it, and return when the program is over."""
    zygote = Zygote(from_descriptor(descriptor))
    try:
        zygote.run()
        return
    except keeper.Unwind:
        pass
    if zygote.role == "engine_host":
        from . import engine_host  # noqa: PLC0415  (only where engines are kept)

        engine_host.main(_CHANNEL)
    else:
        worker.main(_CHANNEL, zygote.warmth)


class Zygote:
    def __init__(self, channel: Channel) -> None:
        descent.die_with_parent(os.getppid())
        keeper.ignore_terminal()
        bytecode.distrust_young_sources()
        os.set_inheritable(_ANNOUNCEMENTS, False)
        self._channel = channel
        self._name = _name_of_this_process()
        self._wakeup = keeper.wake_on_child()
        self._ours = _open_descriptors()
        self._libraries: set[int] = set()
        self.role = "zygote"
        """What this process has become."""
        self.warmth: worker.Warmth | None = None
        """What every worker that is forked here starts with; None: workers are new interpreters."""

    def run(self) -> None:
        """Raises Unwind in a worker."""
        while True:
            for ready in keeper.poll([self._channel.fileno(), self._wakeup]):
                if ready == self._wakeup:
                    keeper.drain(self._wakeup)
                    continue
                messages = self._channel.receive()
                if messages is None:
                    return
                for message in messages:
                    self._obey(message)
            descent.reap(lambda *_: None)

    def _obey(self, message: Message) -> None:
        if message.event == "preload":
            self._preload(message.fields["steps"])
        elif message.event == "spawn":
            with warnings.catch_warnings():
                # Native threads (OpenBLAS has them) are seen to by their library; there are none of Python's.
                warnings.simplefilter("ignore", DeprecationWarning)
                keeper.fork(message, self._forget, self._go_on if self.warmth else keeper.execute)

    def _preload(self, steps: list[recipe.Step]) -> None:
        began = time.monotonic()
        try:
            followed = recipe.follow(steps)
        except recipe.UnfitError as unfit:
            self._channel.send("unfit", reason=unfit.reason, package=unfit.package)
            return
        modules.report()  # what is known of these files need not be found out by each worker
        self._libraries = _open_descriptors() - self._ours
        self.warmth = worker.Warmth(followed, preload.fingerprint())
        self._channel.send("preloaded", count=len(sys.modules), seconds=time.monotonic() - began)

    def _forget(self) -> None:
        """In a keeper: the guardian learns its pid, and what is the zygote's alone is closed."""
        os.write(_ANNOUNCEMENTS, f"{os.getpid()}\n".encode())
        os.close(_ANNOUNCEMENTS)
        signal.set_wakeup_fd(-1)
        self._channel.close()

    def _go_on(self, request: dict[str, Any]) -> None:
        """In a worker: be what a new interpreter would be that has imported all this."""
        for descriptor in _open_descriptors() - self._libraries:
            if descriptor > _CHANNEL:
                os.close(descriptor)
        descent.name(self._name)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_IGN)
        random.seed()
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is not None:
            numpy_random.seed()
        self.role = request["argv"][-2]
        if self.role == "engine_host":
            # A worker sets its variables itself; those of its engine are what they had come to be by then.
            os.environ.clear()
            os.environ.update(request["env"])
        raise keeper.Unwind


def _open_descriptors() -> set[int]:
    with os.scandir("/proc/self/fd") as entries:
        found = {int(entry.name) for entry in entries}
    return {descriptor for descriptor in found if _is_open(descriptor)}


def _is_open(descriptor: int) -> bool:
    """False for the one that the look itself needed."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _name_of_this_process() -> str:
    with open("/proc/self/comm", encoding="utf-8", errors="replace") as file:
        return file.read().rstrip("\n")

"""The parent of everything that a dev server starts, and what ends it.

    supervisor
     └─ guardian          forks keepers on request; subreaper for what a lost keeper leaves
         ├─ keeper        one per worker; subreaper: all that the worker ever starts is below it
         │   └─ worker    the user's program, in a session of its own
         │       └─ …     also what double-forks, calls setsid and ignores signals
         └─ zygote        has imported what the program imports, and forks keepers of its own
             └─ keeper
                 └─ …

Each keeper has a pipe of its own to the supervisor. When that closes (the
supervisor was killed, even with SIGKILL) it ends its tree by descent until
nothing is left. A keeper goes on without the guardian and without the zygote,
and a worker dies with its keeper, so the loss of any one process leaves nothing
behind.
"""

from __future__ import annotations

import os
import signal
import time

from . import descent, keeper
from .channel import Channel, Message, from_descriptor

_KEEPERS_S = 0.3
"""A keeper ends its tree without mercy once the supervisor is gone. One that somebody stopped never does."""


def main(descriptor: int) -> None:
    """Serve the supervisor at this descriptor until it is gone, then end what is left."""
    keeper.ignore_terminal()
    descent.become_subreaper()
    Guardian(from_descriptor(descriptor)).run()


class Guardian:
    """Is told spawn(argv, env, cwd, tty), zygote(the same), drop(). Tells: ready(pid)."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._wakeup = keeper.wake_on_child()
        self._keepers: set[int] = set()
        self._zygotes: dict[int, int] = {}
        """The pid of each, and where the pids of the keepers that it forks come out."""

    def run(self) -> None:
        self._channel.send("ready", pid=os.getpid())
        while self._attend():
            pass
        self._outlive()

    def _attend(self) -> bool:
        """Whether the supervisor is still there, after whatever happened next."""
        going_on = True
        for ready in keeper.poll([self._channel.fileno(), self._wakeup, *self._zygotes.values()]):
            if ready == self._wakeup:
                keeper.drain(self._wakeup)
            elif ready == self._channel.fileno():
                messages = self._channel.receive()
                going_on = messages is not None
                for message in messages or []:
                    self._obey(message)
        if self._reap():
            self._end_strays()
        return going_on

    def _obey(self, message: Message) -> None:
        if message.event == "spawn":
            self._keepers.add(keeper.fork(message, self._channel.close, keeper.execute))
        elif message.event == "zygote":
            self._start_zygote(message)
        elif message.event == "drop":
            descent.send(list(self._zygotes), signal.SIGKILL)

    def _start_zygote(self, message: Message) -> None:
        receiving, sending = os.pipe()
        os.set_blocking(receiving, False)
        guardian = os.getpid()
        pid = os.fork()
        if pid == 0:
            keeper.turn_into(guardian, message.fields, [*message.fds, sending], keeper.execute)
        for descriptor in (*message.fds, sending):
            os.close(descriptor)
        self._zygotes[pid] = receiving

    def _reap(self) -> bool:
        """Whether a child has ended. With a zygote's end its keepers come up to us."""
        ended: set[int] = set()
        descent.reap(lambda pid, _: ended.add(pid))
        self._adopt()
        self._keepers -= ended
        for pid in ended & self._zygotes.keys():
            os.close(self._zygotes.pop(pid))
        return bool(ended)

    def _adopt(self) -> None:
        """Those that a zygote has forked: each writes its pid before it does anything."""
        for descriptor in self._zygotes.values():
            while data := keeper.read(descriptor):
                self._keepers.update(int(line) for line in data.split())

    def _end_strays(self) -> None:
        """A child that is no keeper of ours has lost its own: nobody answers for it any more."""
        while strays := self._strays():
            for stray in strays:
                descent.send([*descent.descendants(stray), stray], signal.SIGKILL)
            keeper.poll([], 5)
            self._reap()

    def _strays(self) -> list[int]:
        me, known = os.getpid(), self._keepers | self._zygotes.keys()
        return [pid for pid, parent, _ in descent.parents() if parent == me and pid not in known]

    def _outlive(self) -> None:
        """The supervisor is gone: keepers end their trees by themselves, we the rest, and what is slow."""
        descent.send(list(self._zygotes), signal.SIGKILL)
        end = time.monotonic() + _KEEPERS_S
        while descent.reap(lambda *_: None) and time.monotonic() < end:
            keeper.poll([], 10)
        descent.end(lambda *_: None)

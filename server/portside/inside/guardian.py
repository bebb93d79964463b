"""The parent of everything that a dev server starts, and what ends it.

    supervisor
     └─ guardian          forks keepers on request; subreaper for what a lost keeper leaves
         └─ keeper        one per worker; subreaper: all that the worker ever starts is below it
             └─ worker    the user's program, in a session of its own
                 └─ …     also what double-forks, calls setsid and ignores signals

Each keeper has a pipe of its own to the supervisor. When that closes (the
supervisor was killed, even with SIGKILL) it ends its tree by descent until
nothing is left. A keeper goes on without the guardian, and a worker dies with
its keeper, so the loss of any one process leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import termios
import time
from typing import Any, NoReturn

from . import descent
from .channel import Channel, Message, from_descriptor

STRAY_PATIENCE_S = 0.5
"""What a worker leaves behind (a resource tracker, a dying engine) gets this long to end by itself."""

_POLL_MS = 1000
_KEEPERS_S = 0.3
"""A keeper ends its tree without mercy once the supervisor is gone. One that somebody stopped never does."""


def main(descriptor: int) -> None:
    """Serve the supervisor at this descriptor until it is gone, then end what is left."""
    _ignore_terminal()
    descent.become_subreaper()
    channel = from_descriptor(descriptor)
    wakeup = _wake_on_child()
    keepers: set[int] = set()
    channel.send("ready", pid=os.getpid())
    gone = False
    while not gone:
        for ready in _poll([channel.fileno(), wakeup]):
            if ready == wakeup:
                _drain(wakeup)
                continue
            messages = channel.receive()
            gone = messages is None
            for message in messages or []:
                keepers.add(_fork_keeper(channel, message))
        lost = len(keepers)
        descent.reap(lambda pid, _: keepers.discard(pid))
        if len(keepers) < lost:
            _end_strays(keepers)
    _outlive(keepers)


def _ignore_terminal() -> None:
    for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTOU", "SIGTTIN", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def _wake_on_child() -> int:
    """A descriptor that becomes readable when a child has ended."""
    receiving, sending = os.pipe()
    for end in (receiving, sending):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(sending, warn_on_full_buffer=False)
    return receiving


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _poll(descriptors: list[int], timeout_ms: int = _POLL_MS) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(timeout_ms)]


def _end_strays(keepers: set[int]) -> None:
    """A child that is no keeper of ours has lost its own: nobody answers for it any more."""
    me = os.getpid()
    while True:
        strays = [pid for pid, parent, _ in descent.parents() if parent == me and pid not in keepers]
        if not strays:
            return
        for stray in strays:
            descent.send([*descent.descendants(stray), stray], signal.SIGKILL)
        _poll([], 5)
        descent.reap(lambda pid, _: keepers.discard(pid))


def _outlive(keepers: set[int]) -> None:
    """The supervisor is gone: keepers end their trees by themselves, we the rest, and what is slow."""
    end = time.monotonic() + _KEEPERS_S
    while keepers and time.monotonic() < end:
        descent.reap(lambda pid, _: keepers.discard(pid))
        _poll([], 10)
    descent.end(lambda *_: None)


# -- keeper ----------------------------------------------------------------------------


def _fork_keeper(channel: Channel, message: Message) -> int:
    """message: argv, env, cwd, tty; descriptors: link, worker's channel, stdin, stdout, stderr."""
    pid = os.fork()
    if pid:
        for descriptor in message.fds:
            os.close(descriptor)
        return pid
    status = 1
    try:
        channel.close()
        link, *inherited = message.fds
        Keeper(from_descriptor(link), message.fields, inherited).run()
        status = 0
    finally:
        os._exit(status)


class Keeper:
    """Holds one worker. Tells over its link: started(pid), exited(status), ended(left)."""

    def __init__(self, link: Channel, request: dict[str, Any], inherited: list[int]) -> None:
        self._link = link
        descent.become_subreaper()
        self._wakeup = _wake_on_child()
        self._exited = False
        self._terminate_at: float | None = None
        keeper = os.getpid()
        self._worker = os.fork()
        if self._worker == 0:
            _execute(keeper, request, inherited)
        for descriptor in inherited:
            os.close(descriptor)

    def run(self) -> None:
        self._link.send("started", pid=self._worker, keeper=os.getpid())
        patience_s = self._attend()
        left = descent.end(self._on_exit, patience_s, hurry=self._is_hurried)
        self._link.send("ended", left=left)

    def _is_hurried(self) -> bool:
        """Whether the supervisor is gone, or wants no more patience with what the worker has left."""
        if not _poll([self._link.fileno()], 0):
            return False
        messages = self._link.receive()
        return messages is None or any(message.event == "end" for message in messages)

    def _on_exit(self, pid: int, status: int) -> None:
        if pid == self._worker:
            self._exited = True
            self._link.send("exited", status=os.waitstatus_to_exitcode(status))

    def _attend(self) -> float:
        """Until the worker or the supervisor is gone, or the end is asked for: the patience then due."""
        while True:
            timeout_ms = _POLL_MS if self._terminate_at is None else 50
            for ready in _poll([self._link.fileno(), self._wakeup], timeout_ms):
                if ready == self._wakeup:
                    _drain(self._wakeup)
                    continue
                messages = self._link.receive()
                if messages is None:
                    return 0.0
                for message in messages:
                    if message.event == "end":
                        return float(message.fields.get("patience_s", 0.0))
                    if message.event == "interrupt" and not self._exited:
                        self._interrupt(float(message.fields["terminate_after_s"]))
            self._terminate_if_due()
            descent.reap(self._on_exit)
            if self._exited:
                return STRAY_PATIENCE_S

    def _interrupt(self, terminate_after_s: float) -> None:
        """Ctrl-C goes to the whole group. Who does not mind it is asked by SIGTERM some seconds later."""
        with contextlib.suppress(OSError):
            os.killpg(self._worker, signal.SIGINT)
        self._terminate_at = time.monotonic() + terminate_after_s

    def _terminate_if_due(self) -> None:
        if self._terminate_at is not None and time.monotonic() >= self._terminate_at:
            self._terminate_at = None
            descent.send(descent.descendants(os.getpid()), signal.SIGTERM)


def _execute(keeper: int, request: dict[str, Any], inherited: list[int]) -> NoReturn:
    """Become the worker: own session, its terminal or pipes, its channel at descriptor 3."""
    try:
        descent.die_with_parent(keeper)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        conversation, *stdio = inherited
        if request["tty"]:
            fcntl.ioctl(stdio[0], termios.TIOCSCTTY, 0)
        _place([*stdio, conversation])
        os.chdir(request["cwd"])
        environment = {os.fsencode(key): os.fsencode(value) for key, value in request["env"].items()}
        os.execve(request["argv"][0], request["argv"], environment)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"portside: cannot start {request['argv'][0]}: {error}\n".encode())
    os._exit(127)


def _place(descriptors: list[int]) -> None:
    """Have exactly these as 0, 1, 2, …; everything else of ours closes on exec."""
    lifted = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100) for descriptor in descriptors]
    for target, descriptor in enumerate(lifted):
        os.dup2(descriptor, target, inheritable=True)

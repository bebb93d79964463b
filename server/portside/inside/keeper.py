"""One worker and all that it ever starts, held by a process of its own, which leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import termios
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import descent
from .channel import Channel, Message, from_descriptor

STRAY_PATIENCE_S = 0.5
"""What a worker leaves behind (a resource tracker, a dying engine) gets this long to end by itself."""

POLL_MS = 1000
NAME = "portside keeper"
"""What the kernel calls a keeper; at most 15 characters."""

Become = Callable[[dict[str, Any]], None]
"""Has the forked process, whose descriptors are in place, turn into the worker of this request."""


class Unwind(BaseException):
    """Raised in a new worker that goes on in this interpreter, for the frames of its parents to be left."""


def fork(message: Message, forget: Callable[[], None], become: Become) -> int:
    """A keeper for the worker that is asked for: its pid. Raises Unwind in the worker, if `become` does.

    message: argv, env, cwd, tty; descriptors: link, worker's channel, stdin, stdout, stderr. forget: closes
    in the keeper what is its parent's alone.
    """
    pid = os.fork()
    if pid:
        for descriptor in message.fds:
            os.close(descriptor)
        return pid
    status: int | None = 1
    try:
        forget()
        descent.name(NAME)
        link, *inherited = message.fds
        Keeper(from_descriptor(link), message.fields, inherited, become).run()
        status = 0
    except Unwind:
        status = None
        raise
    finally:
        if status is not None:
            os._exit(status)


class Keeper:
    """Holds one worker. Tells over its link: started(pid), exited(status), ended(left)."""

    def __init__(self, link: Channel, request: dict[str, Any], inherited: list[int], become: Become) -> None:
        self._link = link
        descent.become_subreaper()
        self._wakeup = wake_on_child()
        self._exited = False
        self._terminate_at: float | None = None
        keeper = os.getpid()
        self._worker = os.fork()
        if self._worker == 0:
            link.close()
            turn_into(keeper, request, inherited, become)
        for descriptor in inherited:
            os.close(descriptor)

    def run(self) -> None:
        self._link.send("started", pid=self._worker, keeper=os.getpid())
        patience_s = self._attend()
        left = descent.end(self._on_exit, patience_s, hurry=self._is_hurried)
        self._link.send("ended", left=left)

    def _is_hurried(self) -> bool:
        """Whether the supervisor is gone, or wants no more patience with what the worker has left."""
        if not poll([self._link.fileno()], 0):
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
            timeout_ms = POLL_MS if self._terminate_at is None else 50
            for ready in poll([self._link.fileno(), self._wakeup], timeout_ms):
                if ready == self._wakeup:
                    drain(self._wakeup)
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


def turn_into(parent: int, request: dict[str, Any], inherited: list[int], become: Become) -> NoReturn:
    """In a process just forked: own session, its terminal or pipes, the parent's end is its own.

    inherited: its channel, which becomes descriptor 3, then 0, 1, 2, then what comes to be 4, 5, … Raises
    Unwind if it goes on in this interpreter.
    """
    try:
        descent.die_with_parent(parent)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        conversation, stdio, more = inherited[0], inherited[1:4], inherited[4:]
        if request["tty"]:
            fcntl.ioctl(stdio[0], termios.TIOCSCTTY, 0)
        place([*stdio, conversation, *more])
        os.chdir(request["cwd"])
        become(request)
    except Unwind:
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"portside: cannot start {request['argv'][0]}: {error}\n".encode())
    os._exit(127)


def execute(request: dict[str, Any]) -> None:
    """Become a new interpreter, or whatever the words name."""
    environment = {os.fsencode(key): os.fsencode(value) for key, value in request["env"].items()}
    os.execve(request["argv"][0], request["argv"], environment)


def place(descriptors: list[int]) -> None:
    """Have exactly these as 0, 1, 2, …; everything else of ours closes on exec."""
    lifted = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100) for descriptor in descriptors]
    for target, descriptor in enumerate(lifted):
        os.dup2(descriptor, target, inheritable=True)


def ignore_terminal() -> None:
    """What is meant for the program in the foreground does not end who has to clean up after it."""
    for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTOU", "SIGTTIN", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def wake_on_child() -> int:
    """A descriptor that becomes readable when a child has ended."""
    receiving, sending = os.pipe()
    for end in (receiving, sending):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(sending, warn_on_full_buffer=False)
    return receiving


def drain(descriptor: int) -> None:
    while read(descriptor):
        pass


def read(descriptor: int) -> bytes:
    """What has come at this descriptor, which does not block; nothing if nothing has."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""


def poll(descriptors: list[int], timeout_ms: int = POLL_MS) -> list[int]:
    """Those of which something can be read."""
    poller = select.poll()
    for descriptor in descriptors:
        poller.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poller.poll(timeout_ms)]

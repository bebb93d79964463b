"""The supervisor's side of the guardian and of each worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from portside.devserver import identity
from portside.devserver.identity import Status
from portside.inside import channel as channels
from portside.inside import descent

INSIDE = Path(channels.__file__).parent
BOOT = INSIDE / "boot.py"

_SWEEP_S = 2.0
"""How long a process that was killed may take to be gone, before we look no more."""


class Guardian:
    """The first child. Its end of the conversation closing is how it learns that we are gone."""

    def __init__(self) -> None:
        descent.become_subreaper()  # for what is left when guardian and keeper both are killed
        self.channel, theirs = channels.pair()
        # The interpreter of Portside, isolated: the user's may be broken, and this has to hold.
        command = [sys.executable, "-I", "-S", str(BOOT), "guardian", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )
        self.pid = self._process.pid

    def spawn(self, request: Mapping[str, object], fds: Sequence[int]) -> bool:
        return self.channel.send("spawn", fds=fds, **request)

    def reap(self) -> None:
        self._process.poll()
        if os.getpid() == 1:
            self._reap_adopted()

    def _reap_adopted(self) -> None:
        """As the first process of a container we get everybody's orphans, those of `docker exec` too."""
        with suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid == self.pid:
                    self._process.poll()
                else:
                    os.waitpid(found.si_pid, os.WNOHANG)

    def release(self, timeout_s: float = 15.0) -> bool:
        """Close the conversation and wait until the guardian has ended what was left; whether it did."""
        self.channel.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


@dataclass(slots=True, eq=False)
class Worker:
    """A worker and its keeper. link: to the keeper. channel: to the worker itself.

    generation: None for a spare that waits. pid: of the worker, once it is known. sources: what
    its output comes out of.
    """

    link: channels.Channel
    channel: channels.Channel
    terminal: int | None
    generation: int | None = None
    pid: int | None = None
    keeper: int | None = None
    held: bool = False
    began: bool = False
    serving: bool = False
    tls: bool = False
    plain: bool = False
    """It listens, and takes no word from us beside signals."""
    own_port: bool = False
    """It bound its port itself."""
    by_signal: bool = False
    paused: bool = False
    """A debugger holds it, at a breakpoint or between two steps."""
    status: int | None = None
    files: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    engine: bool = False
    gpu: bool = False
    changed: frozenset[str] = field(default_factory=frozenset)
    sources: tuple[int, ...] = ()

    def interrupt(self, grace_s: float) -> None:
        """As Ctrl-C in a terminal: to its whole process group. Halfway to the end of the grace, SIGTERM."""
        self.link.send("interrupt", terminate_after_s=grace_s / 2)

    def end(self, patience_s: float = 0.0) -> None:
        self.link.send("end", patience_s=patience_s)

    def stop(self, grace_s: float) -> None:
        """As its own program would stop on Ctrl-C."""
        if self.serving and not (self.plain or self.own_port or self.by_signal):
            self.channel.send("stop")
        elif self.began:
            self.interrupt(grace_s)
        else:
            self.end()

    def retire(self, grace_s: float) -> None:
        """After it fell quiet: it ends once it has answered what it has."""
        if self.plain or self.own_port:
            self.interrupt(grace_s)
        else:
            self.channel.send("retire")

    def close(self) -> None:
        self.link.close()
        self.channel.close()
        if self.terminal is not None:
            with suppress(OSError):
                os.close(self.terminal)


def start_worker(
    guardian: Guardian,
    python: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdio: tuple[int, int, int],
    terminal: tuple[int, int] | None,
) -> Worker:
    """Have the guardian start an interpreter of the user's that waits for what to load.

    terminal: master and slave of a pseudo-terminal, in place of `stdio`. Both become the worker's.
    """
    link, keepers_end = channels.pair()
    channel, workers_end = channels.pair()
    slave = None if terminal is None else terminal[1]
    three = stdio if slave is None else (slave, slave, slave)
    request = {
        # 3 is where the keeper puts the worker's end of the conversation.
        "argv": [*python, str(BOOT), "worker", "3"],
        "env": dict(environment),
        "cwd": str(folder),
        "tty": slave is not None,
    }
    guardian.spawn(request, [keepers_end.fileno(), workers_end.fileno(), *three])
    _close(keepers_end, workers_end)
    if slave is not None:
        os.close(slave)
    return Worker(link, channel, None if terminal is None else terminal[0])


def _close(*sockets: socket.socket) -> None:
    for sock in sockets:
        sock.close()


def sweep(lost: Set[int], is_ours: Callable[[Status], bool]) -> None:
    """End what came up to us because its keeper and the guardian were both killed.

    lost: guardian or keepers whose conversation closed. A killed process closes its files
    before its children go up to the next subreaper, and theirs follow only once they have
    died themselves: so this looks until those are through, and a look finds nothing more.
    Until then nothing below them is touched: keepers of a lost guardian go on.
    """
    end = time.monotonic() + _SWEEP_S
    while time.monotonic() < end:
        processes = identity.all_processes()
        dying = [pid for pid in lost if pid in processes and not processes[pid].is_dead]
        children = [] if dying else [one for one in processes.values() if one.parent == os.getpid()]
        strays = [one for one in children if one.is_dead or (is_ours(one) and not _keeps_others(one.pid))]
        for stray in strays:
            descent.send([*descent.descendants(stray.pid), stray.pid], signal.SIGKILL)
            with suppress(OSError):
                os.waitpid(stray.pid, os.WNOHANG)
        if not strays and not dying:
            return
        time.sleep(0.002)


def _keeps_others(pid: int) -> bool:
    """Whether this is a guardian or one of its keepers, which come up to us when they lose it."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(BOOT) in command and b"guardian" in command


def below(pid: int) -> list[int]:
    """Living descendants of a process."""
    return descent.descendants(pid)


def living() -> list[int]:
    return [pid for pid, _, state in descent.parents() if state not in "ZX"]


def left_over(is_ours: Callable[[Status], bool]) -> list[int]:
    """Descendants of this process that live and are of a worker: a browser that was opened is not."""
    processes = identity.all_processes()
    below = descent.descendants(os.getpid())
    return [pid for pid in below if pid in processes and is_ours(processes[pid])]

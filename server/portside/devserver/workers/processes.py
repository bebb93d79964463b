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

from portside.devserver.registry import identity
from portside.devserver.registry.identity import Status
from portside.inside import channel as channels
from portside.inside import descent
from portside.inside.keeper import NAME as KEEPER

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

    def drop_zygotes(self) -> None:
        """End them, whatever they are at. The workers that they forked go on."""
        self.channel.send("drop")

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


@dataclass(frozen=True, slots=True)
class Stdio:
    """Standard files of a process to be. sources: what its output comes out of, for us to read.

    terminal: the master of the pseudo-terminal that they are, if they are one. theirs: descriptors that
    nobody here needs once they have been passed on.
    """

    three: tuple[int, int, int]
    sources: tuple[int, ...]
    terminal: int | None
    theirs: frozenset[int]

    def close_what_is_theirs(self) -> None:
        for descriptor in self.theirs:
            os.close(descriptor)


class Zygote:
    """An interpreter of the user's that imports beforehand what workers need, and forks them."""

    def __init__(
        self,
        guardian: Guardian,
        python: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        stdio: Stdio,
    ) -> None:
        self.channel, theirs = channels.pair()
        self._terminal = stdio.terminal
        self.is_ready = False
        """Whether it has imported all."""
        request = _request(python, "zygote", folder, environment, is_terminal=False)
        with theirs:
            guardian.channel.send("zygote", fds=[theirs.fileno(), *stdio.three], **request)
        stdio.close_what_is_theirs()

    def spawn(self, request: Mapping[str, object], fds: Sequence[int]) -> bool:
        return self.channel.send("spawn", fds=fds, **request)

    def close(self) -> None:
        self.channel.close()
        if self._terminal is not None:
            with suppress(OSError):
                os.close(self._terminal)


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
    warm: bool = False
    """It was forked by a zygote."""
    is_to_end: bool = False
    by_signal: bool = False
    starts_engine: bool = False
    """It has to start its engine itself, though engines are to be kept."""
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
        self.is_to_end = True
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
    source: Guardian | Zygote,
    python: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdio: tuple[int, int, int],
    terminal: int | None,
    role: str = "worker",
) -> Worker:
    """Have an interpreter of the user's started, or forked, that waits for what to load.

    terminal: the master of the pseudo-terminal that `stdio` is, if it is one. It becomes the worker's.
    role: which of our modules runs in there.
    """
    link, keepers_end = channels.pair()
    channel, workers_end = channels.pair()
    request = _request(python, role, folder, environment, is_terminal=terminal is not None)
    source.spawn(request, [keepers_end.fileno(), workers_end.fileno(), *stdio])
    _close(keepers_end, workers_end)
    return Worker(link, channel, terminal, warm=isinstance(source, Zygote))


def _request(
    python: Sequence[str], role: str, folder: Path, environment: Mapping[str, str], *, is_terminal: bool
) -> dict[str, object]:
    """What a guardian or a zygote is asked to start."""
    return {
        # 3 is where the other end of our conversation is put.
        "argv": [*python, str(BOOT), role, "3"],
        "env": dict(environment),
        "cwd": str(folder),
        "tty": is_terminal,
    }


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
    """Whether this is a guardian, or a keeper, which comes up to us when it loses its guardian."""
    folder = Path(f"/proc/{pid}")
    try:
        command = (folder / "cmdline").read_bytes().split(b"\0")
        name = (folder / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return False
    return os.fsencode(BOOT) in command and (b"guardian" in command or name == KEEPER)


def below(pid: int) -> list[int]:
    """Living descendants of a process."""
    return descent.descendants(pid)


def session_of(pid: int) -> int | None:
    """The session of a process, which is the pid of the worker that it descends from."""
    with suppress(OSError):
        return os.getsid(pid)
    return None


def living() -> list[int]:
    return [pid for pid, _, state in descent.parents() if state not in "ZX"]


def left_over(is_ours: Callable[[Status], bool]) -> list[int]:
    """Descendants of this process that live and are of a worker: a browser that was opened is not."""
    processes = identity.all_processes()
    below = descent.descendants(os.getpid())
    return [pid for pid in below if pid in processes and is_ours(processes[pid])]

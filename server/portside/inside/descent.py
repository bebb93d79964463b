"""Who descends from whom, and how a tree of processes is ended until nothing is left.

A session id survives reparenting but not a child's own setsid; vLLM overwrites
argv and environ. What no process can take back is its parent: below a subreaper
every orphan comes up to that subreaper, so descent finds everything.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_libc: ctypes.CDLL | None = None


def _prctl(option: int, value: int | bytes) -> None:
    global _libc  # noqa: PLW0603  (looked up once, before the first fork)
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def become_subreaper() -> None:
    """Orphans among this process's descendants become its children. Not inherited by a fork."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """SIGKILL for this process when the thread that forked it ends; survives exec."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


def name(text: str) -> None:
    """What the kernel calls this thread, in /proc/PID/comm: at most 15 characters."""
    _prctl(_PR_SET_NAME, text.encode())


def parents() -> Iterator[tuple[int, int, str]]:
    """Each process as (pid, parent, state letter), from /proc."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The name in parentheses may hold spaces and parentheses itself.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        yield int(name), int(parent), state.decode()


def descendants(root: int) -> list[int]:
    """Living processes below `root`, parents before children; zombies left out."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for pid, parent, state in parents():
        children.setdefault(parent, []).append(pid)
        if state in "ZX":
            zombies.add(pid)
    found, queue = [], [root]
    while queue:
        below = children.get(queue.pop(0), [])
        queue += below
        found += [pid for pid in below if pid not in zombies]
    return found


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def reap(on_exit: Callable[[int, int], None]) -> bool:
    """Collect dead children, telling (pid, wait status) of each. False when none is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        on_exit(pid, status)


def end(
    on_exit: Callable[[int, int], None],
    patience_s: float = 0.0,
    give_up_s: float = 10.0,
    hurry: Callable[[], bool] = lambda: False,
) -> list[int]:
    """End everything below this process, which must be a subreaper: (pids that can't be ended).

    patience_s: how long SIGTERM is given before SIGKILL. hurry: whether there is no time for that any more.
    Only that there is no child left to wait for tells that all is over: a look at /proc takes
    milliseconds, in which a whole line of ancestors can end and leave an orphan that it misses.
    """
    start = time.monotonic()
    asked = False
    pause = 0.001
    while reap(on_exit):
        below = descendants(os.getpid())
        waited = time.monotonic() - start
        if waited > patience_s + give_up_s:
            return below
        if waited >= patience_s or hurry():
            patience_s = min(patience_s, waited)
            # Stopped first, so that none can fork faster than we count.
            send(below, signal.SIGSTOP)
            send(below, signal.SIGKILL)
        elif not asked:
            asked = True
            send(below, signal.SIGTERM)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    return []

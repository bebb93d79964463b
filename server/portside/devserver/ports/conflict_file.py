"""A Unix socket's file that is in the way of a run: who is behind it, and what can be done."""

from __future__ import annotations

import time

from portside.devserver import interrupts
from portside.devserver.console import terminal
from portside.devserver.console.console import Console
from portside.devserver.ports import freeing, unix_files
from portside.devserver.ports.conflict_lines import holder_fields
from portside.devserver.ports.unix_files import FileState, SocketFile

_COULD_NOT_RUN = 2
_HELD = (FileState.LIVE, FileState.BOUND)
_POLL_S = 0.1


def resolve(path: str, policy: str, console: Console, *, stale: bool) -> bool:
    """Whether a server can bind to the path, now or after what the policy allows.

    stale: whether a file that nobody listens on is in its way.

    Effect: asks at the terminal; may remove a file, or end a process, that the user chose. Ctrl-C ends
    the process.
    """
    file = unix_files.look(path)
    if file.is_free or (file.state is FileState.STALE and not stale):
        return True
    waits = policy == "wait" and file.state in _HELD

    def give_up() -> None:
        if waits:
            console.emit("note", text=f"gave up waiting for {path}")

    with interrupts.leaving(_COULD_NOT_RUN, give_up):
        return _resolve(file, policy, console)


def _resolve(file: SocketFile, policy: str, console: Console) -> bool:
    _tell(file, console)
    path = file.path
    held = file.state in _HELD
    if policy == "wait" and held:
        return _wait(path, console)
    if policy == "stop" and held and file.occupancy.own_leftovers:
        return _free(path, console)
    if policy in ("ask", "stop") and file.can_be_freed and terminal.is_shared() and not console.is_json:
        return _ask(file, console)
    if file.can_be_freed:
        console.row("you can", f"free it (portside free {path}), or give the server another path")
    return False


def _tell(file: SocketFile, console: Console) -> None:
    holders = [holder_fields(holder) for holder in file.occupancy.holders]
    console.emit("conflict", path=file.path, state=file.state.value, text=file.text, holders=holders)
    if not console.is_json:
        console.error(file.text)
        for label, text in file.rows():
            console.row(label, text)


def _ask(file: SocketFile, console: Console) -> bool:
    is_stale = file.state is FileState.STALE
    key, offer = ("r", "[r] remove it and start") if is_stale else ("k", "[k] stop its holder and start")
    console.row("choose", f"{offer}   [q] quit")
    while (pressed := terminal.key()) not in ("q", "", "\x03", "\x04"):
        if pressed == key:
            return _free(file.path, console)
    return False


def _free(path: str, console: Console) -> bool:
    freed = freeing.carry_out(freeing.of_path(path))
    if not freed.now.is_free:
        console.error(f"{path} is still there")
        return False
    console.emit("note", text=f"{path} is free")
    return True


def _wait(path: str, console: Console) -> bool:
    console.emit("note", text=f"waiting for {path}; Ctrl-C gives up")
    while unix_files.look(path).state in _HELD:
        time.sleep(_POLL_S)
    return unix_files.look(path).is_free

"""What happens when the port can't be had: who has it, said at once, and what can be done."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from portside.devserver import holders, ports, terminal
from portside.devserver.console import Console
from portside.devserver.holders import Holder, Occupancy
from portside.devserver.ports import Claim, Refusal

_NEXT_TRIES = 100
_POLL_S = 0.1
_STOP_S = 5.0


def resolve(refusal: Refusal, policy: str, console: Console) -> Claim | None:
    """A claim after all (another port, the same one later), or None: the run is over.

    policy: ask, next or fail. Effect: asks at the terminal; may end a process that the user chose.
    """
    occupancy = holders.occupancy(refusal.port) if refusal.taken else Occupancy((), ())
    _tell(refusal, occupancy, console)
    if not refusal.taken:
        return None
    if policy == "next":
        return _next(refusal, console)
    if policy == "ask" and terminal.is_shared() and not console.is_json:
        return _ask(refusal, occupancy, console)
    if not console.is_json:
        console.row("you can", _advice(occupancy))
    return None


def _tell(refusal: Refusal, occupancy: Occupancy, console: Console) -> None:
    if console.is_json:
        console.emit(
            "conflict",
            host=refusal.host,
            port=refusal.port,
            state=refusal.state.value,
            text=refusal.text,
            holders=[_fields(holder) for holder in occupancy.holders],
            unseen=list(occupancy.unseen),
        )
        return
    console.error(refusal.text)
    for holder in occupancy.holders:
        console.row("held by", f"{holder.command}   pid {holder.pid}, {_owner(holder)}, {_age(holder.age_s)}")
        if explanation := _explain(holder):
            console.row("it is", explanation)
    for user in occupancy.unseen:
        console.row("held by", f"a process of {user} that is not visible from here")


def _fields(holder: Holder) -> dict[str, object]:
    return {
        "pid": holder.pid,
        "command": holder.command,
        "user": holder.user,
        "mine": holder.mine,
        "age_s": round(holder.age_s, 1),
        "server": holder.server.url if holder.server else None,
        "forwarder": holder.forwarder,
    }


def _owner(holder: Holder) -> str:
    return "yours" if holder.mine else f"of {holder.user}"


def _age(seconds: float) -> str:
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("min", 60.0)):
        if seconds >= length:
            count = int(seconds // length)
            return f"started {count} {unit}{'s' if count > 1 and unit != 'min' else ''} ago"
    return f"started {int(seconds)} s ago"


def _explain(holder: Holder) -> str:
    if holder.server:
        where = "in this folder" if holder.server.folder == str(Path.cwd()) else f"in {holder.server.folder}"
        return f"a running dev server of Portside, {holder.server.target} {where}: {holder.server.url}"
    if holder.forwarder:
        return "what passes a container's or a cluster's port on: stop that instead"
    return ""


# -- what can be done --------------------------------------------------------------------


def _advice(occupancy: Occupancy) -> str:
    """What to do, where nobody can be asked."""
    chosen = _stoppable(occupancy)
    end = f", or end pid {chosen.server.pid if chosen.server else chosen.pid}" if chosen else ""
    return f"take the next free port (--on-conflict next), another (--port N){end}"


def _next(refusal: Refusal, console: Console) -> Claim | None:
    for port in range(refusal.port + 1, min(refusal.port + 1 + _NEXT_TRIES, 65536)):
        result = ports.claim(refusal.host, port)
        if isinstance(result, Claim):
            console.emit("note", text=f"using port {port} instead of {refusal.port}")
            return result
    console.error(f"none of the {_NEXT_TRIES} ports after {refusal.port} is free")
    return None


def _ask(refusal: Refusal, occupancy: Occupancy, console: Console) -> Claim | None:
    chosen = _stoppable(occupancy)
    actions: dict[str, Callable[[], Claim | None]] = {
        "n": lambda: _next(refusal, console),
        "w": lambda: _wait(refusal, console),
    }
    if chosen is not None:
        actions["k"] = lambda: _take_over(refusal, chosen, console)
    stop = f"[k] stop pid {chosen.pid} and start   " if chosen else ""
    with suppress(KeyboardInterrupt):
        console.row("choose", f"{stop}[n] use the next free port   [w] wait until it is free   [q] quit")
        while (key := terminal.key()) not in ("q", "", "\x03", "\x04"):
            if key in actions:
                return actions[key]()
    return None


def _stoppable(occupancy: Occupancy) -> Holder | None:
    """The one process that may be offered for stopping: of this user, not a forwarder, not above us."""
    if len(occupancy.holders) != 1 or occupancy.unseen:
        return None
    holder = occupancy.holders[0]
    above = {os.getpid(), 1, *(parent.pid for parent in psutil.Process().parents())}
    return holder if holder.mine and not holder.forwarder and holder.pid not in above else None


def _take_over(refusal: Refusal, holder: Holder, console: Console) -> Claim | None:
    """Stop what the user chose, if it still is what they saw, and claim the port."""
    pid = holder.server.pid if holder.server else holder.pid
    created = holder.server.created if holder.server else holder.created
    for number, patience_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
        try:
            process = psutil.Process(pid)
            if abs(process.create_time() - created) > 1.0:
                break
            process.send_signal(number)
        except psutil.NoSuchProcess:
            break
        claim = _poll(refusal, patience_s)
        if claim is not None:
            console.emit("note", text=f"stopped pid {pid}")
            return claim
    claim = _poll(refusal, _POLL_S)
    if claim is None:
        console.error(f"port {refusal.port} is still taken")
    return claim


def _wait(refusal: Refusal, console: Console) -> Claim | None:
    console.emit("note", text=f"waiting for port {refusal.port}; Ctrl-C gives up")
    return _poll(refusal, float("inf"))


def _poll(refusal: Refusal, patience_s: float) -> Claim | None:
    end = time.monotonic() + patience_s
    while True:
        result = ports.claim(refusal.host, refusal.port)
        if isinstance(result, Claim):
            return result
        if time.monotonic() >= end:
            return None
        time.sleep(_POLL_S)

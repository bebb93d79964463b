"""All ports of a run, before anything of it is imported: the API's is claimed, the others are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from portside.devserver.console.console import Console
from portside.devserver.ports import ports
from portside.devserver.ports.ports import Claim, PortState, Refusal
from portside.devserver.ports.run import Run
from portside.devserver.ports.sockets import at_port

if TYPE_CHECKING:
    from portside.devserver.ports.port_plan import Trouble

_TELLING = ("VLLM_", "RAY_")


def claim(run: Run, policy: str, console: Console) -> Claim | None:
    """The API's address, if all other ports of the run can be had too, or the user wants it all the same.

    None: the run is over, and why has been said.
    """
    result: Claim | Refusal | None = ports.claim(run.host, run.port)
    if isinstance(result, Refusal):
        from portside.devserver.ports import conflict

        wanted = conflict.Wanted(run.host, run.port, lambda port: fits(run, port))
        result = conflict.resolve(result, policy, console, wanted)
    if not isinstance(result, Claim):
        return None
    for text in _notes(result):
        console.emit("note", text=text)
    settled = settle(replace(run, port=result.port), policy, console)
    if settled is False:
        result.close()
        return None
    if settled is not True:
        result.close()
        return settled
    return result


def look_aside(run: Run, policy: str, console: Console) -> bool:
    """Whether all but the API's port can be had, for a run whose program says its port later, or has none."""
    if run.uds is not None:
        from portside.devserver.ports import conflict_file, port_plan

        # vLLM alone fails on a file that was left behind: asyncio, uvloop and gunicorn remove it themselves.
        if not conflict_file.resolve(run.uds, policy, console, stale=port_plan.is_vllm(run.words)):
            return False
    return settle(run, policy, console) is True


def _notes(claimed: Claim) -> Iterator[str]:
    """What a user should know of a port that could be had."""
    port = claimed.port
    if claimed.remains in (PortState.CLOSE_WAIT, PortState.DRAINING):
        yield f"a process that held port {port} still has connections open: portside ports {port}"
    ours = {os.fstat(sock.fileno()).st_ino for sock in claimed.sockets}
    others = [row for row in at_port(port) if row.is_listening and row.inode not in ours]
    for row in others[:1]:
        yield (
            f"another process listens at {row.local}, which does not conflict; "
            f"but `localhost:{port}` may reach that one: use {claimed.url}"
        )


def fits(run: Run, port: int) -> bool:
    """Whether all other ports of the run can be had with the API at this one."""
    return not any(trouble.planned.follows or trouble.own for trouble in _troubles(replace(run, port=port)))


def _troubles(run: Run) -> list[Trouble]:
    if not (
        run.words or run.aside or any(name.startswith(_TELLING) for name in run.environment or os.environ)
    ):
        return []
    from portside.devserver.ports import port_plan

    return port_plan.troubles(port_plan.of_run(run), run.port)


def settle(run: Run, policy: str, console: Console) -> Claim | bool:
    """Whether the other ports are, or have become, all right; another claim, where the API had to move."""
    found = _troubles(run)
    if not found:
        return True
    from portside.devserver.ports import conflict

    if policy == "next" and any(one.planned.follows or one.own for one in found):
        refusal = replace(found[0].refusal, port=run.port)
        wanted = conflict.Wanted(run.host, run.port, lambda port: fits(run, port))
        conflict.tell_planned(found[0], console)
        return conflict.next_claim(refusal, wanted, console) or False
    return all(conflict.resolve_planned(trouble, policy, console) for trouble in found)

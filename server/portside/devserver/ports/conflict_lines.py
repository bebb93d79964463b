"""A conflict in words and in fields: the same for `serve`, `ports` and `free`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.holders import Holder, Occupancy
from portside.devserver.ports.port_sentences import hint_of_hanging
from portside.devserver.ports.ports import Refusal


def fields_of(refusal: Refusal, occupancy: Occupancy) -> dict[str, object]:
    """The conflict as data. actions: what is safe; "stop" names its pids, and needs the user's choice."""
    return {
        "host": refusal.host,
        "port": refusal.port,
        "state": refusal.state.value,
        "text": refusal.text,
        "holders": [holder_fields(holder) for holder in occupancy.holders],
        "unseen": list(occupancy.unseen),
        "hanging": bool(hint_of_hanging(refusal.rows)),
        "actions": actions(refusal, occupancy),
    }


def holder_fields(holder: Holder) -> dict[str, object]:
    return {
        "pid": holder.pid,
        "command": holder.command,
        "user": holder.user,
        "mine": holder.mine,
        "age_s": round(holder.age_s, 1),
        "kind": holder.kind.value,
        "note": holder.note,
        "inherited_from": holder.inherited_from,
        "guessed": holder.guessed,
        "server": holder.server.url if holder.server and holder.kind is HolderKind.SERVER else None,
        "forwarder": holder.kind is HolderKind.FORWARDER,
    }


def actions(refusal: Refusal, occupancy: Occupancy) -> list[dict[str, object]]:
    """What is safe to do: nothing else is ever offered."""
    if not refusal.taken:
        return [{"action": "another"}]
    found: list[dict[str, object]] = [{"action": "next"}, {"action": "wait"}, {"action": "another"}]
    if occupancy.stoppable:
        pids = [holder.identity.pid for holder in occupancy.stoppable]
        found.insert(0, {"action": "stop", "pids": pids})
    return found


def holder_rows(refusal: Refusal, occupancy: Occupancy) -> Iterator[tuple[str, str]]:
    """Label and text of each line below the headline."""
    yield from occupancy_rows(occupancy)
    if hint := hint_of_hanging(refusal.rows):
        yield "and", hint


def occupancy_rows(occupancy: Occupancy) -> Iterator[tuple[str, str]]:
    """The same of those who hold it alone."""
    for holder in occupancy.holders:
        yield _label(holder), f"{holder.command}   pid {holder.pid}, {_owner(holder)}, {age(holder.age_s)}"
        if holder.note:
            yield "it is", holder.note
    for user in occupancy.unseen:
        yield "held by", f"a process of {user} that is not visible from here"


def _label(holder: Holder) -> str:
    if holder.guessed:
        return "perhaps"
    return "held by" if holder.inherited_from is None else "inherited"


def _owner(holder: Holder) -> str:
    owner = "yours" if holder.mine else f"of {holder.user}"
    return owner if holder.inherited_from is None else f"{owner}, a child of pid {holder.inherited_from}"


def age(seconds: float) -> str:
    """When it was started, in words."""
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("min", 60.0)):
        if seconds >= length:
            count = int(seconds // length)
            return f"started {count} {unit}{'s' if count > 1 and unit != 'min' else ''} ago"
    return f"started {int(seconds)} s ago"


def short_age(seconds: float) -> str:
    """For a column."""
    return age(seconds).removeprefix("started ").removesuffix(" ago")


def named(chosen: Sequence[Holder]) -> str:
    """The pids that would be ended, with the dev server's instead of its worker's."""
    pids = list(dict.fromkeys(holder.identity.pid for holder in chosen))
    return f"pid {pids[0]}" if len(pids) == 1 else "pids " + ", ".join(map(str, pids))

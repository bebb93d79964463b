"""Questions to an editor that started this run, instead of keys in its terminal.

The editor names a Unix socket of its own in PORTSIDE_ASK. One line of JSON each way, then the
connection is closed:

    {"event": "conflict", …, "offers": [{"action": "next", "port": 8011}, …]}
                                                                  →  {"action": "next", "port": 8011}

Offers: stop (pids), next (port), wait, another, start (although a further port is taken). Answers: one of
these, `another` with the port that the user named, or quit. Who gives none leaves it to the terminal.
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portside.devserver.ports.holders import Occupancy
    from portside.devserver.ports.port_plan import Trouble
    from portside.devserver.ports.ports import Refusal

_VARIABLE = "PORTSIDE_ASK"
_CONNECT_S = 2.0
_LOOK_UP_S = 0.2
_LIMIT = 65536


def take(environment: MutableMapping[str, str] = os.environ) -> str | None:
    """Where to ask. Effect: the variable goes, so that what the run starts does not ask there too."""
    return environment.pop(_VARIABLE, None)


def ask(path: str, question: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the user answered, however long they think; None: nobody is there to be asked."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as desk:
            desk.settimeout(_CONNECT_S)
            desk.connect(path)
            desk.sendall(json.dumps(question).encode() + b"\n")
            # Python runs a signal's handler between its own steps: one that comes right before a wait
            # without an end is run behind it.
            while not select.select([desk], [], [], _LOOK_UP_S)[0]:
                continue
            desk.settimeout(None)
            with desk.makefile("rb") as reply:
                answer = json.loads(reply.readline(_LIMIT))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("action"), str) else None


def conflict(
    refusal: Refusal, occupancy: Occupancy, other: int | None, trouble: Trouble | None
) -> dict[str, Any]:
    """The question about an address that is not to be had. other: a port that is. trouble: not the API's."""
    from portside.devserver.console.console import redacted
    from portside.devserver.ports.conflict_lines import fields_of

    question = {"event": "conflict", **fields_of(refusal, occupancy)}
    if trouble is not None:
        question["planned"] = {"what": trouble.planned.what, "setting": trouble.planned.setting}
    question["offers"] = list(_offers(refusal, occupancy, other, is_api=trouble is None))
    masked: dict[str, Any] = redacted(question)
    return masked


def _offers(
    refusal: Refusal, occupancy: Occupancy, other: int | None, *, is_api: bool
) -> Iterator[dict[str, object]]:
    """What can be done, the least harmful first."""
    if other is not None:
        yield {"action": "next", "port": other}
    yield {"action": "another" if is_api else "start"}
    if chosen := occupancy.stoppable:
        yield {"action": "stop", "pids": list(dict.fromkeys(holder.identity.pid for holder in chosen))}
    if refusal.taken:
        yield {"action": "wait"}

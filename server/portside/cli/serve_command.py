"""What `portside serve -- COMMAND …` runs, and at which address."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portside.devserver import command_plan
from portside.devserver.command_plan import CommandPlan, Mistake
from portside.devserver.plan import Choice, Plan, PortSource

if TYPE_CHECKING:
    from portside.workspace.script_address import Address


def make(choice: Choice, folder: Path, options: dict[str, Any]) -> tuple[Plan, list[str]] | str:
    """The plan and what has to be said of it; or why the command can't be run."""
    environment = {**os.environ, **choice.environment}
    planned = command_plan.plan(choice.command, folder, environment, options["python"])
    if isinstance(planned, Mistake):
        return planned.text
    host = options["host"] or choice.host
    port = choice.port if options["port"] is None else options["port"]
    notes = [planned.note] if planned.note else []
    address = _address(planned)
    if host or port:
        planned = command_plan.with_address(planned, host, port)
    source = (
        PortSource.USER if port is not None else PortSource.PROGRAM if address.port else PortSource.UNKNOWN
    )
    listening = planned.address
    uds = listening.uds if listening is not None and port is None else None
    if listening is not None and not listening.listens:
        notes.append("it has no API server (--headless): no port is held")
    if uds:
        source, notes = PortSource.UNKNOWN, [*notes, f"it listens on the Unix socket {uds}: no port is held"]
    plan = Plan(
        target=planned.target,
        host=host or address.host or "127.0.0.1",
        port=(port or 0) if port is not None else 0 if uds else address.port or 0,
        interpreter=planned.interpreter,
        folder=folder,
        name=choice.name,
        environment=_added(planned.environment),
        port_source=source,
        aside=address.aside,
        uds=str(folder / uds) if uds else None,
        reload_dirs=_values(planned, "--reload-dir"),
        reload_includes=_values(planned, "--reload-include"),
        reload_excludes=_values(planned, "--reload-exclude"),
    )
    return plan, notes


def _values(planned: CommandPlan, option: str) -> tuple[str, ...]:
    """What uvicorn and fastapi would reload for: the dev server does so in their place."""
    if planned.listening is None or not planned.listening.reloads:
        return ()
    words = planned.target.arguments
    found = [value for word, value in itertools.pairwise(words) if word == option]
    return (*found, *(word.partition("=")[2] for word in words if word.startswith(f"{option}=")))


def _added(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if os.environ.get(name) != value}


def _address(planned: CommandPlan) -> Address:
    from portside.workspace.script_address import Address

    if planned.address is not None:
        return Address(planned.address.host, planned.address.port)
    if planned.script is None:
        return Address()
    return of_script(planned.script, planned.target.arguments, planned.environment)


def of_script(script: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Address:
    """Where it will listen. That is held before it runs, so its source or its arguments have to tell."""
    from portside.devserver.command_address import address_of
    from portside.knowledge.server_addresses import ANY_PROGRAM
    from portside.workspace.script_address import Address, asked_address

    try:
        asked = asked_address(script, arguments, environment)
    except Exception:  # a script that the analysis trips over can be served all the same
        asked = Address()
    if asked.port is not None:
        return asked
    given = address_of(dataclasses.replace(ANY_PROGRAM, port_variables=()), arguments, {}, script.parent)
    return dataclasses.replace(asked, port=given.port)

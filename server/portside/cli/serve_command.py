"""What `portside serve -- COMMAND …` runs, and at which address."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from portside.devserver.planning import command_plan
from portside.devserver.planning.command_address import CommandAddress, address_of
from portside.devserver.planning.command_plan import CommandPlan, Mistake
from portside.devserver.planning.plan import Choice, Plan, PortSource
from portside.knowledge.server_addresses import ANY_PROGRAM


def make(choice: Choice, folder: Path, options: dict[str, Any]) -> tuple[Plan, list[str]] | str:
    """The plan and what has to be said of it; or why the command can't be run."""
    environment = {**os.environ, **choice.environment}
    planned = command_plan.plan(choice.command, folder, environment, options["python"])
    if isinstance(planned, Mistake):
        return planned.text
    host = options["host"] or choice.host
    port = choice.port if options["port"] is None else options["port"]
    address = _address(planned)
    if host or port:
        planned = command_plan.with_address(planned, host, port)
    uds = address.uds if port is None else None
    plan = Plan(
        target=planned.target,
        host=host or address.host or "127.0.0.1",
        port=port if port is not None else 0 if uds else address.port or 0,
        interpreter=planned.interpreter,
        folder=folder,
        name=choice.name,
        environment=_added(planned.environment),
        host_is_the_users=host is not None,
        port_source=_source(address, port, uds),
        aside=address.aside,
        uds=str(folder / uds) if uds else None,
        reload_dirs=_values(planned, "--reload-dir"),
        reload_includes=_values(planned, "--reload-include"),
        reload_excludes=_values(planned, "--reload-exclude"),
    )
    return plan, list(_notes(planned, address, uds))


def _source(address: CommandAddress, port: int | None, uds: str | None) -> PortSource:
    if port is not None:
        return PortSource.USER
    return PortSource.PROGRAM if address.port and not uds else PortSource.UNKNOWN


def _notes(planned: CommandPlan, address: CommandAddress, uds: str | None) -> Iterator[str]:
    if planned.note:
        yield planned.note
    if not address.listens:
        yield "it has no API server (--headless): no port is held"
    if uds:
        yield f"it listens on the Unix socket {uds}: no port is held"


def _values(planned: CommandPlan, option: str) -> tuple[str, ...]:
    """What uvicorn and fastapi would reload for: the dev server does so in their place."""
    if planned.listening is None or not planned.listening.reloads:
        return ()
    words = planned.target.arguments
    found = [value for word, value in itertools.pairwise(words) if word == option]
    return (*found, *(word.partition("=")[2] for word in words if word.startswith(f"{option}=")))


def _added(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if os.environ.get(name) != value}


def _address(planned: CommandPlan) -> CommandAddress:
    if planned.address is not None:
        return planned.address
    if planned.script is None:
        return CommandAddress("", None)
    return of_script(planned.script, planned.target.arguments, planned.environment)


def of_script(script: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> CommandAddress:
    """Where it will listen. That is held before it runs, so its source or its arguments have to tell."""
    from portside.workspace.script_address import Address, asked_address

    try:
        asked = asked_address(script, arguments, environment)
    except Exception:  # a script that the analysis trips over can be served all the same
        asked = Address()
    port = asked.port
    if port is None:
        any_program = dataclasses.replace(ANY_PROGRAM, port_variables=())
        port = address_of(any_program, arguments, {}, script.parent).port
    return CommandAddress(asked.host or "", port, aside=asked.aside)

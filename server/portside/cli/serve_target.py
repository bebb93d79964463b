"""What `portside serve` is to run, and where, as far as the command line leaves it open."""

from __future__ import annotations

import difflib
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portside.devserver.planning.near_names import servers_in
from portside.devserver.planning.plan import Choice
from portside.records import dataclass
from portside.settings import ServerSettings, Settings, SettingsError, load

if TYPE_CHECKING:
    from portside.workspace.apps import LaunchTarget


@dataclass(frozen=True, slots=True)
class Unclear:
    """Why there is nothing to run. text: for the user."""

    text: str


def choose(name: str | None, folder: Path) -> Choice | Unclear:
    """The server of that name; without one the configured one, or the only one that is found.

    Effect: asks in a terminal where there are several.
    """
    try:
        settings = load(folder)
    except SettingsError as error:
        return Unclear(str(error))
    if name is not None:
        return _named(name, settings, folder)
    if settings.servers:
        names = list(settings.servers)
        chosen = names[0] if len(names) == 1 else _ask(names)
        return Unclear(_several(names)) if chosen is None else _named(chosen, settings, folder)
    return _discovered(folder)


def _named(name: str, settings: Settings, folder: Path) -> Choice | Unclear:
    server = settings.servers.get(name)
    if server is None:
        known = ", ".join(settings.servers) or "none"
        return Unclear(
            f"{name!r} is neither module:attribute nor a script, nor a server of the settings ({known})"
            + suggestion(name, folder, tuple(settings.servers))
        )
    return Choice(
        server.app or server.script or "",
        name,
        host=server.host,
        port=server.port,
        app_dir=server.app_dir,
        factory=server.factory,
        environment={**server.env, **_chosen_gpus(server)},
        env_files=tuple(settings.root / file for file in server.env_file),
        watch=server.watch,
        reload_includes=server.reload_include,
        reload_excludes=server.reload_exclude,
        while_loading=server.while_loading,
        warm=server.warm,
        keep_engine=server.keep_engine,
        ready_path=server.ready_path,
        on_conflict=server.on_conflict,
        folder=settings.root,
        command=server.command or (),
    )


def suggestion(name: str, folder: Path, known: Sequence[str] = ()) -> str:
    """The end of a message: what looks like this and could be served. known: other names than the apps."""
    targets = servers_in(folder)
    servers = [*known, *(target.target for target in targets)]
    files = [os.path.relpath(target.path, folder) for target in targets]
    groups = (files, servers) if name.endswith(".py") else (servers, files)
    near = [difflib.get_close_matches(name, dict.fromkeys(names), n=1) for names in groups]
    return next((f"; did you mean `{each}`?" for each in itertools.chain(*near)), "")


def _chosen_gpus(server: ServerSettings) -> dict[str, str]:
    return {} if server.gpus is None else {"CUDA_VISIBLE_DEVICES": server.gpus}


def _discovered(folder: Path) -> Choice | Unclear:
    from portside.workspace.apps import discover

    targets = [target for target in discover(folder) if target.kind != "script"] or discover(folder)
    if not targets:
        return Unclear("no app was found in this folder: name one, as in `portside serve module:app`")
    names = [target.target for target in targets]
    chosen = names[0] if len(names) == 1 else _ask(names)
    if chosen is None:
        return Unclear(_several(names))
    return _from_source(targets[names.index(chosen)])


def _from_source(target: LaunchTarget) -> Choice:
    return Choice(
        target.target,
        host=target.host,
        port=target.port,
        app_dir=target.app_dir,
        factory=target.kind == "factory",
        folder=target.cwd,
    )


def _ask(names: Sequence[str]) -> str | None:
    """Which of several; None where nobody can be asked, or nothing was chosen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    for number, name in enumerate(names, 1):
        click.echo(f"  [{number}] {name}")
    answer = click.prompt("serve", default="1")
    if answer in names:
        return str(answer)
    return names[int(answer) - 1] if answer.isdigit() and 0 < int(answer) <= len(names) else None


def _several(names: Sequence[str]) -> str:
    return f"there are several servers here, name one of them: {', '.join(names)}"

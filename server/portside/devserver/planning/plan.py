"""What one dev server is to run, and how. Values only."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portside.devserver.planning.interpreter import Interpreter


class PortSource(enum.Enum):
    """Who says which port it is."""

    USER = "the command line or the settings"
    PROGRAM = "the program, as far as its source and its words tell"
    UNKNOWN = "nobody, before it runs"


@dataclass(frozen=True, slots=True)
class Target:
    """What the worker runs.

    kind: `app` (`module:attribute`, for the uvicorn CLI), `script`, `module` (`python -m`), `code`
    (`python -c`), `program` (a Python script on the path, such as `vllm`), or `command` (anything else).
    arguments: the program's own, or further options for uvicorn. words: the whole command, where one was
    given. files: that its words name. by_signal: it is stopped as by Ctrl-C also while it serves.
    """

    kind: str
    spec: str
    arguments: tuple[str, ...] = ()
    app_dir: str | None = None
    factory: bool = False
    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    by_signal: bool = False

    @property
    def is_watched(self) -> bool:
        """Whether it binds its port itself, since the held socket can't be given to it."""
        return self.kind == "command"

    @property
    def title(self) -> str:
        return " ".join(self.words or (self.spec, *self.arguments))

    def folder(self, working_folder: Path) -> Path:
        """What the program puts in front of its module path."""
        if self.kind == "script":
            return (working_folder / self.spec).resolve().parent
        return (working_folder / (self.app_dir or "")).resolve()

    def command_line(self, host: str, port: int) -> list[str]:
        """What follows `uvicorn`, or the program's name."""
        if self.kind != "app":
            return list(self.arguments)
        options = ["--app-dir", self.app_dir] if self.app_dir else []
        options += ["--factory"] if self.factory else []
        return [self.spec, "--host", host, "--port", str(port), *options, *self.arguments]


@dataclass(frozen=True, slots=True)
class Debug:
    """debugpy in the worker. port: on loopback. waits: until a client is there.

    connects: to an adapter that listens at the port, for each generation anew, instead of listening there.
    library: the folder that holds debugpy, for an app whose environment has none.
    """

    port: int
    waits: bool = False
    connects: bool = False
    library: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """folder: the working folder of the app. environment: added to the user's. name: in the settings.

    reload_dirs: files and folders that count besides what the app imports. reload_includes,
    reload_excludes: gitignore-style patterns, from `folder`. while_loading: `respond` or `wait`.
    ready_path: what is asked to learn whether it serves; None for the usual ones.
    port: 0 where it is not known. aside: ports of the program's other servers. uds: the path of a Unix
    socket that the program makes, instead of a port. env_files: are read for each start; environment is
    what they and the settings said at first. warm: installed modules stay imported from one generation to the
    next. keep_engine: so do engines, with their models.
    """

    target: Target
    host: str
    port: int
    interpreter: Interpreter
    folder: Path
    name: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    watch: bool = True
    reload_dirs: tuple[str, ...] = ()
    reload_includes: tuple[str, ...] = ()
    reload_excludes: tuple[str, ...] = ()
    while_loading: str = "respond"
    ready_path: str | None = None
    grace_s: float = 10.0
    on_conflict: str = "ask"
    host_is_the_users: bool = True
    port_source: PortSource = PortSource.USER
    aside: tuple[int, ...] = ()
    uds: str | None = None
    env_files: tuple[Path, ...] = ()
    settings_environment: Mapping[str, str] = field(default_factory=dict)
    debug: Debug | None = None
    opens_browser: bool = False
    folds_log: bool = False
    warm: bool = True
    keep_engine: bool = False

    def reached_at(self, url: str) -> str:
        """Its Unix socket, else the URL of its port."""
        return f"unix:{self.uds}" if self.uds else url


@dataclass(frozen=True, slots=True)
class Choice:
    """An app, a script or a command, with what the settings or its source say of it.

    command: instead of spec. name: in the settings. folder: where it runs, if not where the user is.
    """

    spec: str
    name: str | None = None
    host: str | None = None
    port: int | None = None
    app_dir: str | None = None
    factory: bool = False
    folder: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    watch: tuple[str, ...] = ()
    reload_includes: tuple[str, ...] = ()
    reload_excludes: tuple[str, ...] = ()
    while_loading: str | None = None
    ready_path: str | None = None
    on_conflict: str | None = None
    warm: bool | None = None
    keep_engine: bool | None = None
    env_files: tuple[Path, ...] = ()
    settings_environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()

"""What one dev server is to run, and how. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portside.devserver.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Target:
    """An app (`module:attribute`) for the uvicorn CLI, or a script as it stands.

    arguments: the script's own, or further options for uvicorn.
    """

    kind: str
    spec: str
    arguments: tuple[str, ...] = ()
    app_dir: str | None = None
    factory: bool = False

    def folder(self, working_folder: Path) -> Path:
        """What the program puts in front of its module path."""
        if self.kind == "script":
            return (working_folder / self.spec).resolve().parent
        return (working_folder / (self.app_dir or "")).resolve()

    def command_line(self, host: str, port: int) -> list[str]:
        """What follows `uvicorn` or the script's name."""
        if self.kind == "script":
            return list(self.arguments)
        options = ["--app-dir", self.app_dir] if self.app_dir else []
        options += ["--factory"] if self.factory else []
        return [self.spec, "--host", host, "--port", str(port), *options, *self.arguments]


@dataclass(frozen=True, slots=True)
class Plan:
    """folder: the working folder of the app. environment: added to the user's. name: in the settings.

    reload_dirs: files and folders that count besides what the app imports. reload_includes,
    reload_excludes: gitignore-style patterns, from `folder`. while_loading: `respond` or `wait`.
    ready_path: what is asked to learn whether it serves; None for the usual ones.
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


@dataclass(frozen=True, slots=True)
class Choice:
    """An app or a script, with what the settings or its source say of it.

    name: in the settings. folder: where it runs, if not where the user is.
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

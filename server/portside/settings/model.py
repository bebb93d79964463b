"""Settings as values."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from portside.lint.engine import RULE_FAILED
from portside.lint.finding import Severity
from portside.lint.selection import Selection
from portside.records import dataclass
from portside.settings.patterns import matcher

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

DEFAULT_PORT_VARIABLE = "PORT"


@dataclass(frozen=True, slots=True)
class SettingsMistake:
    """One thing that is wrong. key: dotted, as written; "" for the file as a whole. line: from 1."""

    file: Path
    key: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: "
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


class SettingsError(Exception):
    """A settings file that can't be used. mistakes: at least one, in the order of the lines.

    file, key, line and message are those of the first.
    """

    def __init__(self, mistakes: tuple[SettingsMistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes
        self.file, self.key = mistakes[0].file, mistakes[0].key
        self.line, self.message = mistakes[0].line, mistakes[0].message


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One server that `portside serve NAME` starts. Exactly one of app, script and command is set.

    app: `module:attribute`. script: a path, from the settings file's folder. command: program and
    arguments. port: 0 stands for any free one. env: added to the server's environment.
    env_file: read for each start; what the shell has set wins over them, and `env` over both.
    gpus: what CUDA_VISIBLE_DEVICES shall say. watch: files and folders whose changes reload it.
    reload_include, reload_exclude: gitignore-style patterns. while_loading: `respond` or `wait`.
    ready_path: what tells that it serves. on_conflict: `ask`, `next`, `stop`, `wait` or `fail`. warm: whether
    installed modules stay imported from one start to the next. keep_engine: whether engines stay loaded.
    """

    app: str | None = None
    script: str | None = None
    command: tuple[str, ...] | None = None
    host: str | None = None
    port: int | None = None
    app_dir: str | None = None
    factory: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: tuple[str, ...] = ()
    gpus: str | None = None
    watch: tuple[str, ...] = ()
    reload_include: tuple[str, ...] = ()
    reload_exclude: tuple[str, ...] = ()
    while_loading: str | None = None
    ready_path: str | None = None
    on_conflict: str | None = None
    warm: bool | None = None
    keep_engine: bool | None = None


@dataclass(frozen=True)
class Settings:
    """What counts in the folder `root` and below.

    file: where this was read from; None where there is no settings file.
    is_guess: whether nothing says that a project begins at the root, which is a folder that was opened or
    holds the file. select, ignore: codes. per_file_ignores: gitignore-style pattern -> codes.
    select None: every rule.
    """

    root: Path
    file: Path | None = None
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    per_file_ignores: Mapping[str, frozenset[str]] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    port_variable: str = DEFAULT_PORT_VARIABLE
    servers: Mapping[str, ServerSettings] = field(default_factory=dict)
    is_guess: bool = False

    def overridden(
        self,
        select: frozenset[str] | None = None,
        ignore: frozenset[str] = frozenset(),
        severity: Mapping[str, Severity] = MappingProxyType({}),
    ) -> Settings:
        """These settings with a command line's --select (which replaces), --ignore and --severity (added)."""
        return dataclasses.replace(
            self,
            select=self.select if select is None else select,
            ignore=self.ignore | ignore,
            severity={**self.severity, **severity},
        )

    def selection_for(self, path: Path) -> Selection:
        """What the user wants to hear of in this file. path: absolute, or from `root`."""
        ignored = self.ignore
        for spec, codes in self._ignore_specs:
            if spec.match_file(self.relative(path)):
                ignored |= codes
        return self._selection(ignored)

    def excludes(self, path: Path | str, folder: bool = False) -> bool:
        """Whether `exclude` names this path, or (with `folder`) all that is in it."""
        relative = self.relative(path)
        return bool(self.exclude) and self._exclude_spec.match_file(relative + "/" if folder else relative)

    def relative(self, path: Path | str) -> str:
        """The path from `root`, with slashes; as it is where it lies elsewhere."""
        whole = Path(path)
        try:
            return whole.relative_to(self.root).as_posix()
        except ValueError:
            return whole.as_posix()

    @functools.cached_property
    def _ignore_specs(self) -> tuple[tuple[GitIgnoreSpec, frozenset[str]], ...]:
        ignores = self.per_file_ignores.items()
        return tuple((matcher([pattern], self.root), codes) for pattern, codes in ignores)

    @functools.cached_property
    def _exclude_spec(self) -> GitIgnoreSpec:
        return matcher(self.exclude, self.root)

    def _selection(self, ignored: frozenset[str]) -> Selection:
        if not ignored:
            return Selection(self.select and self.select | {RULE_FAILED}, self.severity)
        # Here and not above: the rules are only needed to say what is left of all of them.
        from portside.settings.names import every_code

        chosen = every_code() if self.select is None else self.select
        return Selection((chosen | {RULE_FAILED}) - ignored, self.severity)

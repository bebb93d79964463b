"""A settings table -> `Settings`, or every mistake in it at once."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from portside.lint.finding import Severity
from portside.settings.model import (
    DEFAULT_PORT_VARIABLE,
    ServerSettings,
    Settings,
    SettingsError,
    SettingsMistake,
)
from portside.settings.patterns import leads_above, matcher
from portside.settings.read import KEYS, Key, SettingsTable

_SERVER_KEYS = (
    "app", "script", "command", "host", "port", "app-dir", "factory", "env", "env-file", "gpus", "watch",
    "reload-include", "reload-exclude", "while-loading", "ready-path", "on-conflict", "warm",
    "keep-engine",
)  # fmt: skip
_TARGETS = ("app", "script", "command")
_POLICIES = ("ask", "next", "stop", "wait", "fail")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GPUS = re.compile(r"(?:[\w-]+(?:/\d+)*(?:, ?[\w-]+(?:/\d+)*)*)?")
_APP = re.compile(r"[\w.]+:[\w.]+")

T = TypeVar("T")


def validated(table: SettingsTable) -> Settings:
    """The settings that the table stands for. Raises SettingsError with every mistake in it."""
    reader = _Reader(table)
    settings = reader.settings()
    if reader.mistakes:
        raise SettingsError(tuple(sorted(reader.mistakes, key=lambda mistake: mistake.line)))
    return settings


class _Reader:
    """Reads one table; a key that is wrong counts as absent and leaves a mistake behind."""

    def __init__(self, table: SettingsTable) -> None:
        self._table = table
        self.mistakes: list[SettingsMistake] = []

    def settings(self) -> Settings:
        table = self._table.table
        self._only_known(table, KEYS, ())
        return Settings(
            root=self._table.file.parent,
            file=self._table.file,
            select=self._rules(table.get("select"), ("select",)),
            ignore=self._rules(table.get("ignore"), ("ignore",)) or frozenset(),
            per_file_ignores=self._per_file_ignores(),
            severity=self._severity(),
            exclude=self._patterns(table.get("exclude"), ("exclude",)),
            port_variable=self._port_variable(),
            servers=self._servers(),
        )

    def _wrong(self, key: Key, message: str) -> None:
        dotted = ".".join(part if re.fullmatch(r"[\w-]+", part) else f'"{part}"' for part in key)
        line = self._table.line(key)
        self.mistakes.append(SettingsMistake(self._table.file, dotted, line, message))

    def _only_known(self, table: Mapping[str, Any], known: Iterable[str], prefix: Key) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
                hint = f"; did you mean `{close[0]}`?" if close else f"; known are {_listed(known)}"
                self._wrong((*prefix, key), f"is no setting{hint}")

    def _table_at(self, value: Any, key: Key) -> Mapping[str, Any]:
        if value is not None and not isinstance(value, dict):
            self._wrong(key, f"has to be a table, not {_kind(value)}")
        return value if isinstance(value, dict) else {}

    def _strings(self, value: Any, key: Key) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(key, f"has to be a list of strings, not {_kind(value)}")
            return ()
        return tuple(value)

    def _typed(self, table: Mapping[str, Any], prefix: Key, name: str, kind: type[T]) -> T | None:
        value = table.get(name)
        # For TOML true is no number, for Python it is.
        if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
            return value
        self._wrong((*prefix, name), f"has to be {_KIND_NAMES[kind]}, not {_kind(value)}")
        return None

    def _rules(self, value: Any, key: Key) -> frozenset[str] | None:
        if value is None:
            return None
        return frozenset().union(*(self._codes(word, key) for word in self._strings(value, key)))

    def _codes(self, word: str, key: Key) -> frozenset[str]:
        from portside.settings.names import codes_of, unknown_rule

        codes = codes_of(word)
        if not codes:
            self._wrong(key, unknown_rule(word))
        return codes

    def _patterns(self, value: Any, key: Key) -> tuple[str, ...]:
        patterns = self._strings(value, key)
        return tuple(pattern for pattern in patterns if self._is_pattern(pattern, key))

    def _is_pattern(self, pattern: str, key: Key) -> bool:
        try:
            matcher([pattern], self._table.file.parent)
        except (ValueError, re.error):
            self._wrong(key, f"`{pattern}` is no pattern as .gitignore knows them")
            return False
        if leads_above(pattern):
            self._wrong(key, f"`{pattern}` matches nothing: no pattern leads above the folder it counts from")
            return False
        return True

    def _per_file_ignores(self) -> dict[str, frozenset[str]]:
        key = ("per-file-ignores",)
        table = self._table_at(self._table.table.get("per-file-ignores"), key)
        return {
            pattern: self._rules(words, (*key, pattern)) or frozenset()
            for pattern, words in table.items()
            if self._is_pattern(pattern, (*key, pattern)) and self._is_positive(pattern, (*key, pattern))
        }

    def _is_positive(self, pattern: str, key: Key) -> bool:
        """Whether it names files: after another pattern, `!` takes some out again, and here each is alone."""
        is_positive = bool(pattern.strip()) and not pattern.startswith(("!", "#"))
        if not is_positive:
            self._wrong(key, f"`{pattern}` matches nothing: it has to name the files that are meant")
        return is_positive

    def _severity(self) -> dict[str, Severity]:
        key = ("severity",)
        chosen: dict[str, Severity] = {}
        for word, value in self._table_at(self._table.table.get("severity"), key).items():
            codes = self._codes(word, (*key, word))
            severity = _severity_named(value)
            if severity is None:
                self._wrong((*key, word), _not_a_severity(value))
            else:
                chosen |= dict.fromkeys(codes, severity)
        return chosen

    def _port_variable(self) -> str:
        name = self._typed(self._table.table, (), "port-variable", str)
        if name is None:
            return DEFAULT_PORT_VARIABLE
        if not _VARIABLE.fullmatch(name):
            self._wrong(("port-variable",), f"`{name}` can't be the name of an environment variable")
        elif name == "VLLM_PORT":
            self._wrong(("port-variable",), "`VLLM_PORT` is vLLM's own, for its internal ports; take another")
        return name

    def _servers(self) -> dict[str, ServerSettings]:
        servers = self._table_at(self._table.table.get("servers"), ("servers",))
        return {
            name: self._server(table, ("servers", name))
            for name, given in servers.items()
            if (table := self._table_at(given, ("servers", name))) or given == {}
        }

    def _server(self, table: Mapping[str, Any], key: Key) -> ServerSettings:
        self._only_known(table, _SERVER_KEYS, key)
        given = [name for name in _TARGETS if name in table]
        if len(given) != 1:
            named = f"has {_listed(given)}" if given else "has none"
            self._wrong(key, f"needs exactly one of {_listed(_TARGETS)}; it {named}")
        return ServerSettings(
            app=self._app(table, key),
            script=self._typed(table, key, "script", str),
            command=self._command(table.get("command"), (*key, "command")),
            host=self._typed(table, key, "host", str),
            port=self._port(table, key),
            app_dir=self._typed(table, key, "app-dir", str),
            factory=self._typed(table, key, "factory", bool) or False,
            env=self._environment(table.get("env"), (*key, "env")),
            env_file=self._one_or_several(table.get("env-file"), (*key, "env-file")),
            gpus=self._gpus(table.get("gpus"), (*key, "gpus")),
            watch=self._strings(table.get("watch"), (*key, "watch")),
            reload_include=self._patterns(table.get("reload-include"), (*key, "reload-include")),
            reload_exclude=self._patterns(table.get("reload-exclude"), (*key, "reload-exclude")),
            while_loading=self._one_of(table, key, "while-loading", ("respond", "wait")),
            ready_path=self._ready_path(table, key),
            on_conflict=self._one_of(table, key, "on-conflict", _POLICIES),
            warm=self._typed(table, key, "warm", bool),
            keep_engine=self._typed(table, key, "keep-engine", bool),
        )

    def _one_or_several(self, value: Any, key: Key) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else self._strings(value, key)

    def _gpus(self, value: Any, key: Key) -> str | None:
        """As CUDA_VISIBLE_DEVICES has it: `0`, `[0, 1]`, `"0,1"`, `"GPU-3a…"`, `""` for none."""
        numbers = value if isinstance(value, list) else [value]
        if numbers and all(type(number) is int and number >= 0 for number in numbers):
            return ",".join(map(str, numbers))
        if value is not None and (not isinstance(value, str) or not _GPUS.fullmatch(value)):
            self._wrong(key, "has to be numbers of GPUs such as [0, 1], or their ids in one string")
            return None
        return value

    def _one_of(self, table: Mapping[str, Any], key: Key, name: str, known: tuple[str, ...]) -> str | None:
        value = self._typed(table, key, name, str)
        if value is not None and value not in known:
            self._wrong((*key, name), f"is one of {_listed(known)}, not `{value}`")
        return value

    def _ready_path(self, table: Mapping[str, Any], key: Key) -> str | None:
        path = self._typed(table, key, "ready-path", str)
        if path is not None and not path.startswith("/"):
            self._wrong((*key, "ready-path"), f"`{path}` does not start with `/`")
        return path

    def _app(self, table: Mapping[str, Any], key: Key) -> str | None:
        app = self._typed(table, key, "app", str)
        if app is not None and not _APP.fullmatch(app):
            self._wrong((*key, "app"), f"`{app}` is not of the form `module:attribute`")
        return app

    def _port(self, table: Mapping[str, Any], key: Key) -> int | None:
        port = self._typed(table, key, "port", int)
        if port is not None and not 0 <= port <= 65535:
            self._wrong((*key, "port"), f"{port} is no port; they go from 0 (any free one) to 65535")
        return port

    def _command(self, value: Any, key: Key) -> tuple[str, ...] | None:
        if isinstance(value, str):
            return self._split_command(value, key)
        words = self._strings(value, key)
        if value == []:
            self._wrong(key, "is empty")
        return words or None

    def _split_command(self, text: str, key: Key) -> tuple[str, ...] | None:
        """The words of one string. No shell ever sees it, so what only a shell could do is a mistake."""
        try:
            lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
            lexer.whitespace_split = True
            words = tuple(lexer)
        except ValueError as error:
            self._wrong(key, f"can't be split into words: {str(error).lower()}")
            return None
        shells = [word for word in words if set(word) <= set("();<>|&") or "$" in word or "`" in word]
        if shells:
            self._wrong(key, f"is run without a shell, and `{shells[0]}` is for one; put it into a script")
            return None
        if not words:
            self._wrong(key, "is empty")
        return words or None

    def _environment(self, value: Any, key: Key) -> dict[str, str]:
        table = self._table_at(value, key)
        for name, item in table.items():
            if not isinstance(item, str):
                self._wrong((*key, name), f"has to be a string, not {_kind(item)}")
        return {name: item for name, item in table.items() if isinstance(item, str)}


def _severity_named(value: Any) -> Severity | None:
    try:
        return Severity(value)
    except ValueError:
        return None


def _not_a_severity(value: Any) -> str:
    known = [severity.value for severity in Severity]
    if not isinstance(value, str):
        return f"has to be one of {_listed(known)}, not {_kind(value)}"
    close = difflib.get_close_matches(value.lower(), known, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else f"; known are {_listed(known)}"
    return f"there is no severity `{value}`{hint}"


_KIND_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def _kind(value: Any) -> str:
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return "a list with something else in it"
    return _KIND_NAMES.get(type(value), "a date or time")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)

"""What a server asks of the place where it runs, given: variables, arguments, files, programs."""

from __future__ import annotations

import argparse
import asyncio
import builtins
import io
import json
import os
import subprocess
import sys
import time

from standins import Nothing, Thing, make

MADE_UP = '{"made_up": true}'


def plausible(name: str) -> str:
    upper = name.upper()
    for words, value in _VALUES:
        if any(word in upper for word in words):
            return value
    return "1"


_VALUES = (
    (("PORT", "TIMEOUT", "SIZE", "MAX", "NUM", "COUNT", "LIMIT", "WORKERS", "SECONDS"), "8123"),
    (("DATABASE_URL", "DB_URL", "SQLALCHEMY", "DSN"), "postgresql://user:word@127.0.0.1:9/made"),
    (("URL", "URI", "ENDPOINT", "BASE"), "http://127.0.0.1:9/v1"),
    (("HOST", "ADDR"), "127.0.0.1"),
    (("DIR", "PATH", "FOLDER", "FILE", "ROOT"), "/tmp/made"),  # noqa: S108
)


class _Given(dict):
    """What a made-up file says: whatever is looked for."""

    def __missing__(self, key):
        return make("value")

    def get(self, key, default=None):
        return super().get(key, default)


def _from_the_tree(depth: int = 2) -> bool:
    return sys._getframe(depth).f_code.co_filename.startswith("/srv/")


def install(always: bool) -> None:
    """always: also what can be looked for without failing (`getenv`) is there."""
    _variables(always)
    _arguments()
    _files()
    _programs(always)
    _things()


def _variables(always: bool) -> None:
    kind = type(os.environ)
    looked_up = kind.__getitem__
    getenv = os.getenv

    def given(self, key):
        try:
            return looked_up(self, key)
        except KeyError:
            if not _from_the_tree():
                raise
            return plausible(str(key))

    def got(key, default=None):
        found = getenv(key, default)
        if always and found in {None, ""} and _from_the_tree() and not _off(key):
            return plausible(str(key))
        return found

    def get(self, key, default=None):
        try:
            found = looked_up(self, key)
        except KeyError:
            found = default
        if always and found in {None, ""} and _from_the_tree() and not _off(key):
            return plausible(str(key))
        return found

    kind.__getitem__ = given
    kind.get = get
    os.getenv = got


def _off(key: str) -> bool:
    """A variable that is a choice, not a need: set, it would make the server another one."""
    return not any(word in key.upper() for word in _NEEDED)


_NEEDED = (
    "KEY", "TOKEN", "SECRET", "PASS", "USER", "URL", "URI", "ENDPOINT", "MODEL", "PATH", "DIR", "FOLDER",
    "FILE", "PORT", "BUCKET", "DATABASE", "DB_", "ACCOUNT", "ID", "NAME",
)  # fmt: skip


def _arguments() -> None:
    parse = argparse.ArgumentParser.parse_known_args
    values = argparse.ArgumentParser._get_values

    def parsed(self, args=None, namespace=None):
        words = list(sys.argv[1:] if args is None else args)
        return parse(self, words + _missing(self, words), namespace)

    def valued(self, action, strings):
        try:
            value = values(self, action, strings)
        except argparse.ArgumentError:
            strings = [_word(action) for _ in strings]
            value = values(self, action, strings)
        return value

    argparse.ArgumentParser.parse_known_args = parsed
    argparse.ArgumentParser._get_values = valued


def _word(action) -> str:
    if action.choices:
        return str(next(iter(action.choices)))
    if action.type in {int, float} or action.type is None:
        return plausible(action.dest) if plausible(action.dest).isdigit() or action.type is None else "1"
    return "1"


def _missing(parser, words) -> list[str]:
    """Words for what is required and not among the given ones."""
    more = []
    for action in parser._actions:
        if action.option_strings:
            given = any(
                word.partition("=")[0] == option for word in words for option in action.option_strings
            )
            if action.required and not given:
                count = action.nargs if isinstance(action.nargs, int) else 1
                more += [action.option_strings[-1], *[_word(action)] * count]
        elif _is_position(action) and all(word.startswith("-") for word in words):
            more.append(_word(action))
    return more


def _is_position(action) -> bool:
    is_command = isinstance(action, argparse._SubParsersAction)
    return action.nargs in {None, "+"} and action.required and not is_command


def _files() -> None:
    """Files that are read and not there; what reads them makes up the rest."""
    opened = io.open

    def lenient(file, mode="r", *args, **kwargs):
        try:
            return opened(file, mode, *args, **kwargs)
        except FileNotFoundError:
            if isinstance(file, int) or not _from_the_tree_at_all():
                raise
            path = os.path.abspath(os.fspath(file))
            if isinstance(path, bytes) or not _would_be_given(path):
                raise
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if "r" in mode or not mode:
                with opened(path, "w") as made:
                    made.write(MADE_UP if path.endswith((".json", ".yaml", ".yml")) else "")
            return opened(file, mode, *args, **kwargs)

    builtins.open = lenient
    if os.environ.get("LAB_FILES"):
        io.open = lenient


def _would_be_given(path: str) -> bool:
    return bool(os.environ.get("LAB_FILES")) and not path.startswith(("/proc", "/sys", "/etc", "/usr"))


def _from_the_tree_at_all() -> bool:
    frame = sys._getframe(2)
    for _ in range(6):
        if frame is None:
            return False
        if frame.f_code.co_filename.startswith("/srv/"):
            return True
        frame = frame.f_back
    return False


def _programs(always: bool) -> None:
    """Programs that are not installed: something that lives and says nothing."""
    started = subprocess.Popen.__init__

    def lenient(self, args, *rest, **kwargs):
        try:
            started(self, args, *rest, **kwargs)
        except (FileNotFoundError, PermissionError):
            if not always:
                raise
            started(self, ["sleep", "5"], *rest, **{**kwargs, "shell": False, "executable": None})

    subprocess.Popen.__init__ = lenient
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(float(seconds), 0.02))


def _things() -> None:
    """Where the standard library looks closely at a stand-in."""
    loads, default, run = json.loads, json.JSONEncoder.default, asyncio.run
    following = builtins.next

    def load(text, *args, **kwargs):
        if isinstance(text, Thing):
            return _Given()
        found = loads(text, *args, **kwargs)
        return _Given(found) if found == {"made_up": True} else found

    def encoded(self, value):
        return "1" if isinstance(value, Thing | type(Thing)) else default(self, value)

    def ran(main, **kwargs):
        return main if isinstance(main, Thing) else run(main, **kwargs)

    def after(iterator, *otherwise):
        if isinstance(iterator, Nothing | Thing):
            return Thing()
        return following(iterator, *otherwise)

    json.loads, json.JSONEncoder.default, asyncio.run = load, encoded, ran
    builtins.next = after
    try:
        import yaml
    except ImportError:
        return
    safe = yaml.load

    def read(*args, **kwargs):
        found = safe(*args, **kwargs)
        return _Given(found) if found == {"made_up": True} else found

    yaml.load = read

"""Runs what the user named, in this process, as Python itself would have run it.

app      `module:attribute`: the uvicorn CLI
script   `python SCRIPT …`
module   `python -m NAME …`
code     `python -c CODE …`
program  a command such as `vllm` or `uvicorn`: the Python script of that name on the path
command  anything else: takes this process's place
"""

from __future__ import annotations

import importlib.machinery
import os
import re
import runpy
import shutil
import sys
import types
from typing import Any, NoReturn

from .hold import Hold

# `#!/path/python3`, `#!/usr/bin/env python`, and what pip and uv write where the path is too long.
_SHEBANG = re.compile(rb"#!.*python|#!\s*/bin/sh\n'''exec' .*python|#!\s*/bin/sh\n.*''':'''", re.IGNORECASE)


def run(fields: dict[str, Any], hold: Hold) -> None:
    """Returns, or raises, as the program does."""
    kind, target, arguments = fields["kind"], fields["target"], list(fields["arguments"])
    if kind == "app":
        _run_app(arguments)
    elif kind == "script":
        _run_script(target, fields["path"], arguments)
    elif kind == "module":
        _run_module(target, arguments)
    elif kind == "code":
        _run_code(target, arguments)
    elif kind == "program":
        _run_program(target, arguments, hold)
    else:
        become([target, *arguments])


def _run_app(arguments: list[str]) -> None:
    """The uvicorn CLI itself, in this process."""
    sys.argv = ["uvicorn", *arguments]
    import uvicorn.main  # noqa: PLC0415  (the hooks have to be in place first)

    uvicorn.main.main(arguments, prog_name="uvicorn", auto_envvar_prefix="UVICORN")


def _run_script(script: str, folder: str, arguments: list[str]) -> None:
    """As `__main__`, so that a child which multiprocessing spawns runs it again."""
    sys.argv = [script, *arguments]
    _put_in_front(folder)
    path = os.path.abspath(script)
    main_module = _fresh_main()
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    main_module.__dict__.update(__file__=path, __loader__=loader)
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, main_module.__dict__)


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = ["-m", *arguments]
    _put_in_front(os.getcwd())
    _fresh_main()
    # What the interpreter itself calls for -m; run_module would leave no `__main__` to spawned children.
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_code(code: str, arguments: list[str]) -> None:
    sys.argv = ["-c", *arguments]
    _put_in_front("")
    exec(compile(code, "<string>", "exec", dont_inherit=True), _fresh_main().__dict__)


def _run_program(name: str, arguments: list[str], hold: Hold) -> None:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"there is no command {name!r} on the path of {sys.executable}")
    if not is_python_script(path):
        hold.give_up(f"{name} is no Python script, and binds its port itself")
        become([path, *arguments])
    _run_script(path, os.path.dirname(os.path.realpath(path)), arguments)


def is_python_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(_SHEBANG.match(file.read(1024)))
    except OSError:
        return False


def become(words: list[str]) -> NoReturn:
    """Any program, in this process's place: same pid, session, terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvp(words[0], words)


def _put_in_front(folder: str) -> None:
    # python -I and -P put nothing there.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path.insert(0, folder)


def _fresh_main() -> types.ModuleType:
    main_module = types.ModuleType("__main__")
    main_module.__dict__.update(__spec__=None, __loader__=None, __cached__=None, __annotations__={})
    main_module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main_module
    return main_module

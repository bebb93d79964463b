"""The invariants of the code map, held by the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portside.lsp import methods

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "server" / "portside"
INSIDE = sorted((PACKAGE / "inside").rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports from outside its own package, wherever it does."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def contracts_are_kept() -> bool:
    from importlinter.cli import lint_imports

    return lint_imports(config_filename=str(ROOT / "pyproject.toml"), is_debug_mode=True, no_cache=True) == 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="checked with one Python; it is the same everywhere")
def test_imports_keep_the_contracts_of_pyproject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert contracts_are_kept()


@pytest.mark.parametrize("file", INSIDE, ids=lambda file: file.name)
def test_what_runs_in_the_users_interpreter_imports_the_standard_library_alone(file: Path) -> None:
    # Siblings go by their bare names: the folder is put on the path by itself. The user's own
    # server packages are what is being served, and are imported only where they are there.
    siblings = {sibling.stem for sibling in INSIDE}
    allowed = sys.stdlib_module_names | siblings | SERVED
    foreign = {name for name in imports(file) if name.partition(".")[0] not in allowed}
    assert foreign == set()


SERVED = frozenset({"uvicorn", "uvloop", "debugpy"})


def test_both_sides_of_the_protocol_know_the_same_methods() -> None:
    source = (ROOT / "editor-client" / "src" / "methods.ts").read_text()
    theirs = dict(re.findall(r'export const ([A-Z_]+) = "([^"]+)"', source))
    ours = {name: value for name, value in vars(methods).items() if name.isupper()}
    assert theirs == ours


def test_a_check_loads_nothing_that_only_other_commands_need() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-m", "portside", "check", "-"],
        input=b"x = 1\n",
        capture_output=True,
        timeout=60,
        check=True,
    )
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in done.stderr.splitlines()}
    assert "portside.workspace.project" in loaded
    dear = {"pygls", "lsprotocol", "lsprotocol.types", "psutil", "rich", "watchfiles", "asyncio", "socket"}
    assert loaded & dear == set()


# The last opens folders alone, to hold them.
READERS = {
    "workspace/text_file.py",
    "workspace/presence.py",
    "workspace/rewrite.py",
    "workspace/turns.py",
}
ASKING = {"exists", "is_file", "is_dir"}


@pytest.mark.parametrize("part", ["settings", "workspace", "lsp", "checking.py", "fixing.py"])
def test_files_of_projects_are_read_in_one_way(part: str) -> None:
    """Which no pipe, device, circle of links or folder in place of a file holds up."""
    found = [PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).rglob("*.py")
    reading = {
        str(file.relative_to(PACKAGE)): node.lineno
        for file in found
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call) and _opens_a_file(node)
    }
    assert reading.keys() <= READERS


def _opens_a_file(call: ast.Call) -> bool:
    function = call.func
    if isinstance(function, ast.Attribute):
        of_os = ast.unparse(function.value) == "os"
        of_path = ast.unparse(function.value) == "os.path"
        # `entry.is_dir(follow_symlinks=False)` asks for nothing that lies elsewhere.
        asks = function.attr in ASKING and not of_path and not call.args and not call.keywords
        return asks or function.attr in {"read_bytes", "read_text"} or (of_os and function.attr == "open")
    return isinstance(function, ast.Name) and function.id == "open"

"""Where scripts lie is found out again once something there has changed, and only then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portside.workspace import script_places
from portside.workspace.script_places import ScriptPlaces


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src" / "core").mkdir(parents=True)
    (tmp_path / "src" / "core" / "server.py").write_text("")
    _age(tmp_path)
    return tmp_path


def _age(root: Path) -> None:
    """As if nothing had changed for a minute."""
    for path in (root, *root.rglob("*")):
        os.utime(path, ns=(path.stat().st_mtime_ns - 60 * 10**9,) * 2)


def test_nothing_is_looked_at_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places, script = ScriptPlaces(root, {}), root / "src" / "core" / "server.py"
    place, top = places.of(script, frozenset()), places.top(script)
    monkeypatch.delattr(script_places, "script_place")
    monkeypatch.delattr(script_places, "import_root")
    assert (places.of(script, frozenset()), places.top(script)) == (place, top)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", '[project.scripts]\nserve = "core.server:main"\n'),
        ("portside.toml", ""),
        (".env", "PORT=8001\n"),
        ("src/core/.env", "PORT=8002\n"),
        ("src/core/__init__.py", "import os\n"),
        ("src/core/helper.py", ""),
        ("src/__init__.py", ""),
        ("server.py", ""),
    ],
)
def test_a_file_that_comes_and_goes_counts(root: Path, file: str, text: str) -> None:
    places, script = ScriptPlaces(root, {}), root / "src" / "core" / "server.py"
    before = places.of(script, frozenset())
    (root / file).write_text(text)
    after = places.of(script, frozenset())
    assert after == ScriptPlaces(root, {}).of(script, frozenset()) != before
    (root / file).unlink()
    assert places.of(script, frozenset()) == before


def test_what_is_written_into_a_file_counts(root: Path) -> None:
    places, script = ScriptPlaces(root, {}), root / "src" / "core" / "server.py"
    (root / ".env").write_text("PORT=8001\n")
    _age(root)
    assert places.of(script, frozenset()).variables == {"PORT": "8001"}
    (root / ".env").write_text("PORT=8002\n")
    assert places.of(script, frozenset()).variables == {"PORT": "8002"}


def test_changes_of_one_moment_count_all(root: Path) -> None:
    places, script = ScriptPlaces(root, {}), root / "src" / "core" / "server.py"
    moment = (root / "src" / "core").stat().st_mtime_ns + 61 * 10**9
    for name in ("setup.py", "__init__.py"):
        (root / "src" / "core" / name).write_text("")
        os.utime(root / "src" / "core", ns=(moment, moment))
        assert places.top(script) == ScriptPlaces(root, {}).top(script)


def test_who_imports_it_counts(root: Path) -> None:
    places, script = ScriptPlaces(root, {}), root / "src" / "core" / "server.py"
    assert places.of(script, frozenset()).imported_names == frozenset()
    assert places.of(script, frozenset({"app"})).imported_names == {"app"}
    assert places.of(script, None).imported_names is None

"""What a launch serves: an app, or the name of one."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.facts import FileFacts, WorkspaceFacts, module_facts
from portside.python.launching.script_place import Folder, ScriptPlace
from portside.python.launching.served_app import import_string, is_object, names_own_file


def launched(text: str) -> FileFacts:
    return FileFacts(module_facts(SourceFile("a.py", f"import uvicorn\n{text}\n")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from web import app\nuvicorn.run(app)", True),
        ("from web import target\nuvicorn.run(target)", False),
        ("import web\nuvicorn.run(web.api)", True),
        ("def make(): ...\nuvicorn.run(make, factory=True)", True),
        ("uvicorn.run(lambda: 1)", True),
        ("uvicorn.run(build_the_app())", True),
        ("uvicorn.run(name())", False),
        ("uvicorn.run('m:app')", False),
        ("app = Middleware(1)\nuvicorn.run(app)", True),
        ("app = 'm:app' if x else App()\nuvicorn.run(app)", False),
        ("if x:\n    app = 'm:app'\nelse:\n    app = App()\nuvicorn.run(app)", False),
    ],
)
def test_an_object_is_told_from_what_may_be_a_text(text: str, expected: bool) -> None:
    facts = launched(text)
    (launch,) = facts.module.launches
    assert launch.app is not None
    assert is_object(facts.module.names, launch.app) is expected


def test_an_import_string_is_followed_through_a_constant() -> None:
    facts = launched("APP = 'core.web:app'\nuvicorn.run(APP)")
    found = import_string(facts.module.names, facts.module.launches[0])
    assert found is not None
    assert (found.module, found.attribute) == ("core.web", "app")


@pytest.mark.parametrize(
    ("path", "module", "names", "expected"),
    [
        ("server.py", "server", (), True),
        ("src/core/server.py", "core.server", (), True),
        ("server.py", "core.server", (), False),
        ("myserver.py", "server", (), False),
        ("server.py", ".server", (), False),
        ("server.py", "server", ("server",), False),
    ],
    ids=["its name", "with its package", "another's", "a part of it", "relative", "a package beside it"],
)
def test_a_module_is_the_file_by_its_path(
    path: str, module: str, names: tuple[str, ...], expected: bool
) -> None:
    place = ScriptPlace(path, folders=(Folder("", shadowing=frozenset(names)),))
    facts = FileFacts(module_facts(SourceFile(path, "")), WorkspaceFacts(place=place))
    assert names_own_file(facts, module) is expected

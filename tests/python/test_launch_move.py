"""What the launch fix writes, to the byte. That it starts the same server is proved in tests/proof."""

# ruff: noqa: E501 - a file in one string reads better than in ten

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from portside.lint.finding import Applicability, apply_edits
from portside.python.launching.launch_move import Move, plan_move
from portside.workspace.project import Project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
GUARD = "if __name__ == '__main__':\n"


def move(root: Path, code: str, files: dict[str, str] | None = None) -> tuple[Move, dict[str, str]]:
    """The plan for server.py, and the files that it writes, by name."""
    for name, text in {**(files or {}), "server.py": code}.items():
        (root / name).write_bytes(text.encode())
    facts = Project(root).file_facts(root / "server.py", code)
    plan = plan_move(facts, facts.module.launches[0])
    assert isinstance(plan, Move), plan
    written = {}
    for path in {edit.path for edit in plan.edits}:
        text = Path(path).read_bytes().decode()
        written[Path(path).name] = apply_edits(text, [edit for edit in plan.edits if edit.path == path])
    return plan, written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"import uvicorn\n{APP}\n{GUARD}    uvicorn.run(app)".replace("\n", "\r\n"),
            APP.replace("\n", "\r\n"),
            id="CRLF and no line end at the end",
        ),
        pytest.param(
            f"import uvicorn\n{APP}\n{GUARD}    uvicorn.run(app)\n".replace("\n", "\r\n"),
            APP.replace("\n", "\r\n"),
            id="CRLF",
        ),
        pytest.param(f"import uvicorn\n{APP}{GUARD[:-1]} uvicorn.run(app)\n", APP, id="a guard in one line"),
        pytest.param(
            f"try:\n    import uvicorn\nexcept ImportError:\n    uvicorn = None\n{APP}{GUARD}    uvicorn.run(app)\n",
            f"try:\n    import uvicorn\nexcept ImportError:\n    uvicorn = None\n{APP}",
            id="an import that may fail stays",
        ),
        pytest.param(
            f"import os\nimport uvicorn\n{APP}PORT = int(os.environ.get('PORT', 8000))  # where\n\n"
            f"{GUARD}    uvicorn.run(app, port=PORT)\n",
            APP,
            id="a constant goes with the import that it needed",
        ),
        pytest.param(
            f"import json\nimport uvicorn\n{APP}\n{GUARD}    uvicorn.run(app)\n",
            f"import json\n{APP}",
            id="what was unused before stays",
        ),
        pytest.param(
            f"import uvicorn\n{APP}PORT = 1\n__all__ = ['app', 'PORT']\n{GUARD}    uvicorn.run(app, port=PORT)\n",
            f"{APP}PORT = 1\n__all__ = ['app', 'PORT']\n",
            id="what __all__ names stays",
        ),
        pytest.param(
            f"import uvicorn\n{APP}def f(s: 'uvicorn.Server'): pass\n{GUARD}    uvicorn.run(app)\n",
            f"import uvicorn\n{APP}def f(s: 'uvicorn.Server'): pass\n",
            id="what an annotation in quotes names stays",
        ),
        pytest.param(
            f"import uvicorn\n{APP}PORT = 1\nprint(globals())\n{GUARD}    uvicorn.run(app, port=PORT)\n",
            f"{APP}PORT = 1\nprint(globals())\n",
            id="constants stay where names are looked up in strings",
        ),
        pytest.param(
            f"import uvicorn\n{APP}\n\n# Entry\ndef main() -> None:\n    '''Run.'''\n    # here\n    uvicorn.run(app)\n"
            f"\n\n{GUARD}    # x\n    main()\n    # y\n# z\n",
            f"{APP}\n\n# z\n",
            id="comments of the launch go, others stay",
        ),
        pytest.param(
            f"#!/usr/bin/env python\nimport uvicorn\n{APP}\n{GUARD}    uvicorn.run(app)\n",
            f"#!/usr/bin/env python\n{APP}",
            id="the first line stays",
        ),
        pytest.param(
            f"import uvicorn\n{APP}\n\n{GUARD}    uvicorn.run(app)\n\n\ndef after():\n    pass\n",
            f"{APP}\n\ndef after():\n    pass\n",
            id="a guard in the middle",
        ),
        pytest.param(
            f"# ⚡\nimport os, uvicorn\n{APP}\nGREETING = 'héllo 👋' + os.sep\n\n{GUARD}    uvicorn.run(app)\n",
            f"# ⚡\nimport os\n{APP}\nGREETING = 'héllo 👋' + os.sep\n",
            id="characters outside ASCII",
        ),
    ],
)
def test_only_the_launch_goes(tmp_path: Path, before: str, after: str) -> None:
    assert move(tmp_path, before)[1]["server.py"] == after


SERVER = f"import uvicorn\n{APP}{GUARD}    uvicorn.run(app, host='0.0.0.0', port=8010)\n"
ENTRIES = 'app = "server:app"\nhost = "0.0.0.0"\nport = 8010\n'


@pytest.mark.parametrize(
    ("name", "before", "added"),
    [
        ("pyproject.toml", '[project]\nname = "a"\n', f"\n[tool.portside.servers.server]\n{ENTRIES}"),
        ("pyproject.toml", '[project]\nname = "a"', f"\n\n[tool.portside.servers.server]\n{ENTRIES}"),
        ("portside.toml", "ignore = []\n\n\n", f"[servers.server]\n{ENTRIES}"),
        ("portside.toml", "", f"[servers.server]\n{ENTRIES}"),
        (
            "pyproject.toml",
            "[tool.portside.servers.server]\napp = 'other:app'\n",
            f"\n[tool.portside.servers.server-2]\n{ENTRIES}",
        ),
        ("pyproject.toml", "[tool.portside.servers.mine]\napp = 'server:app'\n", None),
        ("pyproject.toml", "[tool]\nportside = {ignore = []}\n", None),
        ("pyproject.toml", "[tool\n", None),
    ],
)
def test_the_settings_file_gets_the_run_configuration(
    tmp_path: Path, name: str, before: str, added: str | None
) -> None:
    written = move(tmp_path, SERVER, {name: before})[1]
    if added is None:
        assert name not in written
    else:
        assert written[name] == before + added
        tomllib.loads(written[name])


def test_no_settings_file_is_made(tmp_path: Path) -> None:
    assert set(move(tmp_path, SERVER)[1]) == {"server.py"}


def test_the_line_ends_of_the_settings_file_are_kept(tmp_path: Path) -> None:
    written = move(tmp_path, SERVER, {"pyproject.toml": '[project]\r\nname = "a"\r\n'})[1]["pyproject.toml"]
    assert "\n" not in written.replace("\r\n", "")


def test_who_still_runs_the_script_is_named(tmp_path: Path) -> None:
    assert move(tmp_path, SERVER)[0].applicability is Applicability.SAFE
    files = {"Dockerfile": "FROM a\nCMD python server.py\n", "run.sh": "torchrun server.py\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = Project(tmp_path).check(tmp_path / "server.py", SERVER).findings
    finding = next(finding for finding in found if finding.code == "PS101")
    assert finding.fixes[0].applicability is Applicability.UNSAFE
    assert finding.fixes[0].notes == (
        "`Dockerfile:2` starts the command then",
        "`run.sh:1` still runs the script: `torchrun` starts it",
    )


def test_files_that_are_looked_for_where_the_command_runs_are_named(tmp_path: Path) -> None:
    code = f"import uvicorn\n{APP}CONFIG = open('config.yaml')\n{GUARD}    uvicorn.run(app)\n"
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "server.py").write_text(code)
    facts = Project(tmp_path).file_facts(tmp_path / "core" / "server.py", code)
    plan = plan_move(facts, facts.module.launches[0])
    assert isinstance(plan, Move)
    assert plan.applicability is Applicability.UNSAFE
    assert plan.notes == ("`config.yaml`: looked for in the folder that the command is run in",)


@pytest.mark.parametrize(
    "before", ["", "# The front end\n", '"Start it."\n'], ids=["nothing", "a comment", "a docstring"]
)
def test_a_file_of_which_nothing_stays_is_left_to_the_user(tmp_path: Path, before: str) -> None:
    code = f"{before}import uvicorn\n\n{GUARD}    uvicorn.run('api:app')\n"
    plan, _ = move(tmp_path, code, {"api.py": APP})
    assert plan.applicability is Applicability.UNSAFE
    assert "nothing that runs is left in this file: delete it, or keep it as it is" in plan.notes


def test_a_file_that_keeps_something_is_safe(tmp_path: Path) -> None:
    code = f"import uvicorn\n\nVERSION = 3\n\n{GUARD}    uvicorn.run('api:app')\n"
    assert move(tmp_path, code, {"api.py": APP})[0].applicability is Applicability.SAFE

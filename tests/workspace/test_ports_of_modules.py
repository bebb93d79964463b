"""Ports that a script has from another module: known to the launches that run it, and kept up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.launchfiles.graph.plan import planned
from portside.lint.finding import apply_edits
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts
from portside.workspace.port_renaming import port_at
from portside.workspace.project import Project

APP = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
MAIN = "\nif __name__ == '__main__':\n    uvicorn.run(app, port={})\n"
DOCKERFILE = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\nCMD ["python", "app.py"]\n'


def server(imports: str, port: str) -> str:
    return f"{imports}\n{APP}{MAIN.format(port)}"


def numbers(files: LaunchIndex) -> list[int]:
    return sorted(row.claim.number for row in planned(files, files.all()))


SETTINGS = (
    "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    port: int = 8011\n"
)


@pytest.mark.parametrize(
    ("app", "others"),
    [
        (server("from settings import PORT", "PORT"), {"settings.py": "PORT = 8011\n"}),
        (server("import config", "config.PORT"), {"config.py": "PORT = 8011\n"}),
        (server("from conf import PORT as P", "int(P)"), {"conf/__init__.py": "PORT = '8011'\n"}),
        (
            server("from conf import net", "net.PORT"),
            {"conf/__init__.py": "", "conf/net.py": "PORT = 8011\n"},
        ),
        (
            server("from config import settings", "settings.port"),
            {"config.py": f"{SETTINGS}\n\nsettings = Settings()\n"},
        ),
        (
            server("from config import get_settings", "get_settings().port"),
            {"config.py": f"{SETTINGS}\n\ndef get_settings():\n    return Settings()\n"},
        ),
        (
            server("from config import Config", "Config.PORT"),
            {"config.py": "class Config:\n    PORT = 8011\n"},
        ),
        (
            server("from config import PORT", "PORT"),
            {"config.py": "from base import PORT\n", "base.py": "PORT = 8011\n"},
        ),
        (
            server("import config", "config.PORT"),
            {"config.py": "import os\n\nPORT = int(os.environ.get('PORT', '8011'))\n"},
        ),
    ],
)
def test_a_port_of_another_module_is_known(tmp_path: Path, app: str, others: dict[str, str]) -> None:
    lay_out(tmp_path, {"app.py": app, "run.sh": "python app.py\n", **others})
    assert numbers(LaunchIndex(LaunchTexts(tmp_path))) == [8011]


def test_the_environment_of_the_launch_counts_in_the_other_module(tmp_path: Path) -> None:
    config = "import os\n\nPORT = int(os.environ.get('API_PORT', '8011'))\n"
    app = server("import config", "config.PORT")
    lay_out(tmp_path, {"app.py": app, "config.py": config, "run.sh": "API_PORT=9000 python app.py\n"})
    assert numbers(LaunchIndex(LaunchTexts(tmp_path))) == [9000]


def test_an_edit_of_the_other_module_moves_what_launches_claim(tmp_path: Path) -> None:
    app = server("from config import PORT", "PORT")
    lay_out(tmp_path, {"app.py": app, "config.py": "from base import PORT\n", "run.sh": "python app.py\n"})
    texts = LaunchTexts(tmp_path)
    files = LaunchIndex(texts)
    assert numbers(files) == []
    for name, text, expected in (
        ("base.py", "PORT = 8011\n", [8011]),
        ("base.py", "PORT = 8012\n", [8012]),
        ("config.py", "PORT = 8013\n", [8013]),
        ("config.py", "import os\nPORT = os.environ['X']\n", []),
    ):
        (tmp_path / name).write_text(text)
        texts.changed(tmp_path / name)
        assert numbers(files) == expected
    (tmp_path / "config.py").unlink()
    texts.changed(tmp_path / "config.py")
    lay_out(tmp_path, {"config/__init__.py": "PORT = 8014\n"})
    texts.changed(tmp_path / "config/__init__.py")
    assert numbers(files) == [8014]


def test_an_unrelated_module_leaves_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = server("from config import PORT", "PORT")
    lay_out(tmp_path, {"app.py": app, "config.py": "PORT = 8011\n", "run.sh": "python app.py\n"})
    texts = LaunchTexts(tmp_path)
    files = LaunchIndex(texts)
    assert numbers(files) == [8011]

    def fail(*_: object) -> None:
        raise AssertionError("the script was read again")

    monkeypatch.setattr("portside.workspace.launch_index.asked_ports", fail)
    (tmp_path / "other.py").write_text("PORT = 1\n")
    texts.changed(tmp_path / "other.py")
    assert numbers(files) == [8011]


def mismatches(project: Project, root: Path) -> Sequence[str]:
    found = project.check(root / "Dockerfile", DOCKERFILE).findings
    return [finding.message for finding in found if finding.code == "PS204"]


def test_unsaved_text_of_the_module_counts(tmp_path: Path) -> None:
    app = server("from config import PORT", "PORT")
    lay_out(tmp_path, {"app.py": app, "config.py": "PORT = 8011\n", "Dockerfile": DOCKERFILE})
    project = Project(tmp_path)
    (message,) = mismatches(project, tmp_path)
    assert "8011" in message
    project.set_overlay(tmp_path / "config.py", "PORT = 8000\n")
    assert not mismatches(project, tmp_path)
    project.set_overlay(tmp_path / "config.py", None)
    assert mismatches(project, tmp_path)


def test_a_port_is_renamed_in_the_module_that_says_it(tmp_path: Path) -> None:
    app, config = server("from config import PORT", "PORT"), "NAME = 'a'\nPORT = 8000\n"
    other = server("import config", "config.PORT")
    files = {
        "app.py": app,
        "b.py": other,
        "config.py": config,
        "Dockerfile": DOCKERFILE,
        "b.sh": "python b.py\n",
    }
    lay_out(tmp_path, files)
    project = Project(tmp_path)
    for name, offset in (("config.py", config.index("8000")), ("Dockerfile", DOCKERFILE.index("8000"))):
        port = port_at(project, tmp_path / name, offset)
        assert port is not None
        after = {Path(edit.path).name: edit for edit in port.edits(tmp_path, 9100)}
        assert set(after) == {"config.py", "Dockerfile"}
        assert apply_edits(config, [after["config.py"]]) == "NAME = 'a'\nPORT = 9100\n"

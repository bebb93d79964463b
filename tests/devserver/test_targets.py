"""What is served where the command line leaves it open: the settings, or the only app in the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.cli import serve_target
from portside.cli.serve_target import Unclear
from portside.devserver.planning.plan import Choice, Target

from .conftest import Start, ask, write

SETTINGS = """\
[servers.api]
app = "core.api:app"
host = "0.0.0.0"
port = 8010
env = { GREETING = "hello" }
env-file = "api.env"
watch = ["templates"]

[servers.batch]
command = ["python", "batch.py"]
"""


@pytest.fixture
def settings(project: Path) -> Path:
    (project / "portside.toml").write_text(SETTINGS)
    (project / "api.env").write_text("# comment\nexport NAME='you'\nGREETING=overridden\n")
    return project


def test_a_server_is_named_by_the_settings(settings: Path) -> None:
    choice = serve_target.choose("api", settings)
    assert isinstance(choice, Choice)
    assert (choice.spec, choice.name, choice.host, choice.port) == ("core.api:app", "api", "0.0.0.0", 8010)
    assert choice.environment == {"GREETING": "hello"}
    assert choice.env_files == (settings / "api.env",)
    assert (choice.watch, choice.folder) == (("templates",), settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nobody", "nor a server of the settings (api, batch)"),
        (None, "several"),
    ],
)
def test_what_can_not_be_served_is_said(settings: Path, name: str | None, text: str) -> None:
    choice = serve_target.choose(name, settings)
    assert isinstance(choice, Unclear)
    assert text in choice.text


@pytest.mark.parametrize(("name", "meant"), [("ap", "api"), ("core.ap", "core.api:app")])
def test_what_was_meant_instead_is_asked(settings: Path, name: str, meant: str) -> None:
    (settings / "core").mkdir()
    (settings / "core/api.py").write_text(FASTAPI)
    choice = serve_target.choose(name, settings)
    assert isinstance(choice, Unclear)
    assert f"did you mean `{meant}`?" in choice.text


def test_a_server_of_the_settings_may_be_a_command(settings: Path) -> None:
    choice = serve_target.choose("batch", settings)
    assert isinstance(choice, Choice)
    assert (choice.command, choice.name, choice.folder) == (("python", "batch.py"), "batch", settings)


def test_broken_settings_are_said_with_their_line(project: Path) -> None:
    (project / "portside.toml").write_text("[servers.api]\nprot = 1\n")
    choice = serve_target.choose("api", project)
    assert isinstance(choice, Unclear)
    assert "portside.toml:2" in choice.text


FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root():\n    return 'found'\n"


def test_the_only_app_in_the_folder_is_served(serve: Start, tmp_path: Path) -> None:
    folder = tmp_path / "only"
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "__init__.py").write_text("")
    write(folder / "core" / "api.py", FASTAPI)
    served = serve(folder=folder)
    served.wait_for("ready")
    assert ask(served.port) == (200, '"found"')


def test_an_empty_folder_is_bad_usage(serve: Start, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    served = serve(folder=folder)
    assert served.process.wait(PATIENCE_S) == 2
    assert "no app was found" in served.wait_for("error")["text"]


def test_the_environment_of_the_settings_reaches_the_app(serve: Start, settings: Path) -> None:
    text = (settings / "app.py").read_text().replace('"1"', 'os.environ["GREETING"] + os.environ["NAME"]')
    (settings / "core").mkdir()
    write(settings / "core" / "api.py", "import os\n" + text)
    served = serve("api")
    served.wait_for("ready")
    assert ask(served.port) == (200, "helloyou")


def test_the_uvicorn_command_line_is_uvicorns_own() -> None:
    target = Target("app", "core.api:make", ("--log-level", "debug"), app_dir="src", factory=True)
    assert target.command_line("::1", 8010) == [
        *("core.api:make", "--host", "::1", "--port", "8010"),
        *("--app-dir", "src", "--factory", "--log-level", "debug"),
    ]
    assert target.folder(Path("/project")) == Path("/project/src")


def test_app_dir_and_factory_reach_uvicorn(serve: Start, project: Path) -> None:
    (project / "src").mkdir()
    text = (project / "app.py").read_text() + "\n\ndef make():\n    return app\n"
    write(project / "src" / "made.py", text.replace('"1"', '"made"'))
    served = serve("made:make", "--app-dir", "src", "--factory", "--", "--header", "x-more: yes")
    served.wait_for("ready")
    assert ask(served.port) == (200, "made")
    write(project / "src" / "made.py", text.replace('"1"', '"again"'))
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "again")

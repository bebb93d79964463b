"""Variables from files: read as dotenv does, told with their line where broken, a restart where changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from portside.cli import serve_target
from portside.devserver.planning import env_files
from portside.devserver.planning.env_files import EnvFileMistake
from portside.devserver.planning.plan import Choice

from .conftest import RAW_APP, Start, ask, write

GREETING = 'VERSION = os.environ.get("GREETING", "none")'
GREETING_APP = "import os\n" + RAW_APP.replace('VERSION = "1"', GREETING)


def values(tmp_path: Path, text: str | bytes, **outside: str) -> dict[str, str] | EnvFileMistake:
    path = tmp_path / ".env"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return env_files.read((path,), outside)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\n# comment\n\nB = two words # rest\n", {"A": "1", "B": "two words"}),
        ("export A='x # y'\nB=\"a\\nb\"\n", {"A": "x # y", "B": "a\nb"}),
        ("A='one\ntwo'\n", {"A": "one\ntwo"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        (b"\xef\xbb\xbfA=1\n", {"A": "1"}),
        ("A=1\nB=${A}2\n", {"A": "1", "B": "12"}),
        ("URL=https://x/?a=b#c\n", {"URL": "https://x/?a=b#c"}),
        ("A=\n", {"A": ""}),
        ("", {}),
    ],
)
def test_a_file_is_read_as_everybody_else_reads_it(
    tmp_path: Path, text: str | bytes, found: dict[str, str]
) -> None:
    assert values(tmp_path, text) == found


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\n\nB='open\nC=2\n", 3), ("A=1\nnot a variable =\n", 2), (b"A=1\nB=\xff\n", 2)]
)
def test_a_broken_line_is_named(tmp_path: Path, text: str | bytes, line: int) -> None:
    mistake = values(tmp_path, text)
    assert isinstance(mistake, EnvFileMistake)
    assert mistake.line == line
    assert str(mistake).startswith(f"{tmp_path / '.env'}:{line}: is not")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert str(env_files.read((tmp_path / "no.env",), {})) == f"{tmp_path / 'no.env'}: there is no such file"


def test_what_is_set_outside_wins_and_of_two_files_the_later(tmp_path: Path) -> None:
    one, two = tmp_path / "1.env", tmp_path / "2.env"
    one.write_text("A=1\nB=1\nC=1\n")
    two.write_text("B=2\nC=2\n")
    assert env_files.read((one, two), {"C": "shell"}) == {"A": "1", "B": "2"}


def test_a_server_of_the_settings_has_files_and_gpus(project: Path) -> None:
    (project / "portside.toml").write_text(
        '[servers.api]\napp = "app:app"\nenv-file = [".env", "more.env"]\ngpus = [0, 2]\nenv = { A = "1" }\n'
    )
    choice = serve_target.choose("api", project)
    assert isinstance(choice, Choice)
    assert choice.env_files == (project / ".env", project / "more.env")
    assert choice.environment == {"A": "1", "CUDA_VISIBLE_DEVICES": "0,2"}


def test_a_missing_file_ends_it_before_the_port_is_taken(serve: Start) -> None:
    served = serve("app:app", "--env-file", "missing.env")
    assert "missing.env: there is no such file" in served.wait_for("error")["text"]
    assert served.process.wait(PATIENCE_S) == 2


def test_a_change_of_the_file_restarts_the_app_with_the_new_values(serve: Start, project: Path) -> None:
    write(project / "app.py", GREETING_APP)
    (project / ".gitignore").write_text(".env\n")
    write(project / ".env", "GREETING=hello\n")
    served = serve("app:app", "--env-file", ".env")
    served.wait_for("ready", generation=1)
    assert ask(served.port) == (200, "hello")
    write(project / ".env", "GREETING=good evening\n")
    served.wait_for("ready", generation=2)
    assert ask(served.port) == (200, "good evening")
    write(project / ".env", "GREETING='open\n")
    served.wait_for("ready", generation=3)
    assert ask(served.port) == (200, "good evening")
    notes = [event["text"] for event in served.events if event["event"] == "note"]
    assert any(".env:1: is not of the form NAME=value" in text for text in notes)


def test_the_spare_interpreter_does_not_keep_old_values(serve: Start, project: Path) -> None:
    write(project / "app.py", GREETING_APP)
    write(project / ".env", "GREETING=1\n")
    served = serve("app:app", "--env-file", ".env")
    for generation in range(1, 5):
        served.wait_for("ready", generation=generation)
        assert ask(served.port) == (200, str(generation))
        write(project / ".env", f"GREETING={generation + 1}\n")

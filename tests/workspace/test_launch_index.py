"""The launch files of a workspace, over folders on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.folders import lay_out

from portside.launchfiles.facts import Format
from portside.lint.source import Span
from portside.workspace.launch_index import LaunchIndex
from portside.workspace.launch_texts import LaunchTexts

FILES = {
    "Dockerfile": 'FROM python:3.11\nCMD ["uvicorn", "a:app", "--port", "8000"]\n',
    "deploy/compose.yaml": "services:\n  a:\n    image: x\n    ports: ['80:80']\n",
    "bin/run": "#!/bin/sh\nexec uvicorn a:app\n",
    "bin/LICENSE": "uvicorn a:app\n",
    "server.py": "import uvicorn\n\nif __name__ == '__main__':\n    uvicorn.run('a:app', port=9001)\n",
    ".gitignore": "local.sh\n.env\n",
    ".env": "PORT=9000\n",
    "local.sh": "uvicorn a:app\n",
    "node_modules/x/start.sh": "uvicorn a:app\n",
    "notes.yaml": "a: uvicorn\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    lay_out(tmp_path, FILES)
    return tmp_path


def paths(files: LaunchIndex) -> list[str]:
    return [file.path for file in files.all()]


def test_all_launch_files_are_found_but_what_git_ignores(root: Path) -> None:
    assert paths(LaunchIndex(LaunchTexts(root))) == ["Dockerfile", "bin/run", "deploy/compose.yaml"]


def test_an_excluded_folder_does_not_count(root: Path) -> None:
    deploy = str(root / "deploy")
    files = LaunchIndex(LaunchTexts(root, lambda _folder: lambda path, _is_folder: path == deploy))
    assert paths(files) == ["Dockerfile", "bin/run"]


def test_a_file_that_git_ignores_is_read_where_another_names_it(root: Path) -> None:
    file = LaunchIndex(LaunchTexts(root)).file(".env")
    assert file is not None
    assert file.format is Format.DOTENV


def test_a_file_of_another_kind_says_nothing(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert files.file("server.py") is None
    assert files.file("notes.yaml") is None
    assert files.file("nowhere.sh") is None


def test_changes_count_once_they_are_told(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    paths(files)
    new = root / "start.sh"
    new.write_text("uvicorn a:app\n")
    texts.changed(new)
    assert "start.sh" in paths(files)
    new.unlink()
    texts.changed(new)
    (root / "Dockerfile").write_text("FROM scratch\n")
    texts.changed(root / "Dockerfile")
    assert paths(files) == ["bin/run", "deploy/compose.yaml"]


def test_a_file_that_starts_nothing_by_itself_is_read_where_another_names_it(root: Path) -> None:
    (root / "base.Dockerfile").write_text('FROM scratch\nCMD ["./go"]\n')
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert "base.Dockerfile" not in paths(files)
    assert files.file("base.Dockerfile") is not None


def test_without_a_path_everything_is_looked_at_again(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    paths(files)
    (root / "start.sh").write_text("uvicorn a:app\n")
    texts.changed()
    assert "start.sh" in paths(files)


def test_unsaved_text_counts_instead_of_the_saved_one(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert files.source("Dockerfile").text == FILES["Dockerfile"]
    texts.set_overlay(root / "Dockerfile", "FROM scratch\nEXPOSE 1\n")
    assert files.source("Dockerfile").text == "FROM scratch\nEXPOSE 1\n"
    texts.set_overlay(root / "Dockerfile", None)
    assert files.source("Dockerfile").text == FILES["Dockerfile"]


def test_a_file_that_is_only_in_the_editor_is_there(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    texts.set_overlay(root / "deploy/new.sh", "uvicorn a:app\n")
    assert files.is_file("deploy/new.sh")
    assert "deploy/new.sh" in paths(files)
    assert "deploy/new.sh" in [file.path for file in files.in_folder("deploy")]


def test_the_folder_of_a_new_file_is_listed_again(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert [file.path for file in files.in_folder("deploy")] == ["deploy/compose.yaml"]
    (root / "deploy/start.sh").write_text("uvicorn a:app\n")
    texts.changed(root / "deploy/start.sh")
    assert [file.path for file in files.in_folder("deploy")] == ["deploy/compose.yaml", "deploy/start.sh"]


def test_a_script_says_where_it_listens_and_says_otherwise_once_it_changed(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert [port.number for port in files.ports_of("server.py", (), {})] == [9001]
    (root / "server.py").write_text(FILES["server.py"].replace("9001", "int(os.environ['PORT'])"))
    texts.changed(root / "server.py")
    assert [port.number for port in files.ports_of("server.py", (), {})] == [None]
    (root / "server.py").write_text("import os, " + (root / "server.py").read_text()[7:])
    texts.changed(root / "server.py")
    assert [port.number for port in files.ports_of("server.py", (), {"PORT": "9002"})] == [9002]
    assert [port.number for port in files.ports_of("gone.py", (), {})] == []


def test_lines_count_from_one(root: Path) -> None:
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    start = FILES["Dockerfile"].index("CMD")
    assert files.line("Dockerfile", Span(start, start)) == 2


def test_a_proxy_is_noticed(root: Path) -> None:
    (root / "proxied.sh").write_text("service nginx start\nuvicorn a:app\n")
    texts = LaunchTexts(root)
    files = LaunchIndex(texts)
    assert files.may_proxy("proxied.sh")
    assert not files.may_proxy("Dockerfile")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import requests\nrequests.get(url)", True),
        ('client = OpenAI(base_url=f"http://{host}:{port}")  # launch the server first', True),
        ("import urllib.request\nparser.add_argument('--port', help='of the FastAPI server')", True),
        ("import requests, uvicorn\nuvicorn.run(app)", False),
        ("import httpx, subprocess\nsubprocess.Popen(command)", False),
        ("from server import main\nmain()", False),
    ],
)
def test_a_script_that_only_asks_servers_is_known(root: Path, source: str, expected: bool) -> None:
    (root / "ask.py").write_text(source)
    assert LaunchIndex(LaunchTexts(root)).only_calls("ask.py") is expected


def test_a_folder_that_was_removed_without_a_word_says_nothing_any_more(root: Path) -> None:
    files = LaunchIndex(LaunchTexts(root))
    assert "deploy/compose.yaml" in paths(files)
    shutil.rmtree(root / "deploy")
    assert "deploy/compose.yaml" not in paths(files)

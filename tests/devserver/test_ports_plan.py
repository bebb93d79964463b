"""`portside ports --plan`: who listens where according to the files, beside what listens now."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .holding import Holding
from .test_port_states import low_port

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="ports are read from Linux's /proc"
)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portside", "ports", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def plan(folder: Path) -> list[dict[str, Any]]:
    found = json.loads(run(folder, "--plan", "--output-format", "json").stdout)
    return list(found["plan"])


def compose(folder: Path, first: int, second: int) -> None:
    (folder / "compose.yaml").write_text(
        f'services:\n  a:\n    build: .\n    ports: ["{first}:8000"]\n'
        f'  b:\n    image: x\n    ports: ["{second}:80"]\n'
    )
    (folder / "Dockerfile").write_text("FROM python:3.11\nCMD uvicorn app:app --port 8000\n")


def test_a_folder_without_launch_files_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "--plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no launch file below this folder says who listens on which port\n"
    assert plan(tmp_path) == []
    assert run(tmp_path, "--plan", "--output-format", "mermaid").stdout == "flowchart LR\n"


def test_the_way_to_what_listens_is_shown(tmp_path: Path) -> None:
    port = low_port()
    compose(tmp_path, port, port + 1)
    done = run(tmp_path, "--plan")
    assert done.returncode == 0, done.stderr
    lines = [re.split(r"\s{2,}", line) for line in done.stdout.splitlines()]
    assert lines[0] == ["PORT", "WHO", "RUNS", "WHERE", "NOW"]
    assert lines[1][:4] == [str(port), "service `a`", "8000: uvicorn app:app", "compose.yaml:4"]
    assert lines[2][:4] == [str(port + 1), "service `b`", "80: its image", "compose.yaml:7"]
    first = plan(tmp_path)[0]
    assert first["through"] == ["Dockerfile"]
    assert (first["network"], first["container_port"]) == ("machine", 8000)


def test_two_that_want_one_port_are_told_in_words_and_by_the_exit_code(tmp_path: Path) -> None:
    port = low_port()
    compose(tmp_path, port, port)
    done = run(tmp_path, "--plan")
    assert done.returncode == 1
    assert "conflict: service `b` (compose.yaml:7) too" in done.stdout
    assert [row["conflicts_with"] for row in plan(tmp_path)] == [
        ["service `b` (compose.yaml:7)"],
        ["service `a` (compose.yaml:4)"],
    ]
    graph = run(tmp_path, "--plan", "--output-format", "mermaid").stdout
    assert "conflict with service b" in graph


def test_who_has_the_port_now_is_named(tmp_path: Path) -> None:
    port = low_port()
    compose(tmp_path, port, port + 1)
    with Holding("listens", port) as holding:
        row = plan(tmp_path)[0]
        text = run(tmp_path, "--plan").stdout
    assert row["state"] == "listening"
    assert [one["pid"] for one in row["holders"]] == [holding.pid]
    assert f"(pid {holding.pid})" in text


def test_servers_of_the_settings_are_listed_and_excluded_files_are_not(tmp_path: Path) -> None:
    port = low_port()
    compose(tmp_path, port, port)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.portside]\nexclude = ["compose.yaml", "Dockerfile"]\n'
        f'[tool.portside.servers.api]\napp = "app:app"\nport = {port}\n'
    )
    assert [(row["port"], row["who"], row["path"]) for row in plan(tmp_path)] == [
        (port, "server `api`", "pyproject.toml")
    ]


@pytest.mark.parametrize("words", [("--plan", "8000"), ("--plan", "--watch"), ("--output-format", "mermaid")])
def test_what_does_not_go_together_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert "Usage:" in done.stderr

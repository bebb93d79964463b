"""`portside check` and `portside fix` on launch files, as users run them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Portside

from portside.launchfiles.names import may_launch

SCRIPT = "VLLM_PORT=8000 vllm serve m\n"
FIXED = "PORT=8000 vllm serve m\n"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "start.sh": SCRIPT,
        "ignored/start.sh": SCRIPT,
        "left_out/start.sh": SCRIPT,
        "Dockerfile": "FROM a\nEXPOSE 80000\n",
        "values.yaml": "VLLM_PORT: 8000\n",
        "LICENSE": "vllm serve m --port 80000\n",
        ".gitignore": "ignored/\n",
        "portside.toml": 'exclude = ["left_out"]\nport-variable = "PORT"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_a_folder_is_searched_for_them(portside: Portside, tree: Path) -> None:
    outcome = portside("check")
    assert outcome.code == 1
    assert re.findall(r"^(\S+): (PS\d+)", outcome.out, re.MULTILINE) == [
        ("Dockerfile:2:8", "PS205"),
        ("start.sh:1:1", "PS202"),
    ]
    assert "Found 2 errors in 2 files of 2." in outcome.out


def test_one_that_is_named_is_always_checked(portside: Portside, tree: Path) -> None:
    outcome = portside("check", "left_out/start.sh", "ignored/start.sh")
    assert outcome.out.count("PS202") == 2


def test_rules_are_chosen_and_weighed_for_them_too(portside: Portside, tree: Path) -> None:
    assert "PS205" not in portside("check", "--select", "PS202").out
    outcome = portside("check", "--ignore", "PS205", "--severity", "PS202=hint")
    assert "Found 1 hint in 1 file" in outcome.out
    (tree / "portside.toml").write_text('per-file-ignores = { "*.sh" = ["PS202"] }\nexclude = ["left_out"]\n')
    assert "PS202" not in portside("check").out


def test_a_baseline_accepts_what_is_there(portside: Portside, tree: Path) -> None:
    assert portside("check", "--write-baseline", "baseline.json").code == 0
    assert portside("check", "--baseline", "baseline.json").code == 0
    (tree / "start.sh").write_text(SCRIPT + "uvicorn a:b --port 70000\n")
    outcome = portside("check", "--baseline", "baseline.json")
    assert outcome.out.count("PS205") == 1
    assert "the baseline accepts 2 more" in outcome.out


def test_findings_come_as_data(portside: Portside, tree: Path) -> None:
    found = json.loads(portside("check", "--output-format", "json").out)
    assert [one["code"] for one in found] == ["PS205", "PS202"]
    sarif = json.loads(portside("check", "--output-format", "sarif").out)
    result = sarif["runs"][0]["results"][1]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "start.sh"
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"] == "PORT"
    assert "file=start.sh,line=1" in portside("check", "--output-format", "github").out


def test_the_statistics_count_them(portside: Portside, tree: Path) -> None:
    assert "files: 2 found, 0 skipped by the prefilter, 2 parsed" in portside("check", "--statistics").out


def test_standard_input_is_read_under_a_launch_files_name(portside: Portside, tmp_path: Path) -> None:
    text = b"FROM a\nEXPOSE 80000\n"
    outcome = portside("check", "-", "--stdin-filename", "Dockerfile", stdin=text)
    assert outcome.out.startswith("Dockerfile:2:8: PS205")


def test_comments_silence_and_are_taken_out_again(portside: Portside, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n# portside: ignore[invalid-port]\nEXPOSE 80000\n")
    assert portside("check").code == 0
    (tmp_path / "Dockerfile").write_text("FROM a\n# portside: ignore[invalid-port]\nEXPOSE 8000\n")
    assert "PS001" in portside("check").out
    assert portside("fix").code == 0
    assert (tmp_path / "Dockerfile").read_text() == "FROM a\nEXPOSE 8000\n"


def test_an_unsafe_fix_is_shown_and_made_on_demand(portside: Portside, tree: Path) -> None:
    assert portside("fix", "start.sh").code == 1
    assert (tree / "start.sh").read_text() == SCRIPT
    shown = portside("fix", "--unsafe", "--diff", "start.sh").out
    assert f"-{SCRIPT}+{FIXED}" in shown
    assert portside("fix", "--unsafe", "start.sh").code == 0
    assert (tree / "start.sh").read_text() == FIXED


def test_a_template_that_can_not_be_read_whole_is_no_reason_to_warn(
    portside: Portside, tmp_path: Path
) -> None:
    text = "apiVersion: v1\nkind: Pod\nspec: {{ toYaml .Values | nindent 2 }}\n  containers: [\n"
    (tmp_path / "pod.yaml").write_text(text)
    outcome = portside("check")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    "name",
    [
        "server.py",
        "a/Dockerfile",
        "Dockerfile.gpu",
        "api.dockerfile",
        "compose.yml",
        "k8s/a.yaml",
        "start.sh",
        "Makefile",
        "GNUmakefile",
        "rules.mk",
        "Procfile",
        "vllm.service",
        ".env",
        ".env.local",
        "prod.env",
        "package.json",
        ".vscode/launch.json",
        ".vscode/tasks.json",
    ],
)
def test_the_pre_commit_hook_takes_what_is_checked(name: str) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert name.endswith(".py") or may_launch(name.rpartition("/")[2])
    assert re.search(hook["files"], name)


@pytest.mark.parametrize("name", ["README.md", "data.json", "makefile_notes.txt", "a.pyc", "environment.ts"])
def test_the_pre_commit_hook_leaves_the_rest(name: str) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert not re.search(hook["files"], name)

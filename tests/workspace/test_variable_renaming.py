"""`VLLM_PORT` renamed wherever it flows to the program that takes it for its API's port, as one fix."""

from __future__ import annotations

from pathlib import Path

from portside.lint.finding import Fix, apply_edits
from portside.workspace.project import Project

SERVER = (
    "import os\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
    "uvicorn.run(app, port=int(os.environ['VLLM_PORT']))\n"
)


def fix(root: Path, files: dict[str, str]) -> Fix:
    for name, text in {"server.py": SERVER, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    findings = Project(root).check(root / "server.py", SERVER).findings
    return next(f.fixes[0] for f in findings if f.code == "PS202")


def fixed(root: Path, files: dict[str, str]) -> dict[str, str]:
    edits = fix(root, files).edits
    by_file = {Path(edit.path).relative_to(root).as_posix(): edit.path for edit in edits}
    return {
        name: apply_edits((root / name).read_text(), [edit for edit in edits if edit.path == path])
        for name, path in by_file.items()
    }


def test_every_file_that_hands_it_on_changes(tmp_path: Path) -> None:
    files = {
        "Dockerfile": 'FROM a\nENV VLLM_PORT=8000\nEXPOSE $VLLM_PORT\nCMD ["python", "server.py"]\n',
        "compose.yaml": "services:\n  api:\n    build: .\n    environment:\n"
        "      VLLM_PORT: ${VLLM_PORT:-8000}\n",
        "run.sh": 'export VLLM_PORT="${VLLM_PORT:-8000}"\npython server.py\n',
        "api.service": "[Service]\nEnvironment=VLLM_PORT=8000\nExecStart=/usr/bin/python3 server.py\n",
        ".env": "VLLM_PORT=8000\nMY_VLLM_PORT_RANGE=1\n",
    }
    after = fixed(tmp_path, files)
    assert set(after) == {*files, "server.py"}
    for name, text in files.items():
        assert after[name] == text.replace("MY_VLLM_PORT_RANGE", "-").replace("VLLM_PORT", "PORT").replace(
            "-=1", "MY_VLLM_PORT_RANGE=1"
        )


def test_a_pod_that_sets_it_changes(tmp_path: Path) -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    command: [python, server.py]\n"
        "    env:\n    - name: VLLM_PORT\n      value: '8000'\n"
    )
    assert fixed(tmp_path, {"k8s/a.yaml": text})["k8s/a.yaml"] == text.replace("VLLM_PORT", "PORT")


def test_a_file_in_which_another_program_has_it_stays_and_is_named(tmp_path: Path) -> None:
    text = (
        "services:\n  api:\n    command: python server.py\n    environment:\n      VLLM_PORT: 8000\n"
        "  engine:\n    image: vllm/vllm-openai\n    environment:\n      VLLM_PORT: 29500\n"
    )
    files = {"compose.yaml": text, ".env": "VLLM_PORT=8000\n"}
    assert set(fixed(tmp_path, files)) == {"server.py"}
    assert "`compose.yaml` names the variable for other programs, too." in fix(tmp_path, files).notes


def test_vllms_own_use_elsewhere_stays(tmp_path: Path) -> None:
    other = "export VLLM_PORT=29500\nvllm serve m --port 8000\n"
    assert set(fixed(tmp_path, {"vllm.sh": other})) == {"server.py"}


def test_a_name_that_a_launch_file_has_already_is_not_taken(tmp_path: Path) -> None:
    text = "export PORT=1 VLLM_PORT=8000\npython server.py\n"
    after = fixed(tmp_path, {"run.sh": text})
    assert after["run.sh"] == text.replace("VLLM_PORT", "API_PORT")
    assert "API_PORT" in after["server.py"]

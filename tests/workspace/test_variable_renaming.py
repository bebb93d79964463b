"""`VLLM_PORT` renamed wherever it flows to the program that takes it for its API's port, as one fix."""

from __future__ import annotations

from pathlib import Path

from tests.folders import lay_out

from portside.lint.finding import Fix, apply_edits
from portside.workspace.project import Project

SERVER = (
    "import os\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
    "uvicorn.run(app, port=int(os.environ['VLLM_PORT']))\n"
)


def fix(root: Path, files: dict[str, str], asked: str = "server.py") -> Fix:
    """The fix of the first finding in the file that is asked."""
    files = {"server.py": SERVER, **files}
    lay_out(root, files)
    findings = Project(root).check(root / asked, files[asked]).findings
    return next(f.fixes[0] for f in findings if f.code == "PS202")


def fixed(root: Path, files: dict[str, str], asked: str = "server.py") -> dict[str, str]:
    """The files that the fix changes, as it leaves them."""
    edits = fix(root, files, asked).edits
    by_file = {Path(edit.path).relative_to(root).as_posix(): edit.path for edit in edits}
    return {
        name: apply_edits((root / name).read_text(), [edit for edit in edits if edit.path == path])
        for name, path in by_file.items()
    }


def renamed(files: dict[str, str], name: str = "PORT") -> dict[str, str]:
    return {path: text.replace("VLLM_PORT", name) for path, text in files.items()}


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


def test_another_service_keeps_it_with_the_settings_that_both_may_read(tmp_path: Path) -> None:
    api = "  api:\n    command: python server.py\n    environment:\n      VLLM_PORT: ${VLLM_PORT:-8000}\n"
    engine = "  engine:\n    image: vllm/vllm-openai\n    environment:\n      VLLM_PORT: 29500\n"
    files = {"compose.yaml": f"services:\n{api}{engine}", ".env": "VLLM_PORT=8000\n"}
    after = fixed(tmp_path, files)
    assert set(after) == {"server.py", "compose.yaml"}
    assert after["compose.yaml"] == f"services:\n{api.replace(' VLLM_PORT:', ' PORT:')}{engine}"
    assert "`.env` names the variable for other programs, too." in fix(tmp_path, files).notes


def test_a_file_whose_parts_share_what_they_set_stays_and_is_named(tmp_path: Path) -> None:
    text = "export VLLM_PORT = 8000\n\napi:\n\tpython server.py\n\nengine:\n\tVLLM_PORT=29500 vllm serve m\n"
    assert set(fixed(tmp_path, {"Makefile": text})) == {"server.py"}
    assert "`Makefile` names the variable for other programs, too." in fix(tmp_path, {"Makefile": text}).notes


def test_vllms_own_use_elsewhere_stays(tmp_path: Path) -> None:
    other = "export VLLM_PORT=29500\nvllm serve m --port 8000\n"
    assert set(fixed(tmp_path, {"vllm.sh": other})) == {"server.py"}


def test_a_name_that_a_launch_file_has_already_is_not_taken(tmp_path: Path) -> None:
    text = "export PORT=1 VLLM_PORT=8000\npython server.py\n"
    after = fixed(tmp_path, {"run.sh": text})
    assert after["run.sh"] == text.replace("VLLM_PORT", "API_PORT")
    assert "API_PORT" in after["server.py"]


# From a launch file

FLOW = {
    "serve.sh": '#!/bin/sh\nexec vllm serve m --port "$VLLM_PORT"\n',
    "Dockerfile": 'FROM vllm/vllm-openai\nENV VLLM_PORT=8000\nCOPY serve.sh .\nENTRYPOINT ["./serve.sh"]\n',
    "compose.yaml": "services:\n  a:\n    build: .\n    environment:\n      VLLM_PORT: ${VLLM_PORT:-8000}\n",
    ".env": "VLLM_PORT=8000\n",
    ".env.example": "# for clients\nVLLM_PORT=8000\n",
    "deploy/api.service": "[Service]\nEnvironment=VLLM_PORT=8000\nExecStart=/bin/sh ../serve.sh\n",
    "Makefile": "export VLLM_PORT ?= 8000\n\nserve:\n\t./serve.sh\n",
    "Procfile": "web: VLLM_PORT=8000 ./serve.sh\n",
    "k8s/api.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n"
    "    command: [../serve.sh]\n"
    "    env:\n    - name: VLLM_PORT\n      value: '8000'\n",
}


def test_a_script_deep_below_has_every_file_change_that_hands_it_on(tmp_path: Path) -> None:
    files = {path: text for path, text in FLOW.items() if path != "server.py"}
    assert fixed(tmp_path, files, "serve.sh") == renamed(files)


SERVICE = (
    "services:\n  vllm:\n    image: vllm/vllm-openai\n"
    "    command: --model m --port 8000\n    env_file: .env\n"
    "    environment:\n      VLLM_PORT: 8000\n"
)


def test_a_file_of_variables_changes_with_the_service_that_gets_it(tmp_path: Path) -> None:
    files = {"compose.yaml": SERVICE.partition("    environment")[0], ".env": "VLLM_PORT=8000\n"}
    assert fixed(tmp_path, files, ".env") == {".env": "PORT=8000\n"}
    files["compose.yaml"] += "    healthcheck:\n      test: curl -f localhost:$$VLLM_PORT/health\n"
    assert fixed(tmp_path, files, ".env") == renamed(files)


def test_from_a_service_its_override_and_its_settings_change_and_not_the_engine_beside_it(
    tmp_path: Path,
) -> None:
    override = "services:\n  vllm:\n    environment:\n      VLLM_PORT: 8000\n"
    engine = "  engine:\n    image: vllm/vllm-openai\n    environment:\n      VLLM_PORT: 29500\n"
    files = {"compose.yaml": SERVICE + engine, "compose.override.yaml": override}
    after = fixed(tmp_path, files, "compose.yaml")
    assert after == {
        "compose.yaml": SERVICE.replace("VLLM_PORT", "PORT") + engine,
        "compose.override.yaml": override.replace("VLLM_PORT", "PORT"),
    }


def test_the_python_that_a_launch_runs_reads_the_new_name(tmp_path: Path) -> None:
    launch = "export VLLM_PORT=8000\npython server.py --port $VLLM_PORT\n"
    server = (
        "import argparse, os\nimport uvicorn, vllm\nimport settings\n"
        "parser = argparse.ArgumentParser()\nparser.add_argument('--port', type=int)\n"
        "print(os.environ['VLLM_PORT'])\nuvicorn.run('a:app', port=parser.parse_args().port)\n"
    )
    files = {"run.sh": launch, "server.py": server, "settings.py": "import os\nP = os.getenv('VLLM_PORT')\n"}
    assert fixed(tmp_path, files, "run.sh") == renamed(files)


def test_a_module_that_sets_the_variable_itself_stays_and_is_named(tmp_path: Path) -> None:
    server = f"import engine\n{SERVER}"
    engine = "import os\nos.environ['VLLM_PORT'] = '29500'\n"
    files = {"server.py": server, "engine.py": engine}
    assert set(fixed(tmp_path, files)) == {"server.py"}
    assert "`engine.py` names the variable for other programs, too." in fix(tmp_path, files).notes


def test_a_variable_that_another_module_reads_is_renamed_there(tmp_path: Path) -> None:
    files = {
        "server.py": "import uvicorn\nfrom config import PORT\n\nuvicorn.run('a:app', port=PORT)\n",
        "config.py": "import os\n\nPORT = int(os.environ['VLLM_PORT'])\n",
        "run.sh": "export VLLM_PORT=8000\npython server.py\n",
    }
    after = fixed(tmp_path, files)
    assert after == renamed({name: files[name] for name in ("config.py", "run.sh")})


def test_another_project_of_the_workspace_keeps_its_own(tmp_path: Path) -> None:
    other = {
        "other/compose.yaml": SERVICE.replace("8000", "9000"),
        "other/.env": "VLLM_PORT=9000\n",
        "other/run.sh": "export VLLM_PORT=9000\nvllm serve m --port $VLLM_PORT\n",
    }
    files = {"a/compose.yaml": SERVICE, "a/.env": "VLLM_PORT=8000\n", **other}
    after = fixed(tmp_path, files, "a/compose.yaml")
    assert after == renamed({name: files[name] for name in ("a/compose.yaml", "a/.env")})

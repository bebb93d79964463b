"""After the launch fix nobody runs the old script unnamed: each place changes, or is said to stay."""

# ruff: noqa: E501 - a launch file in one string reads better than in ten

from __future__ import annotations

import re
from pathlib import Path

from tests.proof.launch_files import VARIABLE
from tests.proof.shapes import Movable
from tests.proof.test_launch_files import fixed, launch_fix, runners_of
from tests.proof.test_launch_move import lay_out

# What can take the command in its place …
_CHANGED = {
    "docker/Dockerfile.gpu": "FROM python:3.12 AS build\nRUN pip wheel .\nFROM python:3.12\nWORKDIR /srv\nCOPY . .\n"
    'ENTRYPOINT ["tini", "--"]\nCMD ["python", "-u", "svc/server.py"]\n',
    "stack.yml": "services:\n  api: &api\n    image: a\n    entrypoint: [tini, --]\n"
    "    command: [python, svc/server.py]\n  shell:\n    <<: *api\n    entrypoint: []\n"
    "    command:\n      - sh\n      - -c\n      - |\n        pip install x\n        exec python svc/server.py\n",
    "k8s/base/api.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n"
    "      containers:\n      - name: a\n        command: [/bin/sh, -c]\n        args:\n        - |\n"
    "          cd /srv && python svc/server.py\n",
    "justfile": "run:\n    uv run python svc/server.py\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: |\n          python svc/server.py &\n"
    "      - run: nohup python -m svc.server > log 2>&1 &\n",
    "supervisord.conf": "[program:api]\ncommand=/opt/bin/python svc/server.py\n",
    "etc/api.service": "[Service]\nWorkingDirectory=/srv\nExecStart=/srv/bin/python \\\n    svc/server.py\n",
    "README.md": "Run `python svc/server.py`, or\n\n```console\n$ PORT=1 python svc/server.py\n```\n",
}
# … and what can't, with the lines that stay.
_STAYING = {
    "Makefile": ("S := svc/server.py\n\nrun: ; python $(S)\n", 3),
    "run.sh": ('S=svc/server.py\nstart() { python "$S"; }\nstart\n', 2),
    "dev.yml": (
        'services:\n  a:\n    build:\n      dockerfile_inline: |\n        CMD ["python", "svc/server.py"]\n',
        5,
    ),
    "k8s/kustomization.yaml": ("patches:\n  - patch: |-\n      command: [python, svc/server.py]\n", 3),
    "tox.ini": ("[testenv:serve]\ncommands =\n    python svc/server.py\n", 3),
    "Jenkinsfile": ("node { sh 'python svc/server.py' }\n", 1),
    "fly.toml": ('[processes]\napp = "python svc/server.py"\n', 2),
    "docs/deploy.rst": ("Then::\n\n   $ python svc/server.py\n", 3),
    "docs/windows.md": ("```powershell\npython svc\\server.py\n```\n", 2),
    "run.bat": ("@echo off\r\npython svc\\server.py\r\n", 2),
    "run.ps1": ("$env:PORT = 1\npython .\\svc\\server.py\n", 2),
    "start.fish": ("set -x PORT 1\npython svc/server.py\n", 2),
    "package.json": (
        '{"scripts": {\n"dev": "concurrently -n a,b \\"vite\\" \\"python svc/server.py\\""}}\n',
        2,
    ),
    "tests/conftest.py": (
        "import subprocess, sys\n\nsubprocess.Popen([sys.executable, 'svc/server.py'])\n",
        3,
    ),
}
_SAYS_IT = re.compile(r"python.*(svc[./\\]server|\$\(?S)|sys\.executable.*svc/server|PY.*svc/server")


def test_every_place_changes_or_is_named(tmp_path: Path) -> None:
    staying = {path: text for path, (text, _) in _STAYING.items()}
    files = {"svc/__init__.py": "", **_CHANGED, **staying}
    script = lay_out(tmp_path, Movable("", VARIABLE, "", "svc/server.py", files))
    notes = " ".join(launch_fix(tmp_path, script).notes)
    said = set(
        re.findall(r"`([^`]+:\d+)`", notes.replace(" start the command then", "\0").rpartition("\0")[2])
    )
    places = {f"{path}:{line}" for path, (_, line) in _STAYING.items()}
    assert said == places
    fixed(tmp_path, script)
    assert {f"{r.path}:{r.line}" for r in runners_of(tmp_path).references_to(script)} == places
    left = {
        f"{path}:{number}"
        for path in files
        for number, line in enumerate((tmp_path / path).read_text().splitlines(), start=1)
        if _SAYS_IT.search(line) and "uvicorn" not in line
    }
    assert left == places

"""Who runs a script: one shape of each format."""

from __future__ import annotations

import pytest

from portside.launchfiles.commands.script_references import ScriptReference, script_references
from portside.launchfiles.graph.resolution import files_run, means_another

CASES = [
    ("Dockerfile", 'FROM a\nCMD ["python", "core/x.py"]\n', [(2, 17, "core/x.py")]),
    ("Dockerfile", "FROM a\nCMD python3 -u core/x.py --model m\n", [(2, 16, "core/x.py")]),
    ("Dockerfile", 'ENTRYPOINT ["python"]\nCMD ["x.py"]\n', [(2, 7, "x.py")]),
    ("Dockerfile", 'ENTRYPOINT ["sh", "-c", "exec python x.py"]\n', [(1, 38, "x.py")]),
    ("docker/Dockerfile.gpu", "RUN pip install a && \\\n    python x.py\n", [(2, 12, "x.py")]),
    ("Dockerfile", 'CMD ["/usr/bin/env", "python", "/app/core/x.py"]\n', [(1, 33, "/app/core/x.py")]),
    ("compose.yaml", "services:\n  a:\n    command: python core/x.py\n", [(3, 21, "core/x.py")]),
    ("compose.yaml", 'services: {a: {command: ["python", "x.py"]}}\n', [(1, 37, "x.py")]),
    (
        "docker-compose.yml",
        "services:\n  a:\n    entrypoint: python\n    command:\n      - x.py\n      - --port=1\n",
        [(5, 9, "x.py")],
    ),
    ("compose.yaml", "services:\n  a:\n    command: >\n      python\n      x.py\n", [(5, 7, "x.py")]),
    (
        "k8s/deploy.yaml",
        "spec:\n  containers:\n    - command: [python]\n      args: [core/x.py]\n",
        [(4, 14, "core/x.py")],
    ),
    (
        ".github/workflows/ci.yml",
        "jobs:\n  a:\n    steps:\n      - run: |\n          cd core\n          python x.py &\n",
        [(6, 18, "x.py")],
    ),
    ("chart/templates/d.yaml", '{{- if .x }}\ncommand: ["python", "x.py"]\n{{ end }}\n', [(2, 22, "x.py")]),
    (
        "start.sh",
        '#!/bin/sh\nA=1 exec uv run --with b python -u ./core/x.py "$@"\n',
        [(2, 36, "./core/x.py")],
    ),
    ("start.sh", "python -m core.x --port 1\n", [(1, 11, "core.x")]),
    ("start.sh", '$PYTHON x.py\n"${PY:-python3}" y.py\n', [(1, 9, "x.py"), (2, 18, "y.py")]),
    ("start.sh", "./x.py\nnohup ./y.py &\n", [(1, 1, "./x.py"), (2, 7, "./y.py")]),
    ("start.sh", "pid=$(python x.py & echo $!)\n", [(1, 14, "x.py")]),
    ("start.sh", "CUDA_VISIBLE_DEVICES=0 torchrun --nproc 2 x.py\n", [(1, 43, "x.py")]),
    ("start.sh", "docker run img python x.py\n", [(1, 23, "x.py")]),
    ("run", "#!/usr/bin/env bash\npython x.py\n", [(2, 8, "x.py")]),
    ("Makefile", "run:\n\t@$(PYTHON) core/x.py\n", [(2, 13, "core/x.py")]),
    ("Makefile", "run:\n\t@python core/x.py\n", [(2, 10, "core/x.py")]),
    ("Procfile", "web: python x.py\n", [(1, 13, "x.py")]),
    ("a.service", "[Service]\nExecStart=/opt/venv/bin/python3.11 /srv/x.py\n", [(2, 36, "/srv/x.py")]),
    ("supervisord.conf", "[program:a]\ncommand=python x.py\n", [(2, 16, "x.py")]),
    ("package.json", '{"scripts": {"dev": "python x.py"}}\n', [(1, 29, "x.py")]),
    (
        ".vscode/launch.json",
        '{\n  // run it\n  "configurations": [{\n\t"program": "${workspaceFolder}/core/x.py",\n  }]\n}\n',
        [(4, 14, "${workspaceFolder}/core/x.py")],
    ),
    (
        ".vscode/launch.json",
        '{"configurations": [{"type": "debugpy", "module": "core.x"}]}\n',
        [(1, 52, "core.x")],
    ),
    (".vscode/tasks.json", '{"tasks": [{"command": "python", "args": ["x.py"]}]}\n', [(1, 44, "x.py")]),
    ("README.md", "Run:\n\n```bash\n$ python x.py\n```\n", [(4, 10, "x.py")]),
    ("README.md", "Run `python x.py` first.\n", [(1, 13, "x.py")]),
    ("start.bat", "py core\\x.py\n", [(1, 4, "core/x.py")]),
]


@pytest.mark.parametrize(("path", "text", "expected"), CASES, ids=[f"{p}: {t[:40]!r}" for p, t, _ in CASES])
def test_a_launch_is_found_where_it_stands(
    path: str, text: str, expected: list[tuple[int, int, str]]
) -> None:
    found = script_references(path, text)
    assert [(r.line, r.column, r.script) for r in found] == expected
    for line, column, script in expected:
        assert text.replace("\\", "/").splitlines()[line - 1][column - 1 :].startswith(script)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Dockerfile", "COPY core/x.py /app/x.py\n"),
        ("Dockerfile", '# CMD ["python", "x.py"]\nCMD ["uvicorn", "x:app"]\n'),
        ("start.sh", "# python x.py\nchmod +x x.py\ncat x.py\npytest x.py\nruff check x.py\n"),
        ("start.sh", "python -c 'import x' y.py\n"),
        ("start.sh", "uv run pytest test_x.py\n"),
        (".github/workflows/ci.yml", "on:\n  push:\n    paths:\n      - core/x.py\n"),
        ("README.md", "See `core/server.txt`.\n\n```python\nimport x  # python x.py\n```\n"),
        ("notes.txt", "python x.py\n"),
        ("package.json", '{"files": ["x.py"]}\n'),
    ],
)
def test_naming_a_script_is_not_running_it(path: str, text: str) -> None:
    assert script_references(path, text) == ()


@pytest.mark.parametrize(
    ("path", "script", "directory", "files", "expected"),
    [
        ("Dockerfile", "core/x.py", None, ["core/x.py", "x.py"], ["core/x.py"]),
        ("b/Dockerfile", "server.py", None, ["a/server.py", "b/server.py"], ["b/server.py"]),
        ("Dockerfile", "/app/core/x.py", None, ["core/x.py", "x.py"], ["core/x.py"]),
        ("Dockerfile", "/srv/x.py", None, ["core/x.py", "y.py"], ["core/x.py"]),
        ("run.sh", "x.py", '"$(dirname "$0")"/core', ["core/x.py", "x.py"], ["core/x.py"]),
        ("scripts/run.sh", "../core/x.py", None, ["core/x.py", "x.py"], ["core/x.py"]),
        ("deploy/run.sh", "x.py", None, ["a/x.py", "b/x.py"], ["a/x.py", "b/x.py"]),
        (".vscode/launch.json", "${workspaceFolder}/core/x.py", None, ["core/x.py", "x.py"], ["core/x.py"]),
        ("run.sh", "y.py", None, ["x.py"], []),
    ],
)
def test_a_path_leads_to_the_files_it_may_mean(
    path: str, script: str, directory: str | None, files: list[str], expected: list[str]
) -> None:
    reference = ScriptReference(path, 1, 1, "", script, directory=directory)
    assert files_run(reference, files) == frozenset(expected)


def test_a_module_has_to_agree_in_full() -> None:
    files = ["src/core/server.py", "server.py"]
    assert files_run(ScriptReference("r.sh", 1, 1, "", "http.server", module=True), files) == frozenset()
    assert files_run(ScriptReference("r.sh", 1, 1, "", "core.server", module=True), files) == {
        "src/core/server.py"
    }


@pytest.mark.parametrize(
    ("path", "script", "directory", "files", "reason"),
    [
        ("Dockerfile", "server.py", None, ["core/server.py"], None),
        ("deploy/k8s/a.yaml", "/app/server.py", None, ["core/server.py"], None),
        ("other/app/Dockerfile", "server.py", None, ["core/server.py"], "another file than `core/server.py`"),
        ("deploy/run.sh", "x.py", None, ["a/x.py", "b/x.py"], "it may mean `a/x.py`, `b/x.py`"),
        ("tasks.json", "main.py", "~/another", ["main.py"], "it starts in `~/another`"),
    ],
)
def test_a_path_may_mean_another_file(
    path: str, script: str, directory: str | None, files: list[str], reason: str | None
) -> None:
    found = means_another(ScriptReference(path, 1, 1, "", script, directory=directory), files)
    assert found is None if reason is None else found is not None and reason in found


def test_a_document_that_talks_of_a_command_does_not_run_it() -> None:
    assert script_references("docs/design.md", "We chose `python x.py` for it.\n") == ()
    assert script_references("CHANGELOG.md", "```sh\npython x.py\n```\n") == ()
    assert len(script_references("README.md", "Run `python x.py`.\n")) == 1

"""A launch of `server.py` in each format and form, and what it becomes."""

# ruff: noqa: E501 - a launch file in one string reads better than in ten

from __future__ import annotations

import pytest

from portside.launchfiles.commands.script_references import ScriptReference, script_references
from portside.launchfiles.graph.resolution import files_run
from portside.launchfiles.moving.file_moves import FileMoves, file_moves
from portside.lint.finding import Edit, apply_edits
from portside.lint.moved_command import Argument, MovedCommand, Option

_HOST = Option("--host", ("--host", "0.0.0.0"))
_SERVER = (("", "server"),)
PLAIN = MovedCommand("server.py", _SERVER, "app", options=(_HOST, Option("--port", ("--port", "8010"))))
OWN = MovedCommand(
    "server.py",
    _SERVER,
    "app",
    options=(_HOST, Option("--port", ("--port", "8010"))),
    arguments={
        "--port": Argument("--port"),
        "-p": Argument("--port"),
        "--listen": Argument("--host"),
        "--reload": Argument("--reload", takes_value=False),
    },
)
ENVIRONMENT = MovedCommand(
    "server.py", _SERVER, "app", options=(_HOST, Option("--port", ("--port", '"${PORT:-8000}"')))
)
FACTORY = MovedCommand(
    "server.py",
    _SERVER,
    "create_app",
    factory=True,
    options=(Option("--port", ("--port", "8000")),),
    arguments={"--port": Argument("--port")},
    hands_on=True,
)
STAYING = MovedCommand(
    "server.py",
    _SERVER,
    "create_app",
    factory=True,
    options=(Option("--port", ("--port", "8000")),),
    arguments={"--port": Argument("--port", stays=True)},
    hands_on=True,
)
DECIDED = MovedCommand(
    "server.py", _SERVER, "create_app", factory=True, hands_on=True, deciding=frozenset({"--prod"})
)
NESTED = MovedCommand(
    "core/server.py",
    (("", "core.server"), ("core", "server")),
    "app",
    options=(Option("--port", ("--port", "80")),),
)
OTHER = MovedCommand("run.py", (("src", "pkg.api"),), "app", own=False)

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n"
_SERVICE = "services:\n  a:\n"

# Command, path, before, after (only what stands around the launch, where `before` has the rest).
CASES = [
    # Dockerfile
    (PLAIN, "Dockerfile", 'CMD ["python", "server.py"]', 'CMD ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8010"]'),
    (PLAIN, "Dockerfile", "CMD python server.py", "CMD uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "Dockerfile", 'CMD ["python3", "-u", "server.py"]', 'CMD ["python3", "-u", "-m", "uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8010"]'),
    (ENVIRONMENT, "Dockerfile", 'CMD ["python", "server.py"]', 'CMD ["sh", "-c", "exec uvicorn server:app --host 0.0.0.0 --port \\"${PORT:-8000}\\""]'),
    (ENVIRONMENT, "Dockerfile", "CMD exec python server.py", 'CMD exec uvicorn server:app --host 0.0.0.0 --port "${PORT:-8000}"'),
    (ENVIRONMENT, "Dockerfile", 'ENTRYPOINT ["python", "server.py"]', 'ENTRYPOINT ["sh", "-c", "exec uvicorn server:app --host 0.0.0.0 --port \\"${PORT:-8000}\\" \\"$@\\"", "--"]'),
    (OWN, "Dockerfile", 'ENTRYPOINT ["python", "server.py"]\nCMD ["-p", "80"]', 'ENTRYPOINT ["uvicorn", "server:app", "--host", "0.0.0.0"]\nCMD ["--port", "80"]'),
    (OWN, "Dockerfile", 'ENTRYPOINT ["python"]\nCMD ["server.py", "--port", "80"]', 'ENTRYPOINT ["python"]\nCMD ["-m", "uvicorn", "server:app", "--host", "0.0.0.0", "--port", "80"]'),
    (OWN, "Dockerfile", "CMD python server.py \\\n    --listen ::1 \\\n    -p 80", "CMD uvicorn server:app \\\n    --host ::1 \\\n    --port 80"),
    (FACTORY, "Dockerfile", 'CMD ["python", "server.py", "--model", "a b", "--port", "9"]', 'CMD ["env", "SERVER_ARGS=--model \'a b\'", "uvicorn", "--factory", "server:create_app", "--port", "9"]'),
    (FACTORY, "Dockerfile", "CMD python server.py --model $MODEL", 'CMD SERVER_ARGS="--model $MODEL" uvicorn --factory server:create_app --port 8000'),
    (PLAIN, "Dockerfile", 'ENTRYPOINT ["/usr/bin/tini", "--", "python", "/app/server.py"]', 'ENTRYPOINT ["/usr/bin/tini", "--", "python", "-m", "uvicorn", "server:app", "--app-dir", "/app", "--host", "0.0.0.0", "--port", "8010"]'),
    (PLAIN, "Dockerfile", 'WORKDIR /app\nCMD ["python", "/app/server.py"]', 'WORKDIR /app\nCMD ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8010"]'),
    (NESTED, "Dockerfile", 'CMD ["python", "core/server.py"]', 'CMD ["uvicorn", "core.server:app", "--port", "80"]'),
    (NESTED, "Dockerfile", 'CMD ["python", "server.py"]', 'CMD ["uvicorn", "server:app", "--port", "80"]'),
    (NESTED, "Dockerfile", 'CMD ["python", "-m", "core.server"]', 'CMD ["uvicorn", "core.server:app", "--port", "80"]'),
    (OTHER, "Dockerfile", 'CMD ["python", "run.py"]', 'CMD ["uvicorn", "pkg.api:app", "--app-dir", "src"]'),
    # compose
    (PLAIN, "compose.yaml", f"{_SERVICE}    command: python server.py", f"{_SERVICE}    command: uvicorn server:app --host 0.0.0.0 --port 8010"),
    (ENVIRONMENT, "compose.yaml", f"{_SERVICE}    command: python server.py", f"{_SERVICE}    command: sh -c 'exec uvicorn server:app --host 0.0.0.0 --port \"$${{PORT:-8000}}\"'"),
    (ENVIRONMENT, "compose.yaml", f"{_SERVICE}    command: [python, server.py]", f'{_SERVICE}    command: [sh, -c, "exec uvicorn server:app --host 0.0.0.0 --port \\"$${{PORT:-8000}}\\""]'),
    (OWN, "compose.yaml", f"{_SERVICE}    command:\n      - python\n      - server.py\n      - --port\n      - '90'", f"{_SERVICE}    command:\n      - uvicorn\n      - server:app\n      - --host\n      - \"0.0.0.0\"\n      - --port\n      - '90'"),
    (OWN, "compose.yaml", f"{_SERVICE}    command: python server.py -p ${{X:-9}}", f"{_SERVICE}    command: uvicorn server:app --host 0.0.0.0 --port ${{X:-9}}"),
    (ENVIRONMENT, "compose.yaml", f'{_SERVICE}    command: bash -c "sleep 1 && python server.py"', f'{_SERVICE}    command: bash -c "sleep 1 && uvicorn server:app --host 0.0.0.0 --port \\"$${{PORT:-8000}}\\""'),
    (ENVIRONMENT, "compose.yaml", f"{_SERVICE}    command: >\n      sh -c 'sleep 1 &&\n      python server.py'", f"{_SERVICE}    command: >\n      sh -c 'sleep 1 &&\n      uvicorn server:app --host 0.0.0.0 --port \"$${{PORT:-8000}}\"'"),
    (PLAIN, "compose.yaml", f"{_SERVICE}    entrypoint: python\n    command:\n      - server.py", f'{_SERVICE}    entrypoint: python\n    command:\n      - -m\n      - uvicorn\n      - server:app\n      - --host\n      - "0.0.0.0"\n      - --port\n      - "8010"'),
    (FACTORY, "compose.yaml", f"{_SERVICE}    command: python server.py --model ${{M}}", f"{_SERVICE}    command: env 'SERVER_ARGS=--model '\"'\"'${{M}}'\"'\"'' uvicorn --factory server:create_app --port 8000"),
    # Kubernetes
    (PLAIN, "k.yaml", f'{_POD}    command: ["python", "server.py"]', f'{_POD}    command: ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8010"]'),
    (ENVIRONMENT, "k.yaml", f'{_POD}    env:\n    - name: PORT\n      value: "80"\n    command: ["python"]\n    args: ["server.py"]', f'{_POD}    env:\n    - name: PORT\n      value: "80"\n    command: ["python"]\n    args: ["-m", "uvicorn", "server:app", "--host", "0.0.0.0", "--port", "$(PORT)"]'),
    (ENVIRONMENT, "k.yaml", f'{_POD}    command: ["python", "server.py"]', f'{_POD}    command: ["sh", "-c", "exec uvicorn server:app --host 0.0.0.0 --port \\"${{PORT:-8000}}\\""]'),
    (ENVIRONMENT, "k.yaml", f"{_POD}    command: [sh, -c]\n    args:\n    - |\n      pip list\n      exec python server.py", f'{_POD}    command: [sh, -c]\n    args:\n    - |\n      pip list\n      exec uvicorn server:app --host 0.0.0.0 --port "${{PORT:-8000}}"'),
    # Other YAML
    (PLAIN, ".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - run: |\n          cd x\n          python server.py &", "jobs:\n  a:\n    steps:\n      - run: |\n          cd x\n          uvicorn server:app --host 0.0.0.0 --port 8010 &"),
    (ENVIRONMENT, "ci.yml", "script:\n  - 'python server.py'", "script:\n  - 'uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "ci.yml", 'script:\n  - "python server.py"', 'script:\n  - "uvicorn server:app --host 0.0.0.0 --port \\"${PORT:-8000}\\""'),
    # Lines
    (ENVIRONMENT, "Procfile", "web: python server.py", 'web: uvicorn server:app --host 0.0.0.0 --port "${PORT:-8000}"'),
    (ENVIRONMENT, "Makefile", "run:\n\t@python server.py", 'run:\n\t@uvicorn server:app --host 0.0.0.0 --port "$${PORT:-8000}"'),
    (OWN, "Makefile", "run:\n\t-$(PYTHON) server.py -p $(PORT)", "run:\n\t-$(PYTHON) -m uvicorn server:app --host 0.0.0.0 --port $(PORT)"),
    (FACTORY, "Makefile", "run:\n\t@$(PY) server.py --model $(M)", 'run:\n\t@SERVER_ARGS="--model $(M)" $(PY) -m uvicorn --factory server:create_app --port 8000'),
    (PLAIN, "a.service", "[Service]\nExecStart=/opt/venv/bin/python server.py", "[Service]\nExecStart=/opt/venv/bin/python -m uvicorn server:app --host 0.0.0.0 --port 8010"),
    (ENVIRONMENT, "a.service", "[Service]\nEnvironment=PORT=80\nExecStart=/opt/venv/bin/python server.py", "[Service]\nEnvironment=PORT=80\nExecStart=/opt/venv/bin/python -m uvicorn server:app --host 0.0.0.0 --port ${PORT}"),
    (ENVIRONMENT, "a.service", "[Service]\nExecStart=/usr/bin/python3 /srv/server.py", "[Service]\nExecStart=/bin/sh -c 'exec /usr/bin/python3 -m uvicorn server:app --app-dir /srv --host 0.0.0.0 --port \"$${PORT:-8000}\"'"),
    (FACTORY, "a.service", "[Service]\nExecStart=/usr/bin/python3 server.py --model m", "[Service]\nExecStart=/usr/bin/env 'SERVER_ARGS=--model m' /usr/bin/python3 -m uvicorn --factory server:create_app --port 8000"),
    (PLAIN, "s.conf", "[program:a]\ncommand=python server.py", "[program:a]\ncommand=uvicorn server:app --host 0.0.0.0 --port 8010"),
    # Shell
    (ENVIRONMENT, "run.sh", "CUDA_VISIBLE_DEVICES=0 nohup python3 -u server.py > log 2>&1 &", 'CUDA_VISIBLE_DEVICES=0 nohup python3 -u -m uvicorn server:app --host 0.0.0.0 --port "${PORT:-8000}" > log 2>&1 &'),
    (PLAIN, "run.sh", "uv run --with a python server.py", "uv run --with a uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", "uv run server.py", "uv run uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", "poetry run python -X dev server.py", "poetry run python -X dev -m uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", "exec ./server.py", "exec uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", "python -m debugpy --listen 5678 server.py", "python -m debugpy --listen 5678 -m uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", "debugpy --listen 5678 -m server", "debugpy --listen 5678 -m uvicorn server:app --host 0.0.0.0 --port 8010"),
    (PLAIN, "run.sh", 'python "$(dirname "$0")/server.py"', 'uvicorn server:app --app-dir "$(dirname "$0")" --host 0.0.0.0 --port 8010'),
    (PLAIN, "run.sh", 'python "$HERE"/server.py', 'uvicorn server:app --app-dir "$HERE" --host 0.0.0.0 --port 8010'),
    (NESTED, "run.sh", "cd core && python server.py", "cd core && uvicorn server:app --port 80"),
    (NESTED, "run.sh", "pushd deploy; python ../core/server.py", "pushd deploy; uvicorn server:app --app-dir ../core --port 80"),
    (OWN, "run.sh", 'python server.py --reload --port="$P"', 'uvicorn server:app --host 0.0.0.0 --reload --port="$P"'),
    (FACTORY, "run.sh", "nohup python server.py --model 'a b' --y=$Z >log &", "nohup env SERVER_ARGS=\"--model 'a b' --y=$Z\" uvicorn --factory server:create_app --port 8000 >log &"),
    (STAYING, "run.sh", "python server.py --model m --port 9", 'SERVER_ARGS="--model m --port 9" uvicorn --factory server:create_app --port 9'),
    (ENVIRONMENT, "run.sh", "docker run -p 80:80 img python server.py", "docker run -p 80:80 img sh -c 'exec python -m uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "run.sh", "uv run --env-file .env server.py", "uv run --env-file .env sh -c 'exec uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "run.sh", "dotenv run -- python -u server.py", "dotenv run -- sh -c 'exec python -u -m uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "run.sh", "PORT=80 python server.py", "PORT=80 uvicorn server:app --host 0.0.0.0 --port 80"),
    (ENVIRONMENT, "run.sh", "PORT=80\npython server.py", "PORT=80\nsh -c 'exec uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "run.sh", "tmux new -d 'sleep 1'; sh -c 'exec python server.py'", "tmux new -d 'sleep 1'; sh -c 'exec uvicorn server:app --host 0.0.0.0 --port \"${PORT:-8000}\"'"),
    (ENVIRONMENT, "run.sh", "pid=$(python server.py & echo $!)", 'pid=$(uvicorn server:app --host 0.0.0.0 --port "${PORT:-8000}" & echo $!)'),
    # JSON
    (ENVIRONMENT, "package.json", '{"scripts": {"dev": "python server.py && x"}}', '{"scripts": {"dev": "uvicorn server:app --host 0.0.0.0 --port \\"${PORT:-8000}\\" && x"}}'),
    (PLAIN, ".vscode/tasks.json", '{"tasks": [{"command": "python", "args": ["server.py"]}]}', '{"tasks": [{"command": "python", "args": ["-m", "uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8010"]}]}'),
    (PLAIN, ".vscode/launch.json", '{\n  // here\n  "a": [{\n    "program": "${workspaceFolder}/server.py",\n    "b": 1,\n  }]\n}', '{\n  // here\n  "a": [{\n    "module": "uvicorn",\n    "args": ["server:app", "--host", "0.0.0.0", "--port", "8010"],\n    "b": 1,\n  }]\n}'),
    (OWN, ".vscode/launch.json", '{"a": [{"type": "debugpy", "module": "server", "args": ["-p", "80"]}]}', '{"a": [{"type": "debugpy", "module": "uvicorn", "args": ["server:app", "--host", "0.0.0.0", "--port", "80"]}]}'),
    (ENVIRONMENT, ".vscode/launch.json", '{"a": [{"program": "server.py", "env": {"PORT": "9"}}]}', '{"a": [{"module": "uvicorn", "args": ["server:app", "--host", "0.0.0.0", "--port", "9"], "env": {"PORT": "9"}}]}'),
    (FACTORY, ".vscode/launch.json", '{"a": [{"program": "server.py", "args": ["--model", "m"]}]}', '{"a": [{"env": {"SERVER_ARGS": "--model m"}, "module": "uvicorn", "args": ["--factory", "server:create_app", "--port", "8000"]}]}'),
    (NESTED, ".vscode/launch.json", '{"a": [{"program": "${workspaceFolder}/core/server.py", "cwd": "${workspaceFolder}/core"}]}', '{"a": [{"module": "uvicorn", "args": ["server:app", "--port", "80"], "cwd": "${workspaceFolder}/core"}]}'),
    # Documentation
    (PLAIN, "README.md", "Run:\n\n```bash\n$ python server.py\n```", "Run:\n\n```bash\n$ uvicorn server:app --host 0.0.0.0 --port 8010\n```"),
    (PLAIN, "README.md", "Run `python server.py` first.", "Run `uvicorn server:app --host 0.0.0.0 --port 8010` first."),
]  # fmt: skip

LEFT = [
    (PLAIN, "run.sh", "torchrun --nproc 2 server.py", "`torchrun` starts it"),
    (PLAIN, "run.sh", "python -m torch.distributed.run server.py", "`torch.distributed.run` starts it"),
    (PLAIN, "run.sh", "nodemon --exec x server.py", "`nodemon` starts it"),
    (PLAIN, "run.sh", "python server.py --model m", "it passes `--model`, which the new command has no place for"),
    (OWN, "run.sh", 'python server.py "$@"', "it passes `$@`, which the new command has no place for"),
    (OWN, "run.sh", "python server.py --port", "`--port` has no value there"),
    (DECIDED, "run.sh", "python server.py --prod", "it passes `--prod`, which decides what options the server has"),
    (FACTORY, "run.sh", 'python server.py "$@"', "it passes `$@` on, which can't be told from here"),
    (FACTORY, "run.sh", "python server.py --host ::", "it passes `--host`, which may be meant for the server"),
    (FACTORY, "README.md", "```sh\npython server.py --model [one of them]\n```", "it passes `[one` on, which can't be told from here"),
    (ENVIRONMENT, "run.sh", "cat > x <<EOF\npython server.py\nEOF\n", "a variable there is looked up too early"),
    (ENVIRONMENT, "a.yaml", "launch_script: python server.py", "a variable there is looked up too early"),
    (FACTORY, "run.sh", "python server.py --a b\\\n\"c", "where its arguments end can't be told"),
    (ENVIRONMENT, "run.sh", "ssh host python server.py", "a variable has no form there"),
    (PLAIN, "run.sh", "echo python server.py", "`echo` names it"),
    (PLAIN, "i18n/en.yaml", "missing: 'Not started. Please run: python server.py'", "a sentence names it"),
    (PLAIN, "news.yaml", "text: 直接 python server.py 即可", "a sentence names it"),
    (ENVIRONMENT, "Dockerfile", 'ENTRYPOINT ["python"]\nCMD ["server.py"]', "a variable has no form there"),
    (ENVIRONMENT, ".vscode/tasks.json", '{"a": [{"command": "python", "args": ["server.py"]}]}', "a variable has no form there"),
    (PLAIN, "start.bat", "python server.py", "a launch of this kind can't be changed"),
    (PLAIN, "chart.yaml", '{{- if .x }}\ncommand: ["python", "server.py"]\n{{ end }}', "a launch of this kind can't be changed"),
]  # fmt: skip


def moves(command: MovedCommand, path: str, text: str) -> FileMoves:
    def references(of: str) -> list[ScriptReference]:
        return [r for r in script_references(path, of) if files_run(r, {command.script})]

    return file_moves(path, text, references(text), command, lambda after: len(references(after)))


def moved(command: MovedCommand, path: str, text: str) -> str:
    changes = moves(command, path, text).changes
    return apply_edits(text, [Edit(path, change.span, change.text) for change in changes])


@pytest.mark.parametrize(
    ("command", "path", "before", "after"), CASES, ids=[f"{p}: {b[-50:]!r}" for _, p, b, _ in CASES]
)
def test_a_launch_becomes_the_command_in_the_form_of_its_file(
    command: MovedCommand, path: str, before: str, after: str
) -> None:
    found = moves(command, path, before + "\n")
    assert not found.left
    assert moved(command, path, before + "\n") == after + "\n"
    assert moved(command, path, after + "\n") == after + "\n"


@pytest.mark.parametrize(
    ("command", "path", "text", "reason"), LEFT, ids=[f"{p}: {t[-50:]!r}" for _, p, t, _ in LEFT]
)
def test_what_nothing_can_take_the_place_of_stays_and_is_named(
    command: MovedCommand, path: str, text: str, reason: str
) -> None:
    found = moves(command, path, text)
    assert not found.changes
    assert [left.reason for left in found.left] == [reason]


def test_a_file_changes_as_far_as_it_can() -> None:
    found = moves(PLAIN, "run.sh", "torchrun server.py\npython server.py\n")
    assert [reference.line for reference in found.changed] == [2]
    assert [left.reference.line for left in found.left] == [1]


def test_a_script_that_says_what_it_needs_stays_with_uv() -> None:
    command = MovedCommand("server.py", _SERVER, "app", needs_runner=True)
    assert "# /// script" in moves(command, "run.sh", "uv run server.py\n").left[0].reason
    assert moved(command, "run.sh", "python server.py\n") == "uvicorn server:app\n"

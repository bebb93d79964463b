"""Launch files as people write them, and the words that what reads them would start.

Written for the proof, by each format's own rules and without Portside's readers: what Docker, compose,
Kubernetes, systemd and VS Code make of a file before they start a process.
"""

# ruff: noqa: E501 - a launch file in one string reads better than in ten

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml
from tests.proof.shapes import API

_UVICORN = "import os\nimport uvicorn\n"
_MAIN = '\n\nif __name__ == "__main__":\n'

LITERAL = f'{_UVICORN}{API}{_MAIN}    uvicorn.run(app, host="0.0.0.0", port=8010)\n'
VARIABLE = f'{_UVICORN}{API}{_MAIN}    uvicorn.run(app, port=int(os.environ.get("PORT", "8020")))\n'
OWN = f"""import argparse
import uvicorn
{API}{_MAIN}    parser = argparse.ArgumentParser()
    parser.add_argument("-p", "--port", type=int, default=8030)
    args = parser.parse_args()
    uvicorn.run(app, port=args.port)
"""
FACTORY = f"""import argparse
import uvicorn
{API}

@app.get("/model")
def model():
    return args.model
{_MAIN}    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="none")
    parser.add_argument("--port", type=int, default=8040)
    args = parser.parse_args()
    uvicorn.run(app, port=args.port)
"""

Words = tuple[list[str], dict[str, str]]


def dockerfile(text: str) -> Words:
    environment = dict(re.findall(r"^ENV (\w+)=(\S+)", text, re.MULTILINE))
    said = dict(re.findall(r"^(ENTRYPOINT|CMD) ((?:\\\n|.)*)", text, re.MULTILINE))
    entrypoint, command = (_form(said.get(name, "[]")) for name in ("ENTRYPOINT", "CMD"))
    return [*entrypoint, *command], environment


def _form(said: str) -> list[str]:
    return json.loads(said) if said.startswith("[") else ["/bin/sh", "-c", said]


def compose(text: str) -> Words:
    service = yaml.safe_load(text)["services"]["api"]
    words = [word for key in ("entrypoint", "command") for word in _split(service.get(key, []))]
    return words, {key: str(value) for key, value in service.get("environment", {}).items()}


def _split(said: object) -> list[str]:
    texts = [said] if isinstance(said, str) else list(said)  # type: ignore[call-overload]
    assert all(isinstance(text, str) for text in texts), f"compose takes text alone: {texts}"
    texts = [re.sub(r"\$\$|\$\{(\w+):-(\w+)\}", lambda m: m[2] or "$", text) for text in texts]
    assert not any("\\$" in text for text in texts), "not every release reads `\\$` in the same way"
    return shlex.split(texts[0]) if isinstance(said, str) else texts


def kubernetes(text: str) -> Words:
    container = yaml.safe_load(text)["spec"]["containers"][0]
    environment = {item["name"]: item["value"] for item in container.get("env", [])}
    words = [*container.get("command", []), *container.get("args", [])]
    assert all(isinstance(word, str) for word in words), f"Kubernetes takes text alone: {words}"
    pattern = r"\$\((\w+)\)"
    return [re.sub(pattern, lambda m: environment.get(m[1], m[0]), word) for word in words], environment


def unit(text: str) -> Words:
    environment = dict(re.findall(r"^Environment=(\w+)=(\S+)", text, re.MULTILINE))
    line = re.findall(r"^ExecStart=((?:\\\n|.)*)", text, re.MULTILINE)[0].replace("\\\n", " ")

    def looked_up(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else environment.get(found[1], "")

    words = [re.sub(r"\$\$|\$\{(\w+)\}", looked_up, word) for word in shlex.split(line.replace("%%", "%"))]
    assert words[0].startswith("/"), "systemd wants the path of the program"
    return words, environment


def shell(text: str) -> Words:
    return ["sh", "-c", text], {}


def procfile(text: str) -> Words:
    return ["sh", "-c", text.partition(": ")[2]], {}


def makefile(_text: str) -> Words:
    return ["make", "-s", "serve"], {}


def package(text: str) -> Words:
    return ["sh", "-c", json.loads(text)["scripts"]["start"]], {}


def tasks(text: str) -> Words:
    task = json.loads(text)["tasks"][0]
    return ["sh", "-c", " ".join([task["command"], *map(shlex.quote, task.get("args", []))])], {}


def launch(text: str) -> Words:
    """VS Code starts the interpreter of the workspace."""
    configuration = json.loads(re.sub(r"(?m)^\s*//.*|,(?=\s*[\]}])", "", text))["configurations"][0]
    environment = dict(configuration.get("env", {}))
    program = configuration.get("program", "").replace("${workspaceFolder}/", "")
    what = [program] if program else ["-m", configuration["module"]]
    return [sys.executable, *what, *configuration.get("args", [])], environment


def block(text: str) -> Words:
    return ["sh", "-c", text.split("```")[1].partition("\n")[2].replace("$ ", "", 1)], {}


def workflow(text: str) -> Words:
    """The first step of the first job, as GitHub's runner does it: each step is a script of its own."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    return ["bash", "-e", "-c", job["steps"][0]["run"]], {}


def recipe(text: str) -> Words:
    """What just hands to a shell, line by line."""
    return ["sh", "-cu", text.partition(":\n")[2].strip()], {}


def supervisor(text: str) -> Words:
    said = re.search(r"^command=(.*)$", text, re.MULTILINE)
    assert said is not None
    return shlex.split(said[1].replace("%%", "%")), {}


def entrypoint(text: str) -> Words:
    """A script that stands before every command of a container, with none."""
    return ["bash", "-c", text, "entrypoint.sh"], {}


def key(name: str) -> Callable[[str], Words]:
    """The value of one key, which a shell gets."""
    return lambda text: (["sh", "-c", str(yaml.safe_load(text)[name])], {})


@dataclass(frozen=True)
class Form:
    """A launch of the script. started: the words and variables that the format makes of a file."""

    id: str
    path: str
    text: str
    started: Callable[[str], Words]
    code: str = LITERAL
    files: Mapping[str, str] = field(default_factory=dict)
    script: str = "server.py"


_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n"

FORMS = (
    Form("exec form", "Dockerfile", 'FROM a\nCMD ["python", "server.py"]\n', dockerfile),
    Form("exec form, from the environment", "Dockerfile", 'FROM a\nENV PORT=8021\nCMD ["python", "server.py"]\n', dockerfile, VARIABLE),
    Form("exec form, by default", "Dockerfile", 'FROM a\nCMD ["python", "server.py"]\n', dockerfile, VARIABLE),
    Form("shell form, continued", "Dockerfile", "FROM a\nCMD exec python -u \\\n    server.py\n", dockerfile, VARIABLE),
    Form("entrypoint and arguments", "Dockerfile", 'FROM a\nENTRYPOINT ["python", "server.py"]\nCMD ["-p", "8031"]\n', dockerfile, OWN),
    Form("the interpreter as the entrypoint", "Dockerfile", 'FROM a\nENTRYPOINT ["python"]\nCMD ["server.py"]\n', dockerfile),
    Form("entrypoint from the environment", "Dockerfile", 'FROM a\nENV PORT=8022\nENTRYPOINT ["python", "server.py"]\n', dockerfile, VARIABLE),
    Form("the app's arguments", "Dockerfile", 'FROM a\nCMD ["python", "server.py", "--model", "a b", "--port", "8041"]\n', dockerfile, FACTORY),
    Form("compose, text", "compose.yaml", "services:\n  api:\n    command: python server.py\n", compose),
    Form("compose, text, from the environment", "compose.yaml", "services:\n  api:\n    environment: {PORT: 8023}\n    command: python server.py\n", compose, VARIABLE),
    Form("compose, list, by default", "compose.yaml", "services:\n  api:\n    command:\n      - python\n      - server.py\n", compose, VARIABLE),
    Form("compose, interpolated", "compose.yaml", "services:\n  api:\n    command: python server.py -p ${API_PORT:-8032}\n", compose, OWN),
    Form("compose, in a shell", "compose.yaml", 'services:\n  api:\n    command: sh -c "cd . && exec python server.py"\n', compose, VARIABLE),
    Form("compose, the app's arguments", "compose.yaml", "services:\n  api:\n    command: python server.py --model x\n", compose, FACTORY),
    Form("Kubernetes", "k8s/pod.yaml", f'{_POD}    command: ["python"]\n    args: ["server.py"]\n', kubernetes),
    Form("Kubernetes, a variable of the container", "k8s/pod.yaml", f'{_POD}    env:\n    - name: PORT\n      value: "8024"\n    command: ["python", "server.py"]\n', kubernetes, VARIABLE),
    Form("Kubernetes, by default", "k8s/pod.yaml", f'{_POD}    command: ["python", "server.py"]\n', kubernetes, VARIABLE),
    Form("Kubernetes, in a shell", "k8s/pod.yaml", f"{_POD}    command: [sh, -c]\n    args:\n    - |\n      cd .\n      exec python server.py\n", kubernetes, VARIABLE),
    Form("Kubernetes, a list in lines", "k8s/pod.yaml", f"{_POD}    command:\n    - python\n    - server.py\n    - -p\n    - '8033'\n", kubernetes, OWN),
    Form("Kubernetes, a program that runs it", "k8s/pod.yaml", f'{_POD}    command: ["/usr/bin/env"]\n    args: ["PORT=8044", "python", "server.py"]\n', kubernetes, VARIABLE),
    Form("a workflow's step", ".github/workflows/ci.yml", "on: push\njobs:\n  smoke:\n    steps:\n      - run: |\n          python server.py &\n          wait\n", workflow, VARIABLE),
    Form("a pipeline's script", ".gitlab-ci.yml", "script: PORT=8045 python server.py\n", key("script"), VARIABLE),
    Form("App Engine", "app.yaml", "runtime: python\nentrypoint: python -u server.py\n", key("entrypoint"), VARIABLE),
    Form("devcontainer.json", ".devcontainer/devcontainer.json", '{"postStartCommand": "nohup python server.py"}\n', key("postStartCommand"), VARIABLE),
    Form("justfile", "justfile", "serve:\n    PORT=8046 python server.py\n", recipe, VARIABLE),
    Form("supervisor", "supervisord.conf", "[program:api]\ncommand=python server.py\n", supervisor, VARIABLE),
    Form("an entrypoint that sets its arguments", "docker/entrypoint.sh", '#!/usr/bin/env bash\nset -eu\nif [ "$#" -eq 0 ]; then\n  set -- python server.py\nfi\nexec "$@"\n', entrypoint, VARIABLE),
    Form("shell script, in a function", "run.sh", "serve() {\n  local port=8047\n  PORT=$port python server.py >/dev/null\n}\nserve\n", shell, VARIABLE),
    Form("shell script, in an if", "run.sh", "if ! test -e missing; then python server.py; fi\n", shell, VARIABLE),
    Form("systemd, over several lines", "api.service", f"[Service]\nExecStart={sys.executable} \\\n    server.py\n", unit, VARIABLE),
    Form("Procfile", "Procfile", "web: PORT=8025 python server.py\n", procfile, VARIABLE),
    Form("Procfile, with a default", "Procfile", "web: env PORT=${WEB_PORT:-8038} python server.py\n", procfile, VARIABLE),
    Form("Makefile", "Makefile", "serve:\n\t@cd . && python server.py\n", makefile, VARIABLE),
    Form("Makefile, its variables", "Makefile", "PY = python\nPORT = 8034\nserve:\n\t@$(PY) server.py -p $(PORT)\n", makefile, OWN),
    Form("Makefile, the app's arguments", "Makefile", "MODEL = m\nserve:\n\t@python server.py --model $(MODEL)\n", makefile, FACTORY),
    Form("shell script", "run.sh", "#!/bin/sh\nset -e\nexport PORT=8026\nexec python -u server.py > /dev/null\n", shell, VARIABLE),
    Form("shell script, a variable of its own", "run.sh", "PORT=9999\npython server.py\n", shell, VARIABLE),
    Form("shell script, a variable with another's", "run.sh", "MY_PORT=8037\nPORT=$MY_PORT python server.py\n", shell, VARIABLE),
    Form("shell script, in the background", "run.sh", "nohup python server.py > /dev/null 2>&1 &\nwait\n", shell),
    Form("shell script, quoted for another shell", "run.sh", "sh -c 'exec python server.py'\n", shell, VARIABLE),
    Form("shell script, the app's arguments", "run.sh", 'M="a b"\nenv python server.py --model "$M" --port 8042\n', shell, FACTORY),
    Form("shell script, in the script's folder", "run.sh", "cd core && python server.py\n", shell, script="core/server.py"),
    Form("shell script, from above", "run.sh", "python core/server.py\n", shell, script="core/server.py"),
    Form("shell script, by a variable", "run.sh", 'HERE=core\npython "$HERE/server.py"\n', shell, script="core/server.py"),
    Form("shell script, as a module", "run.sh", "python -m core.server\n", shell, script="core/server.py"),
    Form("systemd", "api.service", f"[Service]\nExecStart={sys.executable} server.py\n", unit),
    Form("systemd, a variable of the unit", "api.service", f"[Service]\nEnvironment=PORT=8027\nExecStart={sys.executable} server.py\n", unit, VARIABLE),
    Form("systemd, by default", "api.service", f"[Service]\nExecStart={sys.executable} -u server.py\n", unit, VARIABLE),
    Form("systemd, the app's arguments", "api.service", f"[Service]\nExecStart={sys.executable} server.py --model 'a b'\n", unit, FACTORY),
    Form("package.json", "package.json", '{"scripts": {"start": "cd . && python server.py"}}\n', package, VARIABLE),
    Form("tasks.json, a command", ".vscode/tasks.json", '{"tasks": [{"label": "a", "type": "shell", "command": "python server.py"}]}\n', tasks, VARIABLE),
    Form("tasks.json, words", ".vscode/tasks.json", '{"tasks": [{"label": "a", "type": "shell", "command": "python", "args": ["server.py"]}]}\n', tasks),
    Form("launch.json", ".vscode/launch.json", '{\n  // Serve\n  "configurations": [\n    {\n      "type": "debugpy",\n      "request": "launch",\n      "program": "${workspaceFolder}/server.py",\n      "env": {"PORT": "8028"},\n    },\n  ],\n}\n', launch, VARIABLE),
    Form("launch.json, the app's arguments", ".vscode/launch.json", '{"configurations": [{"type": "debugpy", "program": "server.py", "args": ["--port", "8043", "--model", "m"]}]}\n', launch, FACTORY),
    Form("launch.json, a module", ".vscode/launch.json", '{"configurations": [{"type": "debugpy", "module": "server", "args": ["-p", "8035"]}]}\n', launch, OWN),
    Form("README", "README.md", "# A\n\n```sh\n$ python server.py -p 8036\n```\n", block, OWN),
)  # fmt: skip

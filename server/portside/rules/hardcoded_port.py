"""PS201: a server listens on a port that is written in the code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from portside.knowledge.port_ranges import EPHEMERAL, PRIVILEGED
from portside.lint.finding import Applicability, Finding, Fix, LaterFixes, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import SourceFile, Span
from portside.python.facts import FileFacts
from portside.python.ports.port_fix import FilePorts, environment_fix
from portside.python.ports.ports import PortUse
from portside.python.source.roles import is_generated, is_in_tests, is_test_file
from portside.python.values.value_types import Through

CODE, NAME = "PS201", "hardcoded-port"

DOCUMENTATION = """\
## What it does

Flags a number in the code that a server listens on: `uvicorn.run(app, port=8010)`, `uvicorn.Config`,
hypercorn, gunicorn (`gunicorn.conf.py` too) and granian options in code, Flask, Quart, Sanic, aiohttp
and their like, Ray Serve, Twisted, ZeroMQ's `bind("tcp://*:5555")`, `socket.bind` followed by `listen`,
`HTTPServer(("", 8000), …)`, `asyncio.start_server`,
and commands that the program starts (`subprocess.Popen(["vllm", "serve", model, "--port", "8000"])`,
also as a shell string, in `sys.argv`, or put together by a function or method of the file). The number
may take a way through constants, attributes of classes, dictionaries that are unpacked, and functions,
methods and constructors that hand a parameter, or what an object in it holds, on: of the file, or of another
one of the workspace (`from server import start`, then `start(app, port=8000)`). The app may come from there,
too: `from app import app`, then `app.run(port=5000)`.

The number itself is underlined, where it is written: at the run call, or at the constant's definition,
since that is the line to change, and the one where a comment silences the finding. The places that
listen on it are given as related locations. A constant from another file of the workspace is
underlined where it is used, and its definition is the related location.

Not flagged: port 0; defaults of parameters, of argparse, click, typer and settings options, and of
environment variables, since those can be changed from outside; fields of data classes and models;
clients (`redis.Redis(port=6379)`); a `bind` that only asks whether a port is free; test files
(`test_*.py`, `*_test.py` with a test in it or without a main block, `conftest.py`, all below a folder
`tests` or `test`), whose servers nobody deploys; commands that are printed, searched for, or run in a
container.

## Why it matters

Two programs can't listen on one port. Who starts the server twice, or beside a colleague's on a shared
GPU machine, or while an earlier run still holds the port, has to edit the program. With vLLM that is
found out late: `uvicorn.run(app)` binds after the app's lifespan has run, so the model loads first, for
minutes, and then

```text
ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8010): address already in use
```

A port from 32768 to 60999 may be taken by any client: the kernel gives those to outgoing connections. One
below 1024 needs root or `CAP_NET_BIND_SERVICE`. The message says so where that is the case.

Container platforms say through `PORT` where a server has to listen, and a fixed number ignores them.

Do not use `VLLM_PORT` for it. That name is vLLM's own, for its internal ports. With
`VLLM_PORT=8010` and an API on 8010 the engine can take the port first, and the server fails with the
same error against itself.

## Example

```python
uvicorn.run(app, host="0.0.0.0", port=8010)
```

Better:

```python
uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8010")))
```

## Fix and its safety

"Read the port from the environment variable `PORT`" puts the old value in as the default, so nothing
changes where the variable is not set. It adds `import os`, or uses `os`, `environ` or `getenv` as the
file already imports them. In a command line it writes text instead of a number, and turns a string into
an f-string. The setting `port-variable` chooses another name than `PORT`.

Safe, when the variable is the one of the settings, or the usual one of that kind of server
(`METRICS_PORT`, `GRPC_PORT`, `GRADIO_SERVER_PORT`). Unsafe

- for a second port in the same file. Two ports never get the same variable; the second is named after
  its constant (`API_PORT`) or its number (`PORT_8001`), which a person should look at. Where a
  Kubernetes service is called `api`, `API_PORT` is set to `tcp://…`.
- where a launch file that runs this script, or `.env`, sets the variable to something else: then the
  port would change (`ENV PORT=8080` in the Dockerfile);
- where the number stands elsewhere in the file, in an address (`"http://localhost:8010/health"`) or as a
  number: those places would not follow, and the fix names their lines;
- for `llm.serve(port=1234)`, a line that fails with any port.

Not offered where it could be wrong: the name `os` means something else there, the number stands in
several branches or inside an f-string's braces, the string has braces of its own, the constant is in
another file.

## Since

Every version. vLLM sets aside `VLLM_PORT` since 0.2; uvicorn binds after the lifespan in all versions,
except with `--reload` or several workers, where it binds first.

## References

- <https://docs.vllm.ai/en/latest/configuration/env_vars.html>
- <https://12factor.net/port-binding>
"""

_TESTS = frozenset({"pytest", "unittest"})


def check(facts: FileFacts) -> Iterator[Finding]:
    source = facts.source
    if source.path.endswith(".pyi") or is_generated(source):
        return
    path = facts.workspace.path or source.path.replace("\\", "/").rpartition("/")[2]
    if is_in_tests(path) or (is_test_file(path) and not _is_script(facts)):
        return
    uses = [use for use in facts.listened.ports if use.literal.through is not Through.FIELD]
    ports = FilePorts(facts.module.names, uses, facts.workspace.port_variable)
    for same in _by_literal(uses):
        yield _finding(facts, same, ports)


def _is_script(facts: FileFacts) -> bool:
    """Whether a file with the name of a test has a main block and nothing that a test runner would find."""
    names = facts.module.names
    defined = (name for chunk in names.chunks if chunk.is_definition for name, _ in names.bindings_by(chunk))
    has_tests = _TESTS & names.imported_roots or any(name.startswith(("test", "Test")) for name in defined)
    return bool(facts.module.guards.main) and not has_tests


def _by_literal(uses: Sequence[PortUse]) -> list[list[PortUse]]:
    """The uses of one literal together, in the order of where it is underlined."""
    found: dict[tuple[str | None, Span], list[PortUse]] = {}
    for use in uses:
        place = use.literal.span if use.literal.path is None else use.use
        found.setdefault((use.literal.path, place), []).append(use)
    return sorted(found.values(), key=_underlined)


def _underlined(same: Sequence[PortUse]) -> Span:
    use = same[0]
    return use.literal.span if use.literal.path is None else use.use


def _finding(facts: FileFacts, same: Sequence[PortUse], ports: FilePorts) -> Finding:
    use = same[0]
    in_vllm_code = facts.is_vllm_code or any(other.listener.vllm for other in same)
    severity = Severity.WARNING if in_vllm_code else Severity.INFORMATION
    return Finding(
        CODE,
        NAME,
        _underlined(same),
        _message(use),
        severity,
        fixes=LaterFixes(lambda: (_fix(facts, use, ports),)),
        related=tuple(_related(facts.source, same)),
    )


def _fix(facts: FileFacts, use: PortUse, ports: FilePorts) -> Fix | None:
    workspace, variable = facts.workspace, ports.variables[use.port]
    settings = workspace.port_settings if variable.name == workspace.port_variable else ()
    fix = environment_fix(ports, use, variable, settings)
    if fix is not None and _listens_nowhere(use):
        note = "`serve` does not exist: this line fails all the same (llm-has-no-serve)."
        fix = dataclasses.replace(fix, applicability=Applicability.UNSAFE, notes=(note,))
    return fix


def _message(use: PortUse) -> str:
    label = use.listener.label
    if _listens_nowhere(use):
        return f"port `{use.port}` is fixed in the code, so another one means another program"
    return (
        f"`{label}` listens on port `{use.port}`, which is fixed in the code: "
        f"it can't start while anything else holds that port{_awkward(use.port)}"
    )


def _awkward(port: int) -> str:
    """What else speaks against this port. One number, one finding: `invalid-port` says nothing of it."""
    if port in EPHEMERAL:
        first, last = EPHEMERAL[0], EPHEMERAL[-1]
        return f", and the kernel gives ports from `{first}` to `{last}` to outgoing connections"
    if port in PRIVILEGED:
        return ", and below `1024` it needs root or `CAP_NET_BIND_SERVICE`"
    return ""


def _listens_nowhere(use: PortUse) -> bool:
    """Whether it is `LLM(…).serve(port=…)`, which no release has."""
    return use.listener.label.startswith("LLM.")


def _related(source: SourceFile, same: Sequence[PortUse]) -> Iterator[Related]:
    literal = same[0].literal
    if literal.path is not None:
        yield Related(literal.path, literal.span, f"port `{same[0].port}` is written here")
        return
    for use in same:
        if not use.use.touches(literal.span):
            yield Related(source.path, use.use, f"`{use.listener.label}` listens on it here")


_MAKING = """\
import uvicorn


class Server:
    def __init__(self, model):
        self.model = model

    @classmethod
    def of_file(cls, path):
        server = cls(path)
        return server

    def start(self, host="0.0.0.0", port=8000):
        uvicorn.run("m:app", host=host, port=port)


def create_server(model):
    return Server(model)
"""

_SERVE = "import uvicorn\n\n\ndef serve(app, port=8000):\n    uvicorn.run(app, port=port)\n"

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="A server listens on a port that is written in the code",
    fixes_apart=True,
    documentation=DOCUMENTATION,
    check=check,
    invalid=(
        Invalid(
            "at the run call",
            """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=«8010»)
""",
            """\
import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "8010")))
""",
            ("`uvicorn.run` listens on port `8010`, which is fixed in the code",),
        ),
        Invalid(
            "in a constant, with a docstring, a future import and os imported already",
            '''\
"""Serve."""

from __future__ import annotations

import os
import sys

import uvicorn

PORT = «8_000»


def main() -> None:
    uvicorn.run("server:app", port=PORT)
''',
            '''\
"""Serve."""

from __future__ import annotations

import os
import sys

import uvicorn

PORT = int(os.environ.get("PORT", "8000"))


def main() -> None:
    uvicorn.run("server:app", port=PORT)
''',
        ),
        Invalid(
            "behind lines that end in a backslash",
            "import os, \\\n    uvicorn\nuvicorn.run('m:app', \\\n    port=«8010»)\n",
            "import os, \\\n    uvicorn\nuvicorn.run('m:app', \\\n"
            "    port=int(os.environ.get('PORT', '8010')))\n",
        ),
        Invalid(
            "a port of outgoing connections",
            "import os, uvicorn\nuvicorn.run('m:app', port=«50051»)\n",
            "import os, uvicorn\nuvicorn.run('m:app', port=int(os.environ.get('PORT', '50051')))\n",
            ("the kernel gives ports from `32768` to `60999` to outgoing connections",),
        ),
        Invalid(
            "a port that needs root",
            "import os, uvicorn\nuvicorn.run('m:app', port=«80»)\n",
            "import os, uvicorn\nuvicorn.run('m:app', port=int(os.environ.get('PORT', '80')))\n",
            ("below `1024` it needs root or `CAP_NET_BIND_SERVICE`",),
        ),
        Invalid(
            "in the middle of sorted imports",
            """\
import json
import sys
from pathlib import Path

import uvicorn

uvicorn.run("m:app", port=«8000»)
""",
            """\
import json
import os
import sys
from pathlib import Path

import uvicorn

uvicorn.run("m:app", port=int(os.environ.get("PORT", "8000")))
""",
        ),
        Invalid(
            "with environ imported by name and single quotes",
            "from os import environ\nimport uvicorn\nuvicorn.run('m:app', port=«8000»)\n",
            "from os import environ\nimport uvicorn\n"
            "uvicorn.run('m:app', port=int(environ.get('PORT', '8000')))\n",
        ),
        Invalid(
            "two run calls with one port and one with another",
            """\
import os
import uvicorn

if os.path.exists("cert"):
    uvicorn.run("m:app", port=«8000», ssl_certfile="cert")
elif os.path.exists("test"):
    uvicorn.run("m:app", port=«9000»)
else:
    uvicorn.run("m:app", port=«8000»)
""",
            """\
import os
import uvicorn

if os.path.exists("cert"):
    uvicorn.run("m:app", port=int(os.environ.get("PORT", "8000")), ssl_certfile="cert")
elif os.path.exists("test"):
    uvicorn.run("m:app", port=9000)
else:
    uvicorn.run("m:app", port=8000)
""",
        ),
        Invalid(
            "PORT is read for another port already",
            """\
import os
import uvicorn

uvicorn.run("m:app", port=int(os.environ.get("PORT", "8000")))
ADMIN_PORT = «9000»
uvicorn.run("m:admin", port=ADMIN_PORT)
""",
            """\
import os
import uvicorn

uvicorn.run("m:app", port=int(os.environ.get("PORT", "8000")))
ADMIN_PORT = int(os.environ.get("ADMIN_PORT", "9000"))
uvicorn.run("m:admin", port=ADMIN_PORT)
""",
        ),
        Invalid(
            "in a list that starts vLLM",
            """\
import subprocess

subprocess.Popen(["vllm", "serve", "Qwen/Qwen2.5-VL-3B-Instruct", "--port", «"8000"»])
""",
            """\
import os
import subprocess

subprocess.Popen(["vllm", "serve", "Qwen/Qwen2.5-VL-3B-Instruct", "--port", os.environ.get("PORT", "8000")])
""",
            ("`vllm serve` listens on port `8000`",),
        ),
        Invalid(
            "in a string of its own that a command reads",
            """\
import subprocess

PORT = "«8000»"
subprocess.Popen(["vllm", "serve", "Qwen/Qwen2.5-VL-3B-Instruct", "--port", PORT])
""",
            """\
import os
import subprocess

PORT = os.environ.get("PORT", "8000")
subprocess.Popen(["vllm", "serve", "Qwen/Qwen2.5-VL-3B-Instruct", "--port", PORT])
""",
        ),
        Invalid(
            "with str() in a list",
            "import os, subprocess\ncmd = ['vllm', 'serve', m]\ncmd += ['--port', str(«8000»)]\n"
            "subprocess.run(cmd)\n",
            "import os, subprocess\ncmd = ['vllm', 'serve', m]\n"
            "cmd += ['--port', os.environ.get('PORT', '8000')]\n"
            "subprocess.run(cmd)\n",
        ),
        Invalid(
            "in an f-string",
            'import os\nos.system(f"vllm serve {model} --port «8000»")\n',
            "import os\nos.system(f\"vllm serve {model} --port {os.environ.get('PORT', '8000')}\")\n",
        ),
        Invalid(
            "in a string that becomes an f-string",
            "import os\nos.system('python -m sglang.launch_server --port=«30000»')\n",
            "import os\n"
            'os.system(f\'python -m sglang.launch_server --port={os.environ.get("PORT", "30000")}\')\n',
        ),
        Invalid(
            "in a string with braces of its own",
            "import os\nos.system('vllm serve {} --port «8000»'.format(model))\n",
            None,
        ),
        Invalid(
            "in hypercorn's bind",
            """\
from hypercorn.config import Config

config = Config()
config.bind = ["0.0.0.0:«8000»"]
""",
            """\
import os

from hypercorn.config import Config

config = Config()
config.bind = [f"0.0.0.0:{os.environ.get('PORT', '8000')}"]
""",
        ),
        Invalid(
            "through a function of the file",
            "import os, uvicorn\ndef serve(port=8000):\n    uvicorn.run('m:app', port=port)\nserve(«9000»)\n",
            "import os, uvicorn\ndef serve(port=8000):\n    uvicorn.run('m:app', port=port)\n"
            "serve(int(os.environ.get('PORT', '9000')))\n",
        ),
        Invalid(
            "in options that are unpacked",
            "import os, uvicorn\noptions = {'port': «8000», 'host': 'h'}\nuvicorn.run('m:app', **options)\n",
            "import os, uvicorn\noptions = {'port': int(os.environ.get('PORT', '8000')), 'host': 'h'}\n"
            "uvicorn.run('m:app', **options)\n",
        ),
        Invalid(
            "a second kind of server has a variable of its own",
            "import os, uvicorn\nfrom prometheus_client import start_http_server\nstart_http_server(«9100»)\n"
            "uvicorn.run('m:app', port=«8000»)\n",
            "import os, uvicorn\nfrom prometheus_client import start_http_server\n"
            "start_http_server(int(os.environ.get('METRICS_PORT', '9100')))\n"
            "uvicorn.run('m:app', port=8000)\n",
        ),
        Invalid(
            "os is something else here",
            "import uvicorn\ndef main(os):\n    uvicorn.run('m:app', port=«8000»)\n",
            None,
        ),
        Invalid(
            "a socket that listens",
            "import os, socket\ns = socket.socket()\ns.bind(('', «8000»))\ns.listen()\n",
            "import os, socket\ns = socket.socket()\n"
            "s.bind(('', int(os.environ.get('PORT', '8000'))))\ns.listen()\n",
        ),
        Invalid(
            "an address that an object has",
            "import os, socket\n\n\nclass Chat:\n    def __init__(self, host):\n"
            "        self.socket = socket.socket()\n"
            "        self.address = (host, «8000»)\n\n    def start(self):\n"
            "        self.socket.bind(self.address)\n        self.socket.listen()\n",
            "import os, socket\n\n\nclass Chat:\n    def __init__(self, host):\n"
            "        self.socket = socket.socket()\n"
            '        self.address = (host, int(os.environ.get("PORT", "8000")))\n\n    def start(self):\n'
            "        self.socket.bind(self.address)\n        self.socket.listen()\n",
        ),
        Invalid(
            "beside broken code",
            "import os, uvicorn\ndef broken(:\n    pass\n\n\nuvicorn.run('m:app', port=«8000»)\n",
            "import os, uvicorn\ndef broken(:\n    pass\n\n\n"
            "uvicorn.run('m:app', port=int(os.environ.get('PORT', '8000')))\n",
        ),
        Invalid(
            "code that an assistant wrote",
            "# Generated by an assistant\nimport os, uvicorn\nuvicorn.run('m:app', port=«8000»)\n",
            "# Generated by an assistant\nimport os, uvicorn\n"
            "uvicorn.run('m:app', port=int(os.environ.get('PORT', '8000')))\n",
        ),
        Invalid(
            "in gunicorn's configuration",
            'bind = "0.0.0.0:«8000»"\nworkers = 1\n',
            "import os\n\nbind = f\"0.0.0.0:{os.environ.get('PORT', '8000')}\"\nworkers = 1\n",
            path="gunicorn.conf.py",
        ),
        Invalid(
            "a constant of another file",
            "import uvicorn\nfrom config import PORT\nuvicorn.run('m:app', port=«PORT»)\n",
            None,
            ("`uvicorn.run` listens on port `8000`",),
            files={"config.py": "PORT = 8000\n"},
        ),
        Invalid(
            "what a star import brings",
            "from config import *\nimport uvicorn\nuvicorn.run('m:app', port=«PORT»)\n",
            None,
            files={"config.py": "from base import *\n", "base.py": "PORT = 8000\n"},
        ),
        Invalid(
            "a constant that a package hands on",
            "import uvicorn\nfrom settings import PORT\nuvicorn.run('m:app', port=«PORT»)\n",
            None,
            files={
                "settings/__init__.py": "from .server import PORT\n",
                "settings/server.py": "PORT = 8000\n",
            },
        ),
        Invalid(
            "items of another file's dictionary",
            "import uvicorn\nfrom config import CONFIG\nuvicorn.run('m:app', port=«CONFIG['api']['port']»)\n"
            "uvicorn.run('m:app', port=«CONFIG.get('port', 1)»)\n",
            None,
            files={"config.py": "CONFIG = {'port': 8000, 'api': {'host': '::', 'port': 8001}}\n"},
        ),
        Invalid(
            "an object that a function of another file makes",
            "from lib import create_server\n\nserver = create_server('m')\nserver.start(port=«9000»)\n",
            "import os\n\nfrom lib import create_server\n\nserver = create_server('m')\n"
            "server.start(port=int(os.environ.get('PORT', '9000')))\n",
            files={"lib.py": _MAKING},
        ),
        Invalid(
            "an object that a method of its class makes in another file",
            "from lib import Server\n\nServer.of_file('m.toml').start(port=«9001»)\n",
            "import os\n\nfrom lib import Server\n\n"
            "Server.of_file('m.toml').start(port=int(os.environ.get('PORT', '9001')))\n",
            files={"lib.py": _MAKING},
        ),
        Invalid(
            "an app of another file",
            "from app import app\n\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=«5000»)\n",
            "import os\n\nfrom app import app\n\nif __name__ == '__main__':\n"
            "    app.run(host='0.0.0.0', port=int(os.environ.get('PORT', '5000')))\n",
            ("`Flask.run` listens on port `5000`",),
            files={"app.py": "from flask import Flask\napp = Flask(__name__)\n"},
        ),
        Invalid(
            "an app that a function of a package makes",
            "from web import create_app\napp = create_app()\napp.run(port=«5000»)\n",
            "import os\n\nfrom web import create_app\napp = create_app()\n"
            'app.run(port=int(os.environ.get("PORT", "5000")))\n',
            files={
                "web/__init__.py": "from .factory import create_app\n",
                "web/factory.py": "from flask import Flask\n\n\ndef create_app():\n    app = Flask('web')\n"
                "    return app\n",
            },
        ),
        Invalid(
            "an interface that a method of another file's class makes",
            "from ui import Interface\nface = Interface()\ndemo = face.create()\n"
            "demo.launch(server_port=«7860»)\n",
            "import os\n\nfrom ui import Interface\nface = Interface()\ndemo = face.create()\n"
            'demo.launch(server_port=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))\n',
            files={
                "ui.py": "import gradio as gr\n\n\nclass Interface:\n    def create(self):\n"
                "        with gr.Blocks() as demo:\n            pass\n        return demo\n"
            },
        ),
        Invalid(
            "an app that an object of another file holds",
            "from web import server\nserver.app.run(port=«5000»)\n",
            'import os\n\nfrom web import server\nserver.app.run(port=int(os.environ.get("PORT", "5000")))\n',
            files={
                "web.py": "from flask import Flask\n\n\nclass Server:\n    def __init__(self):\n"
                "        self.app = Flask('web')\n\n\nserver = Server()\n"
            },
        ),
        Invalid(
            "a script with the name of a test",
            "import os\nimport uvicorn\n\nif __name__ == '__main__':\n"
            "    uvicorn.run('m:app', port=«8123»)\n",
            "import os\nimport uvicorn\n\nif __name__ == '__main__':\n"
            "    uvicorn.run('m:app', port=int(os.environ.get('PORT', '8123')))\n",
            path="test_callbacks.py",
        ),
        Invalid(
            "in a command beside a model that a function picks",
            "import subprocess\n\n\ndef pick():\n    for model in MODELS:\n        if exists(model):\n"
            "            return model\n    return 'Qwen/Qwen3-8B'\n\n\n"
            "subprocess.run(['vllm', 'serve', pick(), '--port', «'8000'»])\n",
            "import os\nimport subprocess\n\n\ndef pick():\n    for model in MODELS:\n"
            "        if exists(model):\n            return model\n    return 'Qwen/Qwen3-8B'\n\n\n"
            "subprocess.run(['vllm', 'serve', pick(), '--port', os.environ.get('PORT', '8000')])\n",
        ),
        Invalid(
            "in the arguments of TRL's server",
            "from trl.scripts import vllm_serve\n\n"
            "vllm_serve.main(vllm_serve.ScriptArguments(model='m', port=«8191»))\n",
            "import os\n\nfrom trl.scripts import vllm_serve\n\n"
            "vllm_serve.main(vllm_serve.ScriptArguments(model='m', "
            "port=int(os.environ.get('PORT', '8191'))))\n",
        ),
        Invalid(
            "a command that a method puts together",
            "import subprocess\n\n\nclass Server:\n    def command(self):\n"
            "        cmd = ['vllm', 'serve', 'm', '--port', «'8000'»]\n        return cmd\n\n"
            "    def start(self):\n        subprocess.Popen(self.command())\n",
            "import os\nimport subprocess\n\n\nclass Server:\n    def command(self):\n"
            "        cmd = ['vllm', 'serve', 'm', '--port', os.environ.get('PORT', '8000')]\n"
            "        return cmd\n\n"
            "    def start(self):\n        subprocess.Popen(self.command())\n",
        ),
        Invalid(
            "what is passed to a function that returns a command",
            "import subprocess\n\n\ndef command(port):\n"
            "    return ['vllm', 'serve', 'm', '--port', str(port)]\n\n\n"
            "subprocess.Popen(command(«8000»))\n",
            "import os\nimport subprocess\n\n\ndef command(port):\n"
            "    return ['vllm', 'serve', 'm', '--port', str(port)]\n\n\n"
            "subprocess.Popen(command(int(os.environ.get('PORT', '8000'))))\n",
        ),
        Invalid(
            "a chain of calls that ends in gradio's",
            "import gradio as gr\n\nwith gr.Blocks() as demo:\n    pass\n"
            "demo.queue().launch(server_port=«7861»)\n",
            "import os\n\nimport gradio as gr\n\nwith gr.Blocks() as demo:\n    pass\n"
            'demo.queue().launch(server_port=int(os.environ.get("GRADIO_SERVER_PORT", "7861")))\n',
        ),
        Invalid(
            "a member of an enumeration",
            "import enum, uvicorn\nclass Ports(enum.Enum):\n    API = «8000»\n"
            "uvicorn.run('m:app', port=Ports.API.value)\n",
            "import enum, uvicorn\nimport os\nclass Ports(enum.Enum):\n"
            "    API = int(os.environ.get('PORT', '8000'))\n"
            "uvicorn.run('m:app', port=Ports.API.value)\n",
        ),
        Invalid(
            "an attribute of another file",
            "import uvicorn\nimport settings.server as config\nuvicorn.run('m:app', port=«config.PORT»)\n",
            None,
            files={"settings/__init__.py": "", "settings/server.py": "PORT = 8000\n"},
        ),
        Invalid(
            "a settings object of another file",
            "import uvicorn\nfrom core.config import settings\n"
            "uvicorn.run('m:app', port=«settings.PORT»)\nuvicorn.run('m:app', port=«settings.admin_port»)\n",
            None,
            files={
                "core/config.py": "class Settings:\n    PORT = 8000\n\n    def __init__(self):\n"
                "        self.admin_port = 8001\n\n\nsettings = Settings()\n"
            },
        ),
        Invalid(
            "a settings class of another file",
            "import uvicorn\nfrom config import Config\nuvicorn.run('m:app', port=«Config().PORT»)\n",
            None,
            files={"config.py": "class Config:\n    PORT = 8000\n"},
        ),
        Invalid(
            "in a table of commands",
            "import subprocess\n\nMODELS = {\n    'small': {'name': 'm', 'options': ['--port', «'8000'»]},\n"
            "    'large': {'name': 'n', 'options': ['--port', «'8001'»]},\n}\n\n\n"
            "def start(key):\n    model = MODELS[key]\n"
            "    subprocess.Popen(['vllm', 'serve', model['name']] + model['options'])\n",
            "import os\nimport subprocess\n\nMODELS = {\n"
            "    'small': {'name': 'm', 'options': ['--port', os.environ.get('PORT', '8000')]},\n"
            "    'large': {'name': 'n', 'options': ['--port', '8001']},\n}\n\n\n"
            "def start(key):\n    model = MODELS[key]\n"
            "    subprocess.Popen(['vllm', 'serve', model['name']] + model['options'])\n",
        ),
        Invalid(
            "in a table in a table that a class is given, another part of which is set",
            "import subprocess\n\nCONFIG = {'serve': {'port': «8000»}, 'tunnel': {'on': True}}\n\n\n"
            "class Server:\n    def __init__(self, config):\n        self.config = config\n\n"
            "    def start(self):\n        serve = self.config['serve']\n"
            "        command = ['vllm', 'serve', 'm', '--port', str(serve['port'])]\n"
            "        subprocess.Popen(command)\n\n\n"
            "config = CONFIG\nconfig['tunnel']['on'] = False\nServer(config).start()\n",
            "import os\nimport subprocess\n\n"
            "CONFIG = {'serve': {'port': int(os.environ.get('PORT', '8000'))}, 'tunnel': {'on': True}}\n\n\n"
            "class Server:\n    def __init__(self, config):\n        self.config = config\n\n"
            "    def start(self):\n        serve = self.config['serve']\n"
            "        command = ['vllm', 'serve', 'm', '--port', str(serve['port'])]\n"
            "        subprocess.Popen(command)\n\n\n"
            "config = CONFIG\nconfig['tunnel']['on'] = False\nServer(config).start()\n",
        ),
        Invalid(
            "through an object that a function is given",
            "import subprocess\n\n\nclass Manager:\n    def start(self, model, port):\n"
            "        subprocess.Popen(['vllm', 'serve', model, '--port', str(port)])\n\n\n"
            "def start(model: str, port: int, manager: 'Manager | None' = None):\n"
            "    if manager is None:\n        manager = Manager()\n    manager.start(model, port=port)\n\n\n"
            "start('m', port=«8000»)\n",
            "import os\nimport subprocess\n\n\nclass Manager:\n    def start(self, model, port):\n"
            "        subprocess.Popen(['vllm', 'serve', model, '--port', str(port)])\n\n\n"
            "def start(model: str, port: int, manager: 'Manager | None' = None):\n"
            "    if manager is None:\n        manager = Manager()\n    manager.start(model, port=port)\n\n\n"
            "start('m', port=int(os.environ.get('PORT', '8000')))\n",
        ),
        Invalid(
            "handed to a function of another file",
            "from lib import serve\n\nserve('m:app', «9000»)\n",
            "import os\n\nfrom lib import serve\n\nserve('m:app', int(os.environ.get('PORT', '9000')))\n",
            ("`uvicorn.run` listens on port `9000`",),
            files={"lib.py": _SERVE},
        ),
        Invalid(
            "through a function of one file to that of another",
            "import start\n\nstart.main(port=«9000»)\n",
            'import os\n\nimport start\n\nstart.main(port=int(os.environ.get("PORT", "9000")))\n',
            files={
                "start.py": "from tools import serve\n\n\ndef main(port):\n    serve('m:app', port)\n",
                "tools/__init__.py": "from .lib import serve\n",
                "tools/lib.py": _SERVE,
            },
        ),
        Invalid(
            "to a thread, and bound ahead",
            "from functools import partial\nfrom threading import Thread\nfrom lib import serve\n\n"
            "Thread(target=serve, args=('m:app', «9000»)).start()\nstart = partial(serve, port=«9001»)\n",
            "import os\nfrom functools import partial\nfrom threading import Thread\n"
            "from lib import serve\n\n"
            "Thread(target=serve, args=('m:app', int(os.environ.get('PORT', '9000')))).start()\n"
            "start = partial(serve, port=9001)\n",
            files={"lib.py": _SERVE},
        ),
        Invalid(
            "to a class of another file, its method, and one that derives from it",
            "from lib import Server, server\n\nServer(port=«9000»).run()\nServer().admin(«9001»)\n"
            "server.admin(«9002»)\n\n\nclass Mine(Server):\n    pass\n\n\nclass Yours(Server):\n"
            "    def __init__(self):\n        super().__init__(port=«9003»)\n\n\nMine(port=«9004»).run()\n",
            "import os\n\nfrom lib import Server, server\n\n"
            'Server(port=int(os.environ.get("PORT", "9000"))).run()\nServer().admin(9001)\n'
            "server.admin(9002)\n\n\nclass Mine(Server):\n    pass\n\n\nclass Yours(Server):\n"
            "    def __init__(self):\n        super().__init__(port=9003)\n\n\nMine(port=9004).run()\n",
            files={
                "lib.py": "import uvicorn\n\n\nclass Server:\n    def __init__(self, port=8000):\n"
                "        self.port = port\n\n    def run(self):\n"
                "        uvicorn.run('m:app', port=self.port)\n\n    def admin(self, port):\n"
                "        uvicorn.run('m:admin', port=port)\n\n\nserver = Server()\n"
            },
        ),
        Invalid(
            "in options, in an object, and in a command that another file takes",
            "from types import SimpleNamespace\nfrom lib import by_options, by_object, by_items, run\n\n"
            "by_options('m:app', port=«9000»)\nby_object(SimpleNamespace(port=«9001»))\n"
            "by_items({'port': «9002»})\nrun(['vllm', 'serve', 'm', '--port', «'9003'»])\n",
            "import os\nfrom types import SimpleNamespace\n"
            "from lib import by_options, by_object, by_items, run\n\n"
            "by_options('m:app', port=int(os.environ.get('PORT', '9000')))\n"
            "by_object(SimpleNamespace(port=9001))\nby_items({'port': 9002})\n"
            "run(['vllm', 'serve', 'm', '--port', '9003'])\n",
            files={
                "lib.py": "import subprocess, uvicorn\n\n\ndef by_options(app, **options):\n"
                "    uvicorn.run(app, **options)\n\n\ndef by_object(config):\n"
                "    subprocess.run(['vllm', 'serve', 'm', '--port', str(config.port)])\n\n\n"
                "def by_items(config):\n    uvicorn.run('m:app', port=config['port'])\n\n\n"
                "def run(command):\n    subprocess.run(command, check=True)\n"
            },
        ),
    ),
    valid=(
        Valid(
            "another file's client, a function that is given another number, and one that calls itself",
            "from lib import connect, serve, again\n\nconnect('localhost', port=8000)\n"
            "serve('m:app', workers=4000)\nagain(9000)\nserve('m:app')\n",
            files={
                "lib.py": "import socket, uvicorn\n\n\ndef connect(host, port):\n"
                "    socket.create_connection((host, port))\n\n\n"
                "def serve(app, workers=1, port=8000):\n    uvicorn.run(app, workers=workers, port=port)\n"
                "\n\ndef again(port):\n    again(port + 1)\n"
            },
        ),
        Valid(
            "what is read from outside for a function of another file",
            "import os\nfrom lib import serve\n\nserve('m:app', int(os.environ['PORT']))\n",
            files={"lib.py": _SERVE},
        ),
        Valid(
            "a field of another file's data class for what listens on it",
            "from lib import Config, start\n\nstart(Config(port=9000))\n",
            files={
                "lib.py": "from dataclasses import dataclass\nimport uvicorn\n\n\n@dataclass\n"
                "class Config:\n    port: int = 8000\n\n\ndef start(config: Config):\n"
                "    uvicorn.run('m:app', port=config.port)\n"
            },
        ),
        Valid(
            "an address that an object is given as well",
            "import socket\n\n\nclass Chat:\n    def __init__(self, address=None):\n"
            "        self.socket = socket.socket()\n"
            "        self.address = ('', 8000)\n        if address:\n            self.address = address\n\n"
            "    def start(self):\n        self.socket.bind(self.address)\n        self.socket.listen()\n",
        ),
        Valid("port 0", "import uvicorn\nuvicorn.run('m:app', port=0)\n"),
        Valid("no port", "import uvicorn\nuvicorn.run('m:app')\n"),
        Valid(
            "something else of another file that has a run method",
            "from core import runner\nrunner.run(port=8000)\n",
            files={"core.py": "class Runner:\n    def run(self, port): ...\n\n\nrunner = Runner()\n"},
        ),
        Valid(
            "the environment",
            "import os, uvicorn\nuvicorn.run('m:app', port=int(os.getenv('PORT', '8000')))\n",
        ),
        Valid(
            "argparse",
            "import argparse, uvicorn\np = argparse.ArgumentParser()\n"
            "p.add_argument('--port', default=8000)\n"
            "uvicorn.run('m:app', port=p.parse_args().port)\n",
        ),
        Valid(
            "a parameter's default",
            "import uvicorn\ndef main(port=8000):\n    uvicorn.run('m:app', port=port)\n",
        ),
        Valid(
            "a data class",
            "import uvicorn\nfrom dataclasses import dataclass\n@dataclass\nclass Config:\n"
            "    port: int = 8000\n"
            "config = Config(port=9000)\nuvicorn.run('m:app', port=config.port)\n",
        ),
        Valid("a client", "import redis\nr = redis.Redis(host='localhost', port=6379)\n"),
        Valid("a URL", "url = url.replace(port=8000)\n"),
        Valid("a string", "x = 'uvicorn.run(app, port=8000)'\n"),
        Valid("a docstring", '"""uvicorn.run(app, port=8000)"""\nimport uvicorn\n'),
        Valid("someone else's run", "def run(app, port): ...\nrun('m:app', port=8000)\n"),
        Valid(
            "the bind of a port finder",
            "import socket\ndef is_free():\n    s = socket.socket()\n    s.bind(('', 8000))\n    s.close()\n",
        ),
        Valid(
            "a test's own port",
            "import uvicorn\nuvicorn.run('m:app', port=49152)\n",
            path="tests/test_server.py",
        ),
        Valid(
            "the servers that a test stands up",
            "import uvicorn\nuvicorn.run('m:app', port=8123)\n",
            path="tests/load/fake_backend.py",
        ),
        Valid(
            "a test beside the code", "import uvicorn\nuvicorn.run('m:app', port=8123)\n", path="api_test.py"
        ),
        Valid(
            "a test with a main block",
            "import uvicorn\n\n\ndef test_it():\n    pass\n\n\nif __name__ == '__main__':\n"
            "    uvicorn.run('m:app', port=8123)\n",
            path="test_server.py",
        ),
        Valid("a stub", "import uvicorn\nuvicorn.run('m:app', port=8000)\n", path="server.pyi"),
        Valid(
            "generated code",
            "# Generated by protoc. DO NOT EDIT.\nimport uvicorn\nuvicorn.run('m:app', port=8000)\n",
        ),
        Valid(
            "a class that is only called like a server",
            "class Server:\n    def run(self, port): ...\nServer().run(port=8000)\n",
        ),
        *(
            Valid(
                f"an object that is filled by {how}",
                "import json, uvicorn\n\n\nclass Address:\n    def __init__(self, **given):\n"
                f"        self.host = '127.0.0.1'\n        self.port = 8000\n        {fills}\n\n\n"
                "address = Address(**json.load(open('address.json')))\n"
                "uvicorn.run('m:app', host=address.host, port=address.port)\n",
            )
            for how, fills in (
                ("setattr", "[setattr(self, *pair) for pair in given.items()]"),
                ("its dictionary", "self.__dict__.update(given)"),
                ("a tuple", "self.host, self.port = given['host'], given['port']"),
            )
        ),
        Valid(
            "an object that a function fills",
            "import json, uvicorn\n\n\nclass Address:\n    port = 8000\n\n\ndef read(address):\n"
            "    for name, value in json.load(open('address.json')).items():\n"
            "        setattr(address, name, value)\n\n\naddress = Address()\nread(address)\n"
            "uvicorn.run('m:app', port=address.port)\n",
        ),
        Valid(
            "an object whose base class is not known",
            "import uvicorn\nfrom auto import AutoConfig\n\n\n"
            "class Address(AutoConfig):\n    port = 8000\n\n\n"
            "address = Address()\nuvicorn.run('m:app', port=address.port)\n",
        ),
        Valid(
            "a name that a star import would bring if the module did not compute it",
            "from config import *\nimport uvicorn\nuvicorn.run('m:app', port=PORT)\n",
            files={"config.py": "from base import *\nPORT = free_port()\n", "base.py": "PORT = 8000\n"},
        ),
        Valid(
            "another file's dictionary that is filled",
            "import uvicorn\nfrom config import CONFIG\nuvicorn.run('m:app', port=CONFIG['port'])\n",
            files={
                "config.py": "import json\nCONFIG = {'port': 8000}\nCONFIG.update(json.load(open('c')))\n"
            },
        ),
        Valid(
            "a constant of another file that reads the environment",
            "import uvicorn\nfrom config import PORT\nuvicorn.run('m:app', port=PORT)\n",
            files={"config.py": "import os\nPORT = int(os.environ.get('PORT', 8000))\n"},
        ),
        Valid(
            "settings of another file that come from outside",
            "import uvicorn\nfrom config import fields, settings\n"
            "uvicorn.run('m:app', port=settings.port)\nuvicorn.run('m:app', port=fields.port)\n",
            files={
                "config.py": "from dataclasses import dataclass\n"
                "from pydantic_settings import BaseSettings\n\n\n"
                "class Settings(BaseSettings):\n    port: int = 8000\n\n\n"
                "@dataclass\nclass Fields:\n    port: int = 8001\n\n\n"
                "settings = Settings()\nfields = Fields()\n"
            },
        ),
        Valid(
            "a table in a table that is filled",
            "import json, uvicorn\n\nCONFIG = {'api': {'port': 8000}}\n"
            "CONFIG['api'].update(json.load(open('c')))\n"
            "uvicorn.run('m:app', port=CONFIG['api']['port'])\n",
        ),
        Valid(
            "a table in a table whose port is set",
            "import sys, uvicorn\n\nCONFIG = {'api': {'port': 8000}}\n"
            "CONFIG['api']['port'] = int(sys.argv[1])\nuvicorn.run('m:app', port=CONFIG['api']['port'])\n",
        ),
        Valid(
            "a table that is set in the function that is given it",
            "import sys, uvicorn\n\nCONFIG = {'port': 8000}\n\n\ndef start(config):\n"
            "    config['port'] = int(sys.argv[1])\n    uvicorn.run('m:app', port=config['port'])\n\n\n"
            "start(CONFIG)\n",
        ),
        Valid(
            "a table of another command",
            "import subprocess\n\nMODELS = {\n    'client': ['--port', '8000'],\n"
            "    'server': ['--dtype', 'auto'],\n}\n\n\n"
            "subprocess.Popen(['vllm', 'serve', 'm'] + MODELS['server'])\n"
            "subprocess.run(['client', *MODELS['client']])\n",
        ),
        Valid(
            "a settings object that the file sets",
            "import sys, uvicorn\nfrom config import settings\n\nsettings.port = int(sys.argv[1])\n"
            "uvicorn.run('m:app', port=settings.port)\n",
            files={"config.py": "class Settings:\n    port = 8000\n\n\nsettings = Settings()\n"},
        ),
    ),
)

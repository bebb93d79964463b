"""PS401: a launch file starts a script or an app that the workspace does not have."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.launchfiles.facts import Launch, Serves
from portside.lint.finding import Finding, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts
    from portside.launchfiles.graph.launched import Launched

CODE, NAME = "PS401", "launch-target-missing"

DOCUMENTATION = """\
## What it does

Flags a launch in a launch file whose Python code is certainly not there:

- a script or a module (`python src/server.py`, `uvicorn app.main:app`) of which the workspace has no file of
  that name anywhere, while it does have the folder that should hold it;
- an app that its module does not bind (`uvicorn server:application`, where server.py has `app`).

A path is followed as the launch would: `WORKDIR`, `working_dir`, `cd`, `--app-dir`, and from a path inside an
image through its `COPY` instructions to the folder that it is built from.

Not flagged: what is not certain. Variables in the path; a file that a command of the same launch file brings
(`git clone`, `curl`, `COPY --from`, a volume, a heredoc); git submodules; a module of which no folder is in
the workspace, which a package may install; a module with a star import, `__getattr__` or `exec`.

## Why it matters

The container, the unit or the script starts, and ends at once. With uvicorn (exit code 3, in
older releases 1):

```text
ERROR:    Error loading ASGI app. Could not import module "app.main".
ERROR:    Error loading ASGI app. Attribute "application" not found in module "server".
```

With Python itself, exit code 2:

```text
python: can't open file '/app/server.py': [Errno 2] No such file or directory
```

In production this shows after the image has been built, pushed and rolled out.

## Example

```dockerfile
CMD ["uvicorn", "server:application", "--port", "8000"]
```

Better:

```dockerfile
CMD ["uvicorn", "server:app", "--port", "8000"]
```

## Fix and its safety

None: what should be started is for people to say. The message names the apps that the module has.

## Since

Every version of uvicorn and Python.

## References

- `uvicorn/importer.py`
"""


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    for unit in facts.file.units:
        for launch in unit.launches:
            if launch.target is None:
                continue
            launched = facts.workspace.launched(unit, launch)
            message = _missing_file(launch, launched) or _missing_name(launch, launched)
            if message is not None:
                span, related = launch.target.inside, _related(facts, launched)
                yield Finding(CODE, NAME, span, message, Severity.ERROR, related=related)


def _missing_file(launch: Launch, launched: Launched) -> str | None:
    if launched.missing is None or launch.target is None:
        return None
    what = "a module" if launch.serves is Serves.APP else "a script"
    found = f"there is no `{launched.missing}` in the workspace"
    return f"`{launch.program}` is to start {what} that is not there: {found}, and it ends at once"


def _missing_name(launch: Launch, launched: Launched) -> str | None:
    if launch.serves is not Serves.APP or launched.names is None or launch.target is None:
        return None
    name = launch.target.text.partition(":")[2].partition("(")[0].partition(".")[0]
    if not name.isidentifier() or name in launched.names:
        return None
    near = difflib.get_close_matches(name, launched.names, n=1, cutoff=0.8)
    others = launched.apps or tuple(near)
    hint = f" (it has `{'`, `'.join(others)}`)" if others else ""
    said = f'`Attribute "{name}" not found in module`'
    return f"`{launched.path}` binds no `{name}`{hint}: `{launch.program}` ends with {said}"


def _related(facts: LaunchFacts, launched: Launched) -> tuple[Related, ...]:
    if launched.path is None:
        return ()
    return (Related(facts.workspace.shown(launched.path), Span(0, 0), "the module that is started"),)


_APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"

_INVALID = (
    Invalid(
        "an app that the module does not bind",
        'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "«server:application»"]\n',
        messages=("`server.py` binds no `application` (it has `app`): `uvicorn` ends with",),
        path="Dockerfile",
        files={"server.py": _APP},
    ),
    Invalid(
        "of two modules of that name the one that is meant",
        'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "«app.main:api»"]\n',
        messages=("`app/main.py` binds no `api`",),
        path="Dockerfile",
        files={"app/main.py": _APP, "main.py": "", "__init__.py": ""},
    ),
    Invalid(
        "a module whose package is there",
        "uvicorn «app.mian:app» --port 8000\n",
        messages=("there is no `app/mian.py` in the workspace",),
        path="start.sh",
        files={"app/main.py": _APP, "app/__init__.py": ""},
    ),
    Invalid(
        "a script whose folder is there",
        "serve:\n\tpython «src/serve.py» --port 8000\n",
        messages=("`python` is to start a script that is not there: there is no `src/serve.py`",),
        path="Makefile",
        files={"src/server.py": _APP},
    ),
    Invalid(
        "a script beside the Dockerfile",
        "FROM python:3.12\nWORKDIR /srv\nCOPY api/ /srv/\nCMD python «main.py»\n",
        path="Dockerfile",
        files={"api/server.py": _APP, "setup.py": ""},
    ),
    Invalid(
        "one of the scripts that a function is called with",
        'run() {\n    python "«$1»"\n}\nrun src/server.py\nrun src/bench.py\n',
        messages=("there is no `src/bench.py` in the workspace",),
        path="start.sh",
        files={"src/server.py": _APP},
    ),
    Invalid(
        "an image of a folder of its own, whatever other folders have",
        'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "«server:application»"]\n',
        messages=("`api/server.py` binds no `application` (it has `app`)",),
        path="api/Dockerfile",
        files={"api/server.py": _APP, "library/server.py": "application = object()\n"},
    ),
)

_VALID = (
    Valid(
        "a folder that a variable names",
        'cd "$CHECKOUT"\npython src/serve.py\n',
        "start.sh",
        {"src/main.py": ""},
    ),
    Valid(
        "a folder of the machine that has a module of that name",
        "cd /root/.server\n/root/.server/.venv/bin/uvicorn main:app --port 8000\n",
        "start.sh",
        {"src/server/main.py": "def main():\n    pass\n"},
    ),
    Valid(
        "a module that a package installs",
        "migrate:\n\tcd backend && python -m tortoise migrate\n",
        "Makefile",
        {"backend/manage.py": ""},
    ),
    Valid(
        "what is there",
        'FROM python\nCOPY . /app\nWORKDIR /app\nCMD ["uvicorn", "server:app"]\n',
        "Dockerfile",
        {"server.py": _APP},
    ),
    Valid(
        "a factory",
        "uvicorn --factory server:create_app\n",
        "start.sh",
        {"server.py": "def create_app():\n    ...\n"},
    ),
    Valid(
        "an app of another module, imported",
        "uvicorn server:app\n",
        "start.sh",
        {"server.py": "from core import app\n"},
    ),
    Valid("a star import", "uvicorn server:api\n", "start.sh", {"server.py": "from core import *\n"}),
    Valid(
        "bound in a branch",
        "uvicorn server:app\n",
        "start.sh",
        {"server.py": "try:\n    from a import app\nexcept ImportError:\n    app = None\n"},
    ),
    Valid(
        "a src layout", "uvicorn core.server:app --app-dir src\n", "start.sh", {"src/core/server.py": _APP}
    ),
    Valid(
        "a folder of the image",
        "FROM python\nCOPY backend/src /opt/service\nWORKDIR /opt/service\nCMD uvicorn server:app\n",
        "Dockerfile",
        {"backend/src/server.py": _APP, "setup.py": ""},
    ),
    Valid(
        "a package that is installed", "uvicorn litellm.proxy.proxy_server:app\n", "start.sh", {"a.py": ""}
    ),
    Valid(
        "another file of the same name above",
        'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "app.main:app"]\n',
        "Dockerfile",
        {"app/main.py": _APP, "main.py": "", "__init__.py": ""},
    ),
    Valid(
        "an image that may be built from the folder above",
        'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "server:app"]\n',
        "docker/Dockerfile",
        {"docker/server.py": "", "server.py": _APP},
    ),
    Valid(
        "a script that may be started from another folder",
        "uvicorn server:app\n",
        "scripts/start.sh",
        {"scripts/server.py": "", "api/server.py": _APP},
    ),
    Valid("a path of Windows", "python .\\server.py\n", "start.sh", {"a.py": ""}),
    Valid("a path of the machine", "python /opt/tool/server.py\n", "start.sh", {"a.py": ""}),
    Valid(
        "a package and a module of one name",
        "uvicorn api:app\n",
        "start.sh",
        {"api/__init__.py": "", "api/api.py": _APP},
    ),
    Valid("a variable", "python $SCRIPT\npython ${DIR}/server.py\n", "start.sh", {"a.py": ""}),
    Valid(
        "what the image clones",
        "FROM python\nRUN git clone https://example.org/a /app\nWORKDIR /app\nCMD python server.py\n",
        "Dockerfile",
        {"a.py": ""},
    ),
    Valid("elsewhere", "ssh gpu python server.py\n", "start.sh", {"a.py": ""}),
    Valid(
        "after cd", "cd backend && uvicorn server:app\n", "start.sh", {"backend/server.py": _APP, "a.py": ""}
    ),
    Valid(
        "a submodule of git", "python server.py\n", "start.sh", {"a.py": "", ".gitmodules": "[submodule]\n"}
    ),
    Valid("a tool", "python -m http.server 8000\n", "start.sh", {"a.py": ""}),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.ERROR,
    summary="A launch file starts a script or an app that does not exist",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

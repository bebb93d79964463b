"""PS403: a server watches its files in a place where they don't change."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.launchfiles.facts import Format, Launch, Unit
from portside.lint.finding import Applicability, Edit, Finding, Fix, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts

CODE, NAME = "PS403", "reload-in-production"

DOCUMENTATION = """\
## What it does

Flags `--reload` of uvicorn, gunicorn, hypercorn, granian and their like in the command of a Dockerfile, of a
Kubernetes container and of a systemd unit.

Not flagged: compose files, scripts, Makefiles and Procfiles, which people develop with; a file, a stage, a
container, a namespace or a folder with a name that says so (`Dockerfile.dev`, `FROM base AS debug`,
`overlays/dev`); an image of which a compose service mounts the sources (`.:/app`) where the server starts.

## Why it matters

With `--reload` two processes run where one is needed: a supervisor that watches the folder's files, and the
server. A Python file that changes there after all (a download, generated code, a mounted volume that is
updated) restarts the server. With a vLLM engine in it, this means minutes of loading, and requests that
fail meanwhile. `--workers` has no effect beside it; uvicorn says

```text
WARNING:  "workers" flag is ignored when reloading is enabled.
```

## Example

```dockerfile
CMD ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8000", "--reload"]
```

Better:

```dockerfile
CMD ["uvicorn", "server:app", "--host", "0.0.0.0", "--port", "8000"]
```

## Fix and its safety

"Remove the reload options" takes out `--reload` and the options that mean nothing without it
(`--reload-dir`, `--reload-include` and the like). Unsafe, because the same file may be what somebody develops
with, say by a compose file that mounts the sources.

## Since

Every version of uvicorn that has the option. Measured with uvicorn 0.54.0.

## References

- [uvicorn: deployment](https://www.uvicorn.org/deployment/)
- `uvicorn/supervisors`
"""

_FORMATS = frozenset({Format.DOCKERFILE, Format.KUBERNETES, Format.SYSTEMD})
_DEVELOPMENT = re.compile(
    r"(^|[^a-z])(dev|devel|develop|development|devcontainer|debug|local|test|tests|testing|e2e|ci|demo"
    r"|example|examples|sandbox|watch|hot|reload)([^a-z]|$)",
    re.IGNORECASE,
)


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    if facts.file.format not in _FORMATS or _DEVELOPMENT.search(facts.file.path):
        return
    for unit in facts.file.units:
        if any(map(_DEVELOPMENT.search, (unit.name, unit.namespace, unit.group))):
            continue
        if any(launch.reload for launch in unit.launches) and _has_sources_mounted(facts, unit):
            continue
        for launch in unit.launches:
            if launch.reload is not None and not launch.elsewhere:
                yield _finding(facts, unit, launch, launch.reload)


def _has_sources_mounted(facts: LaunchFacts, unit: Unit) -> bool:
    """Whether a compose service that is built of this stage has the machine's files where it starts."""
    from portside.launchfiles.docker.containers import image_of

    around, folder = facts.workspace.around, posixpath.dirname(facts.file.path)
    folders = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        folders.append(folder)
    files = [file for one in folders for file in around.in_folder(one) if file.format is Format.COMPOSE]
    for file in files:
        for service in file.units:
            image = image_of(around, file.path, service.build) if service.build is not None else None
            if image is not None and (image.file.path, image.stage.name) == (facts.file.path, unit.name):
                started = posixpath.join("/", service.folder or unit.folder or "", "")
                if any(started.startswith(posixpath.join(mount, "")) for mount in service.mounts if mount):
                    return True
    return False


def _finding(facts: LaunchFacts, unit: Unit, launch: Launch, place: Span) -> Finding:
    option = facts.source.slice(place).strip("\\\"'")
    message = f"`{option}` runs {_where(facts.file.format, unit)}: `{launch.program}` watches files that stay"
    message += " as they are, and one that changes restarts the server"
    edits = _edits(facts, launch)
    note = "Somebody may develop with this file, where the sources are mounted."
    fixes = () if edits is None else (Fix("Remove the reload options", edits, Applicability.UNSAFE, (note,)),)
    return Finding(CODE, NAME, place, message, Severity.INFORMATION, fixes)


def _where(format_: Format, unit: Unit) -> str:
    match format_:
        case Format.DOCKERFILE:
            return "in the image"
        case Format.KUBERNETES:
            return f"in the container `{unit.name}`" if unit.name else "in the container"
        case _:
            return "in the service"


def _edits(facts: LaunchFacts, launch: Launch) -> tuple[Edit, ...] | None:
    """Taking out every reload option; `fastapi dev` becomes `fastapi run`."""
    from portside.launchfiles.commands.reload_options import reload_words
    from portside.launchfiles.moving.word_edits import rewritten, without

    stretches = reload_words(launch)
    if launch.program == "fastapi dev":
        word = next((word for word in launch.command if word.text == "dev"), None)
        return (rewritten(facts.source, word, "run"),) if word is not None else None
    edits = [without(facts.source, launch.command, first, last) for first, last in stretches]
    whole = tuple(edit for edit in edits if edit is not None)
    return whole if whole and len(whole) == len(edits) else None


_IMAGE = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "server:app", '
_POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: api\nspec:\n  containers:\n    - name: api\n"
    "      image: me/api\n      command: [uvicorn]\n      args:\n        - server:app\n"
)

_INVALID = (
    Invalid(
        "in a Dockerfile's CMD",
        _IMAGE + '"«--reload»", "--port", "8000"]\n',
        _IMAGE + '"--port", "8000"]\n',
        ("`--reload` runs in the image: `uvicorn` watches files that stay as they are",),
        "Dockerfile",
    ),
    Invalid(
        "in shell form, with options that say how",
        "FROM python:3.12\nCMD uvicorn server:app \\\n    «--reload» --reload-dir src \\\n    --port 8000\n",
        "FROM python:3.12\nCMD uvicorn server:app \\\n    --port 8000\n",
        path="Dockerfile",
    ),
    Invalid(
        "in a Kubernetes container",
        _POD + "        - «--reload»\n        - --port=8000\n",
        _POD + "        - --port=8000\n",
        ("`--reload` runs in the container `api`",),
        "k8s/api.yaml",
    ),
    Invalid(
        "in a systemd unit",
        "[Service]\nExecStart=/opt/venv/bin/uvicorn server:app «--reload» --port 8000\n",
        "[Service]\nExecStart=/opt/venv/bin/uvicorn server:app --port 8000\n",
        ("`--reload` runs in the service",),
        "api.service",
    ),
    Invalid(
        "in an image in which a service mounts something else",
        _IMAGE + '"«--reload»", "--port", "8000"]\n',
        _IMAGE + '"--port", "8000"]\n',
        path="Dockerfile",
        files={"compose.yaml": "services:\n  api:\n    build: .\n    volumes: [./models:/app/models]\n"},
    ),
    Invalid(
        "through sh -c",
        'FROM python:3.12\nCMD ["sh", "-c", "exec uvicorn server:app «--reload» --port ${PORT:-8000}"]\n',
        'FROM python:3.12\nCMD ["sh", "-c", "exec uvicorn server:app --port ${PORT:-8000}"]\n',
        path="Dockerfile",
    ),
)

_VALID = (
    Valid("without", _IMAGE + '"--port", "8000"]\n', "Dockerfile"),
    Valid(
        "an image in which a service mounts the sources",
        _IMAGE + '"--reload"]\n',
        "Dockerfile",
        files={"compose.yaml": "services:\n  api:\n    build: .\n    volumes: [.:/app]\n"},
    ),
    Valid("a Dockerfile for development", _IMAGE + '"--reload"]\n', "Dockerfile.dev"),
    Valid("a folder for development", _IMAGE + '"--reload"]\n', "docker/dev/Dockerfile"),
    Valid(
        "a stage for development",
        "FROM python:3.12 AS base\nFROM base AS dev\nCMD uvicorn server:app --reload\n"
        "FROM base AS prod\nCMD uvicorn server:app\n",
        "Dockerfile",
    ),
    Valid(
        "a compose file",
        "services:\n  api:\n    build: .\n    command: uvicorn server:app --reload\n",
        "docker-compose.yml",
    ),
    Valid("a script", "uvicorn server:app --reload\n", "start.sh"),
    Valid(
        "a namespace for development",
        _POD.replace("  name: api\nspec", "  name: api\n  namespace: dev\nspec") + "        - --reload\n",
        "k8s/api.yaml",
    ),
    Valid("another program's option", 'FROM nginx\nCMD ["nginx", "-s", "reload"]\n', "Dockerfile"),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.INFORMATION,
    summary="A server watches its files in an image, a Kubernetes container or a systemd unit",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

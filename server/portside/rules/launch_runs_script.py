"""PS402: a launch file runs a script that defines an app and starts nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from portside.launchfiles.facts import Format, Launch, Serves
from portside.lint.finding import Applicability, Edit, Finding, Fix, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span

if TYPE_CHECKING:
    from portside.launchfiles.graph.launch_facts import LaunchFacts
    from portside.launchfiles.graph.launched import Launched
    from portside.launchfiles.text.words import Word

CODE, NAME = "PS402", "launch-runs-script"

DOCUMENTATION = """\
## What it does

Flags `python server.py` in a launch file where server.py defines an app and starts no server: it never had a
main block, or the launch has been moved to the uvicorn command line and this place was forgotten.

Said only where all that the file does at its top is known: imports, definitions, assignments, and calls that
set up the app or logging.

Not flagged: a script that runs anything else (`app.run()`, `mcp.run()`, a function of its own), has a main
block, or is not found in the workspace.

## Why it matters

Nothing says so: Python imports the file, makes the app and ends with exit code 0. A container with
`restart: always` starts again and again, `systemctl status` says `inactive (dead)`, a Kubernetes pod goes to
`CrashLoopBackOff`, and the log is empty. With a vLLM engine in the file, each round loads the model first.

## Example

```yaml
command: python server.py
```

Better:

```yaml
command: uvicorn server:app --host 0.0.0.0
```

## Fix and its safety

"Start it by uvicorn" writes `uvicorn MODULE:APP` in place of `python FILE`, in the quotes and lists of that
place, with `--app-dir` for a file in a folder; in images and containers with `--host 0.0.0.0`, since uvicorn
by itself listens on 127.0.0.1, where nobody outside of the container reaches it. Unsafe: which port is
meant is for you to say; uvicorn takes 8000. Offered where the file has one app and the command ends with the
script.

## Since

Every version.

## References

- [uvicorn: settings](https://www.uvicorn.org/settings/)
"""

_CONTAINERS = frozenset({Format.DOCKERFILE, Format.COMPOSE, Format.KUBERNETES})


def _check(facts: LaunchFacts) -> Iterator[Finding]:
    for unit in facts.file.units:
        for launch in unit.launches:
            # `fastapi run server.py` and the like serve the app that they find in it.
            is_python = launch.program.rpartition("/")[2].startswith("python")
            if launch.serves is not Serves.SCRIPT or launch.target is None or not is_python:
                continue
            launched = facts.workspace.launched(unit, launch)
            if launched.ends_at_once and launched.path is not None:
                yield _finding(facts, launch, launch.target, launched, launched.path)


def _finding(facts: LaunchFacts, launch: Launch, target: Word, launched: Launched, path: str) -> Finding:
    message = f"`{target.text}` defines an app and starts no server: run as a script it ends without a word"
    edits = _edits(facts, launch, target, launched)
    note = "uvicorn listens on port 8000 unless `--port` says otherwise."
    fixes = () if edits is None else (Fix("Start it by uvicorn", edits, Applicability.UNSAFE, (note,)),)
    related = (Related(facts.workspace.shown(path), Span(0, 0), "it ends after this file's last line"),)
    span = Span(target.inner, target.inner + len(target.text))
    return Finding(CODE, NAME, span, message, Severity.WARNING, fixes, related)


def _edits(facts: LaunchFacts, launch: Launch, target: Word, launched: Launched) -> tuple[Edit, ...] | None:
    """`python` becomes `uvicorn`, the script the app; what has to be said besides goes behind it."""
    from portside.launchfiles.moving.word_edits import rewritten, word_span

    words = launch.command
    index = words.index(target) if target in words else 0
    if len(launched.apps) != 1 or index != len(words) - 1 or index == 0:
        return None
    python = words[index - 1]
    if not posixpath.basename(python.text).startswith("python") or python.end > target.start:
        return None
    folder, name = posixpath.split(target.text)
    more = ["--app-dir", folder] if folder else []
    more += ["--host", "0.0.0.0"] if facts.file.format in _CONTAINERS else []  # noqa: S104
    between = facts.source.text[word_span(facts.source, python).end : word_span(facts.source, target).start]
    app = rewritten(facts.source, target, f"{name.removesuffix('.py')}:{launched.apps[0]}")
    added = [rewritten(facts.source, target, word).new_text for word in more]
    whole = between.join([app.new_text, *added])
    program = posixpath.join(posixpath.dirname(python.text), "uvicorn")
    return rewritten(facts.source, python, program), Edit(facts.source.path, app.span, whole)


_APP = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root():\n    return {}\n"
_MAIN = _APP + "\n\nif __name__ == '__main__':\n    import uvicorn\n\n    uvicorn.run(app)\n"

_INVALID = (
    Invalid(
        "in a Dockerfile's CMD",
        'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["python3", "«server.py»"]\n',
        'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "server:app", "--host", "0.0.0.0"]\n',
        ("`server.py` defines an app and starts no server: run as a script it ends without a word",),
        "Dockerfile",
        {"server.py": _APP},
    ),
    Invalid(
        "in a compose file",
        "services:\n  api:\n    build: .\n    command: python «server.py»\n",
        "services:\n  api:\n    build: .\n    command: uvicorn server:app --host 0.0.0.0\n",
        path="compose.yaml",
        files={"server.py": _APP, "Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\n"},
    ),
    Invalid(
        "a list over several lines",
        "services:\n  api:\n    build: .\n    command:\n      - python\n      - «core/server.py»\n",
        "services:\n  api:\n    build: .\n    command:\n      - uvicorn\n      - server:app\n"
        "      - --app-dir\n      - core\n      - --host\n      - 0.0.0.0\n",
        path="compose.yaml",
        files={"core/server.py": _APP, "Dockerfile": "FROM python\nWORKDIR /app\nCOPY . .\n"},
    ),
    Invalid(
        "in a script",
        "#!/bin/sh\nexec .venv/bin/python «server.py»\n",
        "#!/bin/sh\nexec .venv/bin/uvicorn server:app\n",
        path="start.sh",
        files={"server.py": _APP},
    ),
    Invalid(
        "in a Procfile",
        "web: python «server.py»\n",
        "web: uvicorn server:app\n",
        path="Procfile",
        files={"server.py": _APP},
    ),
    Invalid(
        "with arguments that nobody reads",
        "python «server.py» --port 8000\n",
        path="start.sh",
        files={"server.py": _APP},
    ),
)

_VALID = (
    Valid("a script with a main block", "python server.py\n", "start.sh", {"server.py": _MAIN}),
    Valid("by uvicorn", "uvicorn server:app\n", "start.sh", {"server.py": _APP}),
    Valid("a server that finds the app", "fastapi run server.py\n", "start.sh", {"server.py": _APP}),
    Valid(
        "another server",
        "python server.py\n",
        "start.sh",
        {"server.py": "from flask import Flask\napp = Flask('a')\napp.run()\n"},
    ),
    Valid(
        "a function of its own",
        "python server.py\n",
        "start.sh",
        {"server.py": _APP + "\nfrom runner import serve\n\nserve(app)\n"},
    ),
    Valid(
        "a call whose result is kept",
        "python server.py\n",
        "start.sh",
        {"server.py": _APP + "\nimport runner\n\ncode = runner.run(app)\n"},
    ),
    Valid("no app at all", "python server.py\n", "start.sh", {"server.py": "import runner\n"}),
    Valid("not in the workspace", "python server.py\n", "start.sh"),
)

RULE: Rule[LaunchFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="A launch file runs a script that defines an app and starts nothing",
    documentation=DOCUMENTATION,
    check=None,
    launch_check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

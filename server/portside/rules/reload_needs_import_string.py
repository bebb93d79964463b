"""PS103: an app object with reload or several workers, which uvicorn refuses."""

from __future__ import annotations

from collections.abc import Iterator

from portside.lint.finding import Applicability, Edit, Finding, Fix, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.facts import FileFacts
from portside.python.launching.launches import Launch
from portside.python.launching.moves import offered_move
from portside.python.launching.served_app import is_object
from portside.python.names.bindings import Binding, How
from portside.python.names.import_removal import removed_import

CODE, NAME = "PS103", "reload-needs-import-string"

DOCUMENTATION = """\
## What it does

Flags `uvicorn.run(app, reload=True)` and `uvicorn.run(app, workers=4)` where what is passed is the app
itself (or a factory as a function) and not an import string such as `"server:app"`.

Not flagged: values that are not literally `True` or more than 1, also through a constant; arguments that
may be a text; `uvicorn.Config` with `uvicorn.Server`, which is one process without reload whatever the
options say.

## Why it matters

With reload or workers other processes serve, and an object can't be sent to them. uvicorn prints one
line, a warning and no error, and exits with code 3 (with code 1 in older versions, 0.34 for one):

```text
WARNING:  You must pass the application as an import string to enable 'reload' or 'workers'.
```

Nothing has been served. What stands above the call, an engine for example, has run by then.

## Example

```python
from core.app import app

uvicorn.run(app, reload=True)
```

Correct:

```python
uvicorn.run("core.app:app", reload=True)
```

## Fix and its safety

"Pass the import string" is offered where the app comes from another module by an absolute import and
nothing else in the file uses it: what the file did to it (middleware, routes) would be lost in the
processes that serve. An import that this leaves unused goes. Safe.

Where the app is the script's own, its import string would name the script itself, and uvicorn would
execute the file twice (`app-imported-twice`). There the way is "Fix: launch via uvicorn CLI", on the
same terms as for `uvicorn-run-in-main`.

## Since

Every version of uvicorn. Measured with 0.54.0.

## References

- [uvicorn: running programmatically](https://www.uvicorn.org/#running-programmatically)
- `uvicorn/main.py`, `run()`
"""

_ENDS = "prints `You must pass the application as an import string to enable 'reload' or 'workers'` and exits"


def _check(facts: FileFacts) -> Iterator[Finding]:
    names, outside = facts.module.names, facts.workspace.outside
    for launch in facts.module.launches:
        is_known = launch.app is not None and is_object(names, launch.app)
        if is_known and launch.starts_processes(names, outside):
            yield _finding(facts, launch)


def _finding(facts: FileFacts, launch: Launch) -> Finding:
    names, tree = facts.module.names, facts.module.tree
    assert launch.app is not None
    outside = facts.workspace.outside
    count = launch.workers(names, outside)
    option = "reload=True" if launch.reloads(names, outside) else f"workers={count}"
    shown = " ".join(tree.text(launch.app).split()).replace("`", "'")
    message = f"`{shown[:60]}` is no import string, and with `{option}` uvicorn {_ENDS} with code 3"
    fix = _import_string_fix(facts, launch)
    span = tree.span(launch.call)
    if fix is not None:
        return Finding(CODE, NAME, span, message, Severity.ERROR, (fix,))
    fixes, report = offered_move(facts, launch) or ((), None)
    return Finding(CODE, NAME, span, message, Severity.ERROR, fixes, launch=report)


def _import_string_fix(facts: FileFacts, launch: Launch) -> Fix | None:
    """Pass `"core.app:app"` for a `from core.app import app` that serves nothing else."""
    names, tree = facts.module.names, facts.module.tree
    app = launch.app
    bindings = names.bindings_of(app) if app is not None and app.type == "identifier" else ()
    if app is None or len(bindings) != 1 or not _is_absolute_import(bindings[0]):
        return None
    home = names.home(bindings[0].name, names.scope_at(app), app.start_byte)
    if home is None or len(names.bindings_in(bindings[0].name, home)) != 1:
        return None
    if len(names.reads(bindings[0].name, home)) != 1:
        return None
    module, _, attribute = (bindings[0].target or "").rpartition(".")
    edits = [Edit(facts.source.path, tree.span(app), f'"{module}:{attribute}"')]
    removed = removed_import(names, bindings[0])
    if removed is not None:
        edits.append(Edit(facts.source.path, removed, ""))
    return Fix("Pass the import string", tuple(edits), Applicability.SAFE)


def _is_absolute_import(binding: Binding) -> bool:
    target = binding.target or ""
    is_from = binding.how is How.IMPORT and binding.statement.type == "import_from_statement"
    return is_from and not target.startswith(".") and "." in target


_OWN = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
_OTHER = "import uvicorn\n\nfrom core.app import app\n\n\n"
_MAIN = 'if __name__ == "__main__":\n'

_INVALID = (
    Invalid(
        "an attribute of a class says so",
        "import uvicorn\nfrom web import app\n\n\nclass Config:\n    DEBUG = True\n\n\ndef main():\n"
        "    «uvicorn.run(app, reload=Config.DEBUG)»\n",
        fixed="import uvicorn\n\n\nclass Config:\n    DEBUG = True\n\n\ndef main():\n"
        '    uvicorn.run("web:app", reload=Config.DEBUG)\n',
    ),
    Invalid(
        "a constant of another file says so",
        "import uvicorn\nfrom settings import WORKERS\nfrom core.app import app\n\n\ndef main():\n"
        "    app.title = 'a'\n    «uvicorn.run(app, workers=WORKERS)»\n",
        messages=("with `workers=4` uvicorn",),
        files={"settings.py": "WORKERS = 4\n"},
    ),
    Invalid(
        "reload",
        _OWN + _MAIN + "    «uvicorn.run(app, reload=True)»\n",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("`app` is no import string, and with `reload=True` uvicorn prints",),
    ),
    Invalid(
        "workers",
        _OWN + _MAIN + "    «uvicorn.run(app, host='0.0.0.0', workers=4)»\n",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("with `workers=4` uvicorn prints",),
    ),
    Invalid(
        "an app of another module",
        _OTHER + _MAIN + "    «uvicorn.run(app, reload=True)»\n",
        fixed="import uvicorn\n\n\n" + _MAIN + '    uvicorn.run("core.app:app", reload=True)\n',
        files={"core/app.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"},
    ),
    Invalid(
        "an app of another module, by another name",
        "import uvicorn\nfrom core.app import api as application\nimport os\n\n"
        "def main():\n    «uvicorn.run(application, workers=2)»\n",
        fixed='import uvicorn\nimport os\n\ndef main():\n    uvicorn.run("core.app:api", workers=2)\n',
    ),
    Invalid(
        "an app of another module that something is done to",
        "import uvicorn\nfrom core.app import app\n\n"
        + _MAIN
        + "    app.add_middleware(Cors)\n    «uvicorn.run(app, reload=True)»\n",
        fixed="from core.app import app\n\ndef create_app():\n    app.add_middleware(Cors)\n    return app\n",
    ),
    Invalid(
        "an app imported beside something else",
        "import uvicorn\nfrom core.app import app, settings\n\ndef main():\n"
        "    «uvicorn.run(app, reload=True, port=settings.port)»\n",
        fixed="import uvicorn\nfrom core.app import settings\n\ndef main():\n"
        '    uvicorn.run("core.app:app", reload=True, port=settings.port)\n',
    ),
    Invalid(
        "an attribute of a module",
        "import uvicorn, core.app\n\ndef main():\n    «uvicorn.run(core.app.app, reload=True)»\n",
    ),
    Invalid(
        "a constant says so",
        "import uvicorn\nfrom flask import Flask\n\nWORKERS = 4\napp = Flask('a')\n\n"
        "def serve():\n    «uvicorn.run(app, workers=WORKERS)»\n",
        messages=("with `workers=4` uvicorn",),
    ),
    Invalid(
        "options in a dictionary",
        "import uvicorn\nfrom fastapi import FastAPI\n\n\ndef serve():\n    app = FastAPI()\n"
        "    options = {'reload': True}\n    «uvicorn.run(app, **options)»\n",
    ),
    Invalid(
        "a factory",
        "import uvicorn\n\n\ndef create_app():\n    ...\n\n\ndef main():\n"
        "    «uvicorn.run(create_app, factory=True, reload=True)»\n",
    ),
    Invalid(
        "made on the spot",
        "import uvicorn\nfrom web import create_app\n\ndef main():\n"
        "    «uvicorn.run(create_app(), workers=2)»\n",
    ),
    Invalid(
        "an alias, and the app by keyword",
        "from uvicorn import run as start\nfrom starlette.applications import Starlette\n\n\ndef main():\n"
        "    «start(app=Starlette(), reload=True)»\n",
    ),
    Invalid(
        "wrapped",
        "import uvicorn\nfrom fastapi import FastAPI\nfrom cors import CORSMiddleware\n\napp = FastAPI()\n"
        "app = CORSMiddleware(app)\n\n\ndef main():\n    «uvicorn.run(app, reload=True)»\n",
    ),
    Invalid("without a guard", _OWN + "«uvicorn.run(app, reload=True)»\n"),
)

_VALID = (
    Valid(
        "a setting that the environment may change",
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
        "    reload: bool = True\n\n\n"
        "settings = Settings()\n" + _OWN + "uvicorn.run(app, reload=settings.reload)\n",
    ),
    Valid(
        "an attribute of a class that is changed",
        _OWN + "class Config:\n    DEBUG = True\n\n\nif PROD:\n    Config.DEBUG = False\n"
        "uvicorn.run(app, reload=Config.DEBUG)\n",
    ),
    Valid("an import string", 'import uvicorn\n\nuvicorn.run("core.app:app", reload=True)\n'),
    Valid(
        "an import string in a constant",
        'import uvicorn\n\nAPP = "core.app:app"\nuvicorn.run(APP, workers=4)\n',
    ),
    Valid("an import string of an f-string", 'import uvicorn\n\nuvicorn.run(f"{name}:app", workers=4)\n'),
    Valid("one process", _OWN + "uvicorn.run(app, reload=False, workers=1)\n"),
    Valid("a number that is not known", _OWN + "import os\nuvicorn.run(app, workers=int(os.environ['W']))\n"),
    Valid("reload that is not known", _OWN + "def main(debug):\n    uvicorn.run(app, reload=debug)\n"),
    Valid("a parameter", "import uvicorn\n\n\ndef serve(app):\n    uvicorn.run(app, reload=True)\n"),
    Valid(
        "a text from elsewhere",
        "import uvicorn\nfrom config import target\n\nuvicorn.run(target, reload=True)\n",
    ),
    Valid("a text that is computed", "import uvicorn\n\napp = name()\nuvicorn.run(app, reload=True)\n"),
    Valid(
        "either",
        _OWN + "target = 'server:app' if debug else app\nuvicorn.run(target, reload=True)\n",
    ),
    Valid(
        "a config and a server, which heed neither",
        _OWN + "uvicorn.Server(uvicorn.Config(app, workers=4, reload=True)).run()\n",
    ),
    Valid("someone else's run", "from mine import run\nfrom core.app import app\n\nrun(app, reload=True)\n"),
    Valid(
        "Flask's own reloader", "from flask import Flask\n\napp = Flask('a')\napp.run(use_reloader=True)\n"
    ),
    Valid("text", '"""uvicorn.run(app, reload=True)"""\nimport uvicorn\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.ERROR,
    summary="An app object with `reload` or several `workers`: uvicorn exits at once",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

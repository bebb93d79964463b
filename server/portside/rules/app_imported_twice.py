"""PS104: the script serves itself by its own import string, and so is executed twice."""

from __future__ import annotations

from collections.abc import Iterator

from portside.lint.finding import Finding, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.facts import FileFacts
from portside.python.launching.app_string import app_string
from portside.python.launching.launches import Launch
from portside.python.launching.moves import offered_move
from portside.python.launching.served_app import ImportString, import_string, names_own_file
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.source.syntax import string_value

CODE, NAME = "PS104", "app-imported-twice"

DOCUMENTATION = """\
## What it does

Flags a launch whose import string names the very file that it stands in: `uvicorn.run("server:app")`
in `server.py`, run as a script. It is an error where the file makes a vLLM engine on import.

Followed are the main block, functions that it calls, and code that runs on import; constants that hold
the string; strings with packages (`"core.server:app"` in `core/server.py`).

Not flagged: a string that names another file; a launch in a function that only something else calls
(an entry point, a command of click or typer): then the file may have been imported as a module, and
its import string finds it there.

## Why it matters

Run as a script, the file is the module `__main__`. uvicorn looks for `server`, does not find it among
the loaded modules, and executes the file once more. All that it does on import happens twice, and there
are two of everything: two apps, two sets of globals, two engines. What the main block sets (`args`,
`model = …`) is set in `__main__`, and the app that serves, in `server`, never sees it.

With an engine on import the model is loaded twice. On a GPU the second one finds the memory taken:

```text
Free memory on device cuda:0 (a/b GiB) on startup is less than desired GPU memory utilization (0.92, c GiB).
Decrease GPU memory utilization or reduce GPU memory used by other processes.
```

With `reload=True` or `workers=` the file runs in the parent as `__main__`, and in each child twice: as
`__mp_main__`, and as `server`.

## Example

```python
app = FastAPI()

if __name__ == "__main__":
    uvicorn.run("server:app", reload=True)
```

becomes

```python
app = FastAPI()
```

```text
uvicorn server:app --reload
```

## Fix and its safety

"Fix: launch via uvicorn CLI": the command imports the file once, in the process that serves. Offered,
also as a factory, and safe, on the same terms as for `uvicorn-run-in-main`. Where the file wants to stay a
script without reload or workers, passing the app itself, `uvicorn.run(app)`, does as well.

## Since

Every version of uvicorn.

## References

- [Python: `__main__`](https://docs.python.org/3/library/__main__.html)
- `uvicorn/importer.py`, `import_from_string`
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    for launch in facts.module.launches:
        if launch.when not in {When.MAIN, When.IMPORT}:
            continue
        served = import_string(facts.module.names, launch) or _put_together(facts.module.names, launch)
        module = _from_app_dir(facts, launch, served.module) if served is not None else None
        if served is not None and module is not None and names_own_file(facts, module):
            yield _finding(facts, launch, served)


def _put_together(names: Names, launch: Launch) -> ImportString | None:
    """The import string that the script makes of its own name; `__main__:app` is found as it is."""
    text = app_string(names, launch.app) if launch.app is not None else None
    module, colon, attribute = (text or "").partition(":")
    if launch.app is None or not colon or module in {"", "__main__"}:
        return None
    return ImportString(names.value_of(launch.app), module, attribute)


def _from_app_dir(facts: FileFacts, launch: Launch, module: str) -> str | None:
    """The module as the folder that the script is run in has it; None where `app_dir` can't be told.

    With `app_dir` another folder is searched first: `main` in `src` is `src.main`.
    """
    given = launch.options.get("app_dir")
    if given is None:
        return module
    folder = string_value(facts.module.tree, facts.module.names.value_of(given))
    if folder is None or folder.startswith(("/", "~", "..")):
        return None
    return ".".join((*(part for part in folder.split("/") if part not in {"", "."}), module))


def _finding(facts: FileFacts, launch: Launch, served: ImportString) -> Finding:
    tree, engines = facts.module.tree, facts.module.engines_at_import
    fact = (
        f"`{tree.text(served.node)}` names this very file, which runs as `__main__` and again as "
        f"`{served.module}`"
    )
    if engines:
        line = tree.line(engines[0].call)
        message = f"{fact}: the model that `{engines[0].constructor}` loads in line {line} is loaded twice"
    elif launch.starts_processes(facts.module.names):
        message = f"{fact}: its module level is executed in the parent, and twice in each process that serves"
    else:
        message = f"{fact}: its module level is executed twice, and what `__main__` sets the app never sees"
    related = tuple(
        Related(facts.source.path, tree.span(engine.call), "this engine is made each time")
        for engine in engines
    )
    severity = Severity.ERROR if engines else Severity.WARNING
    fixes, report = offered_move(facts, launch) or ((), None)
    return Finding(CODE, NAME, tree.span(launch.call), message, severity, fixes, related, report)


_APP = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
_MAIN = 'if __name__ == "__main__":\n'
_CLEAN = "from fastapi import FastAPI\n\napp = FastAPI()\n"

_INVALID = (
    Invalid(
        "from a folder that it is in",
        _APP + _MAIN + '    «uvicorn.run("server:app", app_dir="src")»\n',
        fixed=_CLEAN,
        path="src/server.py",
    ),
    Invalid(
        "put together from its own name",
        "from pathlib import Path\n\n" + _APP + _MAIN + '    «uvicorn.run(f"{Path(__file__).stem}:app")»\n',
        fixed=_CLEAN,
    ),
    Invalid(
        "a package of that name, if there is one",
        "try:\n    from server.routes import router\nexcept ImportError:\n    from routes import router\n"
        + _APP
        + _MAIN
        + '    «uvicorn.run("server:app")»\n',
        fixed="try:\n    from server.routes import router\nexcept ImportError:\n"
        "    from routes import router\n" + _CLEAN,
        path="server/server.py",
        files={"server/routes.py": "router = None\n"},
    ),
    Invalid(
        "the file's own name",
        _APP + _MAIN + '    «uvicorn.run("server:app", port=8000)»\n',
        fixed=_CLEAN,
        messages=('`"server:app"` names this very file, which runs as `__main__` and again as `server`',),
    ),
    Invalid(
        "reload",
        _APP + _MAIN + '    «uvicorn.run("server:app", reload=True)»\n',
        fixed=_CLEAN,
        messages=("twice in each process that serves",),
    ),
    Invalid(
        "a main block that does more than to serve",
        _APP + _MAIN + '    print("ready")\n    load()\n    «uvicorn.run("server:app")»\n',
        fixed=_CLEAN + '\n\ndef create_app():\n    print("ready")\n    load()\n    return app\n',
    ),
    Invalid(
        "with its package",
        _APP + _MAIN + '    «uvicorn.run("core.server:app")»\n',
        fixed=_CLEAN,
        path="core/server.py",
        files={"core/__init__.py": ""},
        messages=("again as `core.server`",),
    ),
    Invalid(
        "below src",
        _APP + _MAIN + '    «uvicorn.run("core.server:app")»\n',
        fixed=_CLEAN,
        path="src/core/server.py",
        files={"src/core/__init__.py": "", "pyproject.toml": ""},
    ),
    Invalid(
        "in a function that the main block calls",
        _APP + 'def main():\n    «uvicorn.run("server:app")»\n\n\n' + _MAIN + "    main()\n",
        fixed=_CLEAN,
    ),
    Invalid(
        "a constant", _APP + 'TARGET = "server:app"\n\n' + _MAIN + "    «uvicorn.run(TARGET)»\n", fixed=_CLEAN
    ),
    Invalid(
        "an engine on import",
        "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import LLM\n\n"
        "app = FastAPI()\nllm = LLM('m')\n\n\n" + _MAIN + '    «uvicorn.run("server:app")»\n',
        fixed="from fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\nllm = LLM('m')\n",
        messages=("the model that `LLM` loads in line 6 is loaded twice",),
    ),
    Invalid("without a guard", _APP + '«uvicorn.run("server:app")»\n'),
    Invalid(
        "a config and a server",
        _APP + _MAIN + '    «uvicorn.Server(uvicorn.Config("server:app", port=9000)).run()»\n',
        fixed=_CLEAN,
    ),
    Invalid(
        "what the main block sets",
        _APP
        + '@app.get("/")\ndef root():\n    return args.model\n\n\n'
        + _MAIN
        + '    args = parse()\n    «uvicorn.run("server:app")»\n',
        messages=("what `__main__` sets the app never sees",),
    ),
    Invalid(
        "a factory",
        "import uvicorn\n\n\ndef create_app():\n    ...\n\n\n"
        + _MAIN
        + '    «uvicorn.run("server:create_app", factory=True)»\n',
        fixed="def create_app():\n    ...\n",
    ),
)

_VALID = (
    Valid("its own name, as it runs", _APP + _MAIN + '    uvicorn.run(f"{__name__}:app")\n'),
    Valid(
        "from another folder",
        "import uvicorn\n\n" + _MAIN + '    uvicorn.run("server:app", app_dir="src")\n',
        files={"src/server.py": _CLEAN},
    ),
    Valid("the app itself", _APP + _MAIN + "    uvicorn.run(app)\n"),
    Valid("another file", "import uvicorn\n\n" + _MAIN + '    uvicorn.run("core.app:app")\n', path="run.py"),
    Valid(
        "another file of that name",
        "import uvicorn\n\n" + _MAIN + '    uvicorn.run("app.main:app")\n',
        path="main.py",
        files={"app/main.py": _CLEAN},
    ),
    Valid(
        "a package of that name beside it",
        "import uvicorn\n\n" + _MAIN + '    uvicorn.run("server:app")\n',
        path="server.py",
        files={"server/__init__.py": _CLEAN},
    ),
    Valid(
        "a package of that name, which the file imports from",
        "import sys\n\nsys.path.insert(0, '..')\n\nfrom server.routes import router\n"
        + _APP
        + _MAIN
        + '    uvicorn.run("server:app")\n',
        path="src/api/server.py",
        files={"src/server/routes.py": "router = None\n"},
    ),
    Valid(
        "another folder that is searched first",
        "import uvicorn\n\n" + _MAIN + '    uvicorn.run("server:app", app_dir="src")\n',
        files={"src/server.py": _CLEAN},
    ),
    Valid(
        "an entry point",
        _APP + 'def main():\n    uvicorn.run("server:app", reload=True)\n',
    ),
    Valid(
        "a command of typer",
        "import typer\n"
        + _APP
        + 'cli = typer.Typer()\n\n\n@cli.command()\ndef serve():\n    uvicorn.run("server:app")\n\n\n'
        + _MAIN
        + "    cli()\n",
    ),
    Valid("a string that is computed", _APP + _MAIN + '    uvicorn.run(f"{name}:app")\n'),
    Valid("a name that only ends alike", "import uvicorn\n\n" + _MAIN + '    uvicorn.run("ver:app")\n'),
    Valid("someone else's run", "from mine import run\n\n" + _MAIN + '    run("server:app")\n'),
    Valid("text", '"""uvicorn.run("server:app")"""\nimport uvicorn\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="A script that serves itself by its own import string is executed twice",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

"""PS101: the main block starts uvicorn, so the file is its own launcher."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from portside.lint.finding import Blocker, Finding, Fix, LaunchReport, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.facts import FileFacts
from portside.python.launching.launch_factory import Factory
from portside.python.launching.launch_move import Move, report_of
from portside.python.launching.launches import Form, Launch
from portside.python.launching.moves import later_fix, planned_factory, planned_move
from portside.python.running.guards import When
from portside.python.running.reachability import Reached

CODE, NAME = "PS101", "uvicorn-run-in-main"

DOCUMENTATION = """\
## What it does

Flags `uvicorn.run(...)` and `uvicorn.Server(uvicorn.Config(...)).run()` or `.serve()` in the main
block, or in a function of the file that the main block calls, also by `asyncio.run(main())`. In a
`__main__.py` the whole file is the main block. Methods, threads and the commands of click and typer
are not followed. It is a warning in vLLM code (the file, or a file of the workspace that it imports,
imports vllm) and information elsewhere.

## Why it matters

The file decides how it is served. Whoever starts it can't add `--reload` or `--workers`, and can't
hand it a socket (`--fd`): an app that is passed as an object accepts none of the first two at all,
uvicorn exits with code 3 and

```text
WARNING:  You must pass the application as an import string to enable 'reload' or 'workers'.
```

With a model behind the app, that costs most where the port is taken. uvicorn runs the app's startup
first and binds the port last, so the model loads for minutes, and then:

```text
INFO:     Application startup complete.
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use
INFO:     Waiting for application shutdown.
```

**The plain `uvicorn server:app` does the same.** Moving the launch to the command line does not by
itself cure the late failure. It makes the cures possible: with `--reload`, with `--workers 2` or
more, and with `--fd` the socket is there before the app is imported, and `portside serve` claims the
port first of all, or says at once who holds it. (`--workers 2` also loads two engines.)

## Example

```python
app = FastAPI()

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8010)
```

becomes

```python
app = FastAPI()
```

```text
uvicorn server:app --host 0.0.0.0 --port 8010
```

## Fix and its safety

"Fix: launch via uvicorn CLI" removes the launch and what served only it, and writes the command to the
settings. It is offered where it is proved that the command starts the same app: the app can be named
from outside, nothing that only the main block sets is read elsewhere, nothing is done to the app before
the run call, and every option has a form on the command line. Otherwise the message names the line that
stands in the way. Where nothing does but an option that can't be told from the source
(`reload=settings.debug`), the command leaves that to you: a note says so, and the fix counts as unsafe. A
condition on a variable (`os.getenv("DEBUG", "no") == "yes"`) is what it is without the variable.

Every launch of the script in the workspace changes with it, in the form that its file understands:

| | |
|---|---|
| Dockerfile | `CMD ["python", "server.py"]` → `CMD ["uvicorn", "server:app", "--port", "8010"]` |
| the same, with a variable | `CMD ["sh", "-c", "exec uvicorn … --port \\"${PORT:-8000}\\""]` |
| compose | `command: sh -c 'exec uvicorn … --port "$${PORT:-8000}"'` |
| Kubernetes | `args: [… "--port", "$(PORT)"]` where the container sets `PORT`, else by `sh -c` |
| shell, Procfile, workflows, package.json | `uvicorn … --port "${PORT:-8000}"` |
| Makefile | `uvicorn … --port "$${PORT:-8000}"` |
| systemd | `/opt/venv/bin/python -m uvicorn … --port ${PORT}` where the unit sets `PORT` |
| launch.json | `"program": "server.py"` → `"module": "uvicorn", "args": ["server:app", …]` |
| Markdown | commands in fenced blocks; in a README in inline code, too |

What stands around it stays: `nohup … &`, `exec`, `uv run`, redirections, options of an interpreter that is
spelled in its own way (`python -u -m uvicorn`). Options for host and port that a launch passes to the script
become those of uvicorn, other arguments of a factory `SERVER_ARGS`. A launch that nothing can take the place
of (`torchrun`, `"$@"`, a path that may mean another script) stays, and is named with the reason.

The fix counts as unsafe while one is left that runs the script, where each of several workers (or each
reload) would load a model, as PS303 says, and where it would leave nothing in the file that runs: deleting
that is up to you.

A parser that knows nothing but options of uvicorn, each with a default, goes with the launch: `--port` is
uvicorn's own option then. Under another name (`--serving-port`) that is a change to look at. A function that
others start too, an installed command for one, stays as it is.

Most launches that can't move as they stand can become a factory: "Fix: launch via uvicorn CLI (create_app
factory)" makes a function of the main block. What it does stays in its order, names that others read are
declared `global`, and a parser reads the variable `SERVER_ARGS`; host and port are uvicorn's options then:

```python
def create_app():
    global args
    args = parser.parse_args(shlex.split(os.environ.get("SERVER_ARGS", "")))
    app.add_middleware(CORSMiddleware, allow_origins=args.origins)
    return app
```

```text
SERVER_ARGS="--model Qwen/Qwen3-8B" uvicorn --factory server:create_app --host 0.0.0.0 --port 8000
```

It is unsafe: whoever starts the server has to say its arguments in another way. Where the file has a
`create_app` already it is called `build_app` or the like. Of run calls in branches that exclude each other
(with TLS and without) the command has the options of the plainest. Of two functions that a variable chooses
from (`run_prod()`, `run_dev()`), it has those of the one that is called where nobody sets it. Code after
the run call becomes a function that `atexit` calls. Where the arguments are read by other means than a
parser of the main block, the factory puts the words of `SERVER_ARGS` into `sys.argv`. Where others start
the function that serves too, an installed command for one, it goes on serving for them:

```python
def main(serve=True):
    app.state.ready = True
    if not serve:
        return app
    uvicorn.run(app, port=8010)


def create_app():
    return main(serve=False)
```

What has to run in the server's loop, or around the server, goes into the lifespan of the app, where that is
one of FastAPI's or Starlette's: a coroutine that prepares first or cleans up last, `async with`, `with`,
`loop.run_until_complete(...)`, and what `asyncio.gather`, `asyncio.wait` or an `asyncio.TaskGroup` runs
beside the server:

```python
def main():
    bot = Bot()

    @contextlib.asynccontextmanager
    async def while_serving(app, lifespan=app.router.lifespan_context):
        await bot.start()
        try:
            async with lifespan(app) as state:
                yield state
        finally:
            await bot.close()

    app.router.lifespan_context = while_serving
    return app
```

Where the app itself is made only in that loop (`app = await init_app()`), an empty one takes it in once the
server starts:

```python
def main():
    @contextlib.asynccontextmanager
    async def while_serving(outer):
        app = await init_app()
        outer.mount("", app)
        async with app.router.lifespan_context(app) as state:
            yield state

    return starlette.applications.Starlette(lifespan=while_serving)
```

A handler of the signals that stop the server goes where it only tells, stops the server and leaves:
uvicorn does that by itself. What else such a handler does comes last in the lifespan of the app. What a
`finally` around the run call alone does, and a handler of `KeyboardInterrupt`, is left to `atexit` like code
after it.

A loop over ports, or a handler that starts the server on the next one, goes: the command starts it once, on
the first of them.

Where the module itself, or a file that it imports, reads the script's arguments on import, their words are in
`sys.argv` before that: `sys.argv[1:] = shlex.split(os.environ.get("SERVER_ARGS", ""))`. That is not offered
where other files than tests import the module.

A script that sets variables of the environment and then serves itself by its name (`"server:app"`) reads its
own module anew. A factory sets them after that, so it is offered where the module itself, while it is
imported, surely reads none of them.

A host or port that another file has is looked up there: a variable of the environment stays one
(`--port "${APP_PORT:-5000}"`, with what the `.env` says today), and what only Python can tell is asked of
its module (`--port "$(python -c '…')"`). Both make the fix one to look at.

An import string whose module the workspace has not (`"old_name:app"`), in a file with such an app of its
own, is taken for the name that the file had once: the command serves the file's own app, and a note says so.

A `try` around the run call alone goes, where its handlers only print, log end the process or raise again.

## Since

Every version of uvicorn. Measured with uvicorn 0.54.0 and vLLM 0.32.0.

## References

- [uvicorn: running with the command line and programmatically](https://www.uvicorn.org/deployment/)
- `uvicorn/server.py`, `startup()`: `lifespan.startup()` comes before `loop.create_server(...)`
"""


# One command starts one server, so several launches of a file are in each other's way. More than these
# are no program that anybody wrote, and need no proof each.
_MOST_PLANS = 8


def _check(facts: FileFacts) -> Iterator[Finding]:
    reached = [launch for launch in facts.module.launches if launch.when is When.MAIN]
    for number, launch in enumerate(reached):
        ways = [way for way in launch.ways(When.MAIN) if not way.by_method]
        if not ways:
            continue
        plan = planned_move(facts, launch) if number < _MOST_PLANS else _one_of_many(facts, reached[0])
        blockers = plan if not isinstance(plan, Move) else ()
        factory = planned_factory(facts, launch) if blockers and number < _MOST_PLANS else None
        fixes: Sequence[Fix] = later_fix(facts, plan) if isinstance(plan, Move) else ()
        command = None
        as_factory: tuple[Blocker, ...] = ()
        if isinstance(factory, Factory):
            fixes, command = later_fix(facts, factory), factory.command
        elif factory is not None:
            # What hinders both is one reason: it stands with the first.
            as_factory = factory if set(factory) != set(blockers) else ()
        yield Finding(
            CODE,
            NAME,
            facts.module.tree.span(launch.call),
            _message(facts, launch, ways[0]) + _hindrance(blockers, as_factory),
            Severity.WARNING if facts.is_vllm_code else Severity.INFORMATION,
            fixes=fixes,
            launch=_report(plan, command, as_factory),
        )


def _report(
    plan: Move | tuple[Blocker, ...], command: str | None, as_factory: tuple[Blocker, ...]
) -> LaunchReport:
    """What stands in the way of the command, then what else stands in the way of a factory."""
    report = report_of(plan, command)
    more = tuple(Blocker(blocker.line, f"as a factory: {blocker.reason}") for blocker in as_factory)
    return dataclasses.replace(report, blockers=(*report.blockers, *more))


def _one_of_many(facts: FileFacts, first: Launch) -> tuple[Blocker, ...]:
    line = facts.module.tree.line(first.call)
    return (Blocker(line, "the file starts another server here, and one command starts one"),)


def _message(facts: FileFacts, launch: Launch, way: Reached) -> str:
    fact = f"`{launch.form.value}` {_place(facts, way)} makes this file its own launcher"
    if launch.form is Form.RUN and launch.starts_processes(facts.module.names):
        return f"{fact}: how it is served is decided here, not by the `uvicorn` command"
    if facts.is_vllm_code:
        return (
            f"{fact}: the options of the `uvicorn` command that take the port before the model loads "
            "(`--reload`, `--workers`, `--fd`) have no say"
        )
    return f"{fact}: options of the `uvicorn` command such as `--reload` and `--workers` have no say"


def _place(facts: FileFacts, way: Reached) -> str:
    if not way.functions:
        return "in `__main__.py`" if facts.module.guards.script_only else "in the main block"
    name = way.functions[-1].child_by_field_name("name")
    function = facts.module.tree.text(name) if name is not None else "a function"
    return f"in `{function}`, which the main block calls,"


def _hindrance(blockers: tuple[Blocker, ...], as_factory: tuple[Blocker, ...]) -> str:
    if not blockers:
        return ""
    said = f"; it can't move to that command as it stands, {_first_of(blockers)}"
    return f"{said}, nor as a factory, {_first_of(as_factory)}" if as_factory else said


def _first_of(blockers: tuple[Blocker, ...]) -> str:
    first, more = blockers[0], len(blockers) - 1
    return f"line {first.line}: {first.reason}" + (f" (and {more} more)" if more else "")


_APP = "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
_MAIN = 'if __name__ == "__main__":\n'

_INVALID = (
    Invalid(
        "a run call in the main block",
        _APP + _MAIN + '    «uvicorn.run(app, host="0.0.0.0", port=8010)»\n',
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("`uvicorn.run` in the main block makes this file its own launcher",),
    ),
    Invalid(
        "an engine in the lifespan",
        "from contextlib import asynccontextmanager\n\nimport uvicorn\nfrom fastapi import FastAPI\n"
        "from vllm import AsyncEngineArgs, AsyncLLMEngine\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n"
        '    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))\n    yield\n\n\n'
        "app = FastAPI(lifespan=lifespan)\n\n"
        + _MAIN
        + '    «uvicorn.run(app, host="0.0.0.0", port=8000)»\n',
        fixed="from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n"
        "from vllm import AsyncEngineArgs, AsyncLLMEngine\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n"
        '    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))\n    yield\n\n\n'
        "app = FastAPI(lifespan=lifespan)\n",
        messages=("take the port before the model loads",),
    ),
    Invalid(
        "what only the main block sets and a handler reads",
        "import argparse\n\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
        '@app.get("/")\ndef root():\n    return args.model\n\n\n'
        + _MAIN
        + "    parser = argparse.ArgumentParser()\n"
        '    parser.add_argument("--model", default="m")\n'
        '    parser.add_argument("--port", type=int, default=8010)\n'
        "    args = parser.parse_args()\n    «uvicorn.run(app, port=args.port)»\n",
        fixed="import argparse\nimport os\nimport shlex\n\nfrom fastapi import FastAPI\n\n"
        "app = FastAPI()\n\n\n"
        '@app.get("/")\ndef root():\n    return args.model\n\n\ndef create_app():\n    global args\n'
        '    parser = argparse.ArgumentParser()\n    parser.add_argument("--model", default="m")\n'
        '    args = parser.parse_args(shlex.split(os.environ.get("SERVER_ARGS", "")))\n    return app\n',
        messages=("it can't move to that command as it stands, line ",),
    ),
    Invalid(
        "a function that the main block calls",
        """\
import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()


def main():
    port = int(os.environ.get("PORT", "8000"))
    «uvicorn.run(app, host="0.0.0.0", port=port)»


if __name__ == "__main__":
    main()
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("`uvicorn.run` in `main`, which the main block calls, makes this file its own launcher",),
    ),
    Invalid(
        "arguments that uvicorn has as well",
        "import argparse\n\n"
        + _APP
        + _MAIN
        + """\
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8010)
    args = parser.parse_args()
    «uvicorn.run(app, port=args.port)»
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
    ),
    Invalid(
        "a config and a server",
        _APP
        + _MAIN
        + """\
    config = uvicorn.Config(app, port=9000)
    server = uvicorn.Server(config)
    «server.run()»
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("`Server.run` in the main block",),
    ),
    Invalid(
        "with a configuration of its own class",
        "import uvicorn\nfrom web import app\n\n\nclass Config(uvicorn.Config):\n"
        "    def configure_logging(self):\n        pass\n\n\n"
        "def main():\n    server = uvicorn.Server(Config(app, host='0.0.0.0'))\n    «server.run()»\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
    ),
    Invalid(
        "a server for each configuration",
        "import asyncio\n\nimport uvicorn\nfrom app import admin, app\n\n\nasync def main():\n"
        "    configs = [uvicorn.Config(app, port=p), uvicorn.Config(admin, port=q)]\n"
        "    await asyncio.gather(*[«uvicorn.Server(c).serve()» for c in configs])\n\n\n"
        'if __name__ == "__main__":\n    asyncio.run(main())\n',
    ),
    Invalid(
        "several servers of a list",
        "import asyncio\n\nimport uvicorn\nfrom app import admin, app\n\n\nasync def main():\n"
        "    servers = [uvicorn.Server(uvicorn.Config(app, port=p))]\n"
        "    servers.append(uvicorn.Server(uvicorn.Config(admin, port=q)))\n"
        "    await asyncio.gather(*(«s.serve()» for s in servers))\n\n\n"
        'if __name__ == "__main__":\n    asyncio.run(main())\n',
    ),
    Invalid(
        "a server whose config comes from one of two branches",
        _APP
        + _MAIN
        + """\
    if DEBUG:
        config = uvicorn.Config(app, port=9000)
    else:
        config = uvicorn.Config(app, port=9001)
    server = uvicorn.Server(config)
    «server.run()»
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("makes this file its own launcher",),
    ),
    Invalid(
        "uvicorn that a file of the workspace hands on",
        "from fastapi import FastAPI\nfrom common import *\n\napp = FastAPI()\n\n\n"
        + _MAIN
        + "    «uvicorn.run(app)»\n",
        fixed="from fastapi import FastAPI\nfrom common import *\n\napp = FastAPI()\n",
        files={"common.py": "import os\n\nimport uvicorn\n"},
    ),
    Invalid(
        "a guard in a constant",
        _APP + 'IS_MAIN = __name__ == "__main__"\nif IS_MAIN:\n    «uvicorn.run(app)»\n',
    ),
    Invalid(
        "an async main, and the guard the other way round",
        """\
import asyncio

from fastapi import FastAPI
from uvicorn import Config, Server

app = FastAPI()


async def main():
    await «Server(Config(app, port=9000)).serve()»


if "__main__" == __name__:
    asyncio.run(main())
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("`Server.serve` in `main`, which the main block calls,",),
    ),
    Invalid(
        "an alias and an import string",
        "from fastapi import FastAPI\nfrom uvicorn import run as serve\n\napp = FastAPI()\n\n"
        + _MAIN
        + '    «serve("server:app", port=8000, reload=True)»\n',
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n",
        messages=("how it is served is decided here, not by the `uvicorn` command",),
    ),
    Invalid(
        "middleware that only the main block adds",
        _APP + _MAIN + "    app.add_middleware(Cors)\n    «uvicorn.run(app)»\n",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
        "def create_app():\n    app.add_middleware(Cors)\n    return app\n",
        messages=("it can't move to that command as it stands, line 8: `app.add_middleware(Cors)`",),
    ),
    Invalid(
        "with and without a certificate",
        _APP
        + _MAIN
        + """\
    if app.debug:
        «uvicorn.run(app)»
    else:
        «uvicorn.run(app, ssl_keyfile="key.pem")»
""",
        fixed="from fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef create_app():\n    return app\n",
        messages=("as it stands, line ", "as it stands, line "),
    ),
    Invalid(
        "a directory that is made, and removed afterwards",
        _APP
        + _MAIN
        + """\
    os.makedirs("cache")
    «uvicorn.run(app)»
    shutil.rmtree("cache")
""",
        fixed="import atexit\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef create_app():\n"
        '    os.makedirs("cache")\n\n    @atexit.register\n    def after_serving():\n'
        '        shutil.rmtree("cache")\n\n    return app\n',
        messages=('as it stands, line 8: `os.makedirs("cache")` runs before the server starts',),
    ),
    Invalid(
        "a loop that runs before",
        _APP
        + _MAIN
        + """\
    import uvloop
    uvloop.run(prepare())
    «uvicorn.run(app)»
""",
        messages=("nor as a factory, line 9: `uvloop.run(prepare())` fails where a loop runs",),
    ),
    Invalid("an early exit", _APP + 'if __name__ != "__main__":\n    raise SystemExit\n«uvicorn.run(app)»\n'),
    Invalid(
        "the main module of a package",
        "import uvicorn\n\nfrom app import app\n\n«uvicorn.run(app)»\n",
        path="pkg/__main__.py",
        fixed="from app import app\n",
        messages=("`uvicorn.run` in `__main__.py` makes this file its own launcher",),
    ),
)

_VALID = (
    Valid("no launch", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
    Valid("a run of something else", "import asyncio\n\n" + _MAIN + "    asyncio.run(main())\n"),
    Valid("a run of one's own", "def run(app): ...\n\n\n" + _MAIN + "    run(app)\n"),
    Valid(
        "a configuration that takes something else",
        "import uvicorn\nfrom web import load\n\n\nclass Config(uvicorn.Config):\n"
        "    def __init__(self, path):\n        super().__init__(load(path))\n\n\n"
        "def main():\n    server = uvicorn.Server(Config('a.yaml'))\n    server.run()\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
    ),
    Valid(
        "a list of something else",
        "import uvicorn\nfrom tasks import Task\n\ntasks = [Task()]\ntasks.append(uvicorn.Server(config))\n\n"
        'if __name__ == "__main__":\n    for task in tasks:\n        task.run()\n',
    ),
    Valid("a function that nothing calls", _APP + "def main():\n    uvicorn.run(app)\n"),
    Valid("a run on import is another rule's", _APP + "uvicorn.run(app)\n"),
    Valid("a shadowed name", "from mine import uvicorn\n\n" + _MAIN + "    uvicorn.run(app)\n"),
    Valid("another server's run", "import uvicorn\n\n" + _MAIN + "    server = make()\n    server.run()\n"),
    Valid(
        "a command of typer",
        "import typer\nimport uvicorn\n\ncli = typer.Typer()\n\n\n@cli.command()\ndef main(port: int):\n"
        "    uvicorn.run('m:app', port=port)\n\n\n" + _MAIN + "    cli()\n",
    ),
    Valid(
        "a command of click",
        "import click\nimport uvicorn\n\n\n@click.command()\n@click.option('--port')\ndef main(port):\n"
        "    uvicorn.run('m:app', port=port)\n\n\n" + _MAIN + "    main()\n",
    ),
    Valid(
        "a method",
        "import uvicorn\n\n\nclass Api:\n    def run(self):\n        uvicorn.run(self.app)\n\n\n"
        + _MAIN
        + "    Api().run()\n",
    ),
    Valid(
        "a thread",
        "import threading\nimport uvicorn\n\n\ndef serve():\n    uvicorn.run('m:app')\n\n\n"
        + _MAIN
        + "    threading.Thread(target=serve).start()\n",
    ),
    Valid("text", '"""Run with uvicorn.run(app)."""\nX = "uvicorn.run(app)"\n# uvicorn.run(app)\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="The main block starts uvicorn, so the `uvicorn` command and its options have no say",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

"""PS303: several processes, or one that is replaced all the time, each with a vLLM engine of its own."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.lint.finding import Applicability, Edit, Finding, Fix, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.engines.worker_engines import HeldEngine, held_engines
from portside.python.facts import FileFacts
from portside.python.launching.launches import Launch
from portside.python.source.syntax import SyntaxTree, argument_nodes

CODE, NAME = "PS303", "engine-per-worker"

DOCUMENTATION = """\
## What it does

Flags `uvicorn.run("server:app", workers=4)` and `uvicorn.run("server:app", reload=True)` where the app's
module makes a vLLM engine in its process: on import, in its lifespan, at startup, in a handler. The app
may be this file's, or that of another file of the workspace; engines that its local imports make count.

Not flagged: numbers and switches that are not literal, also through a constant; `Config` with `Server`,
which is one process; an app object, with which uvicorn exits (`reload-needs-import-string`); engines of
the main block, which no worker makes; modules that talk to a `vllm serve` of its own.

## Why it matters

Every worker imports the app, and so makes an engine. `--workers 2` with an engine is two complete
engines, with twice the memory (measured on CPU: both start, and both answer). On one GPU the second
finds what the first has taken:

```text
Free memory on device cuda:0 (a/b GiB) on startup is less than desired GPU memory utilization (0.92, c GiB).
Decrease GPU memory utilization or reduce GPU memory used by other processes.
```

and uvicorn stops the first one for it (0.54):

```text
Child process [N] failed to start, stopping the parent process.
```

More workers don't make a model answer faster. One engine batches the requests of all clients; vLLM's own
way to more HTTP processes around one engine is `vllm serve --api-server-count`.

With reload the process is replaced at each saved change: the engine is shut down, 5 s, and the model is
loaded again, 25 s with a model of 475 kB, while the requests wait. A change that comes while the engine
boots is heeded only after the boot, so changes queue up behind whole boots.

## Example

```python
uvicorn.run("server:app", workers=4)
```

Better:

```python
uvicorn.run("server:app")
```

## Fix and its safety

"Drop `workers`" takes the option out. Unsafe, since it is a decision: one process serves then. There is
no fix for reload: it is what somebody wanted who edits the app. `portside serve` holds the port and says
what it waits for meanwhile; keeping the engine in a `vllm serve` beside the app is what saves the time.

## Since

Every version. Measured with uvicorn 0.54.0 and vLLM 0.32.0; the message of the GPU is from vLLM 0.33.0.

## References

- [uvicorn: deployment](https://www.uvicorn.org/deployment/)
- [vLLM: `vllm serve`](https://docs.vllm.ai/en/latest/cli/serve.html)
- `vllm/v1/worker/utils.py`
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    for launch in facts.module.launches:
        if launch.starts_processes(facts.module.names, facts.workspace.outside):
            held = next(held_engines(facts, launch), None)
            if held is not None:
                yield _finding(facts, launch, held)


def _finding(facts: FileFacts, launch: Launch, held: HeldEngine) -> Finding:
    names, outside = facts.module.names, facts.workspace.outside
    related = (Related(held.path, held.span, "the engine is made here"),)
    span = facts.module.tree.span(launch.call)
    if launch.reloads(names, outside):
        message = (
            f"with `reload=True` every saved change shuts down the engine of `{held.constructor}` in "
            f"{held.where} and loads the model again, while requests wait"
        )
        return Finding(CODE, NAME, span, message, Severity.WARNING, (), related)
    count = launch.workers(names, outside)
    message = (
        f"each of `{count}` workers makes an engine of its own by `{held.constructor}` in {held.where}: the "
        f"model is loaded `{count}` times, and one GPU has no memory for the second"
    )
    fix = _without_workers(facts, launch)
    return Finding(CODE, NAME, span, message, Severity.WARNING, (fix,) if fix else (), related)


def _without_workers(facts: FileFacts, launch: Launch) -> Fix | None:
    tree = facts.module.tree
    passed = argument_nodes(launch.options_call)
    index = next((i for i, node in enumerate(passed) if _is_workers(tree, node)), None)
    if index is None:
        return None
    before = passed[index - 1].end_byte if index else passed[index].start_byte
    after = passed[index].end_byte if index or len(passed) == 1 else passed[1].start_byte
    span = tree.span_of_bytes(before, after)
    if "#" in tree.source.slice(span):
        return None
    note = "One process serves then; its engine batches the requests of all clients."
    edit = Edit(facts.source.path, span, "")
    return Fix("Drop `workers`", (edit,), Applicability.UNSAFE, (note,))


def _is_workers(tree: SyntaxTree, node: Node) -> bool:
    name = node.child_by_field_name("name") if node.type == "keyword_argument" else None
    return name is not None and tree.text(name) == "workers"


_APP = """\
import uvicorn
from fastapi import FastAPI
from vllm import AsyncEngineArgs, AsyncLLMEngine


async def lifespan(app):
    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))
    yield
    app.state.engine.shutdown()


app = FastAPI(lifespan=lifespan)


"""
_MAIN = 'if __name__ == "__main__":\n'
_LLM = "from fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\n\n\n"
_LAZY = _LLM + "@app.on_event('startup')\ndef start():\n    app.state.llm = LLM('m')\n"

_INVALID = (
    Invalid(
        "a class of another file, and a constant of a third",
        "import uvicorn\nfrom conf import WORKERS\n\n\ndef main():\n"
        '    «uvicorn.run("web:app", workers=WORKERS)»\n',
        fixed='import uvicorn\nfrom conf import WORKERS\n\n\ndef main():\n    uvicorn.run("web:app")\n',
        messages=("by `LLM` in line 6 of `chat.py`",),
        path="run.py",
        files={
            "conf.py": "WORKERS = 4\n",
            "web.py": "from chat import Chat\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
            "@app.on_event('startup')\ndef start():\n    app.state.chat = Chat()\n",
            "chat.py": "from vllm import LLM\n\n\nclass Chat:\n    def __init__(self):\n"
            "        self.llm = LLM('m')\n",
        },
    ),
    Invalid(
        "workers around a lifespan",
        _APP + _MAIN + '    «uvicorn.run("server:app", host="0.0.0.0", workers=4)»\n',
        fixed=_APP + _MAIN + '    uvicorn.run("server:app", host="0.0.0.0")\n',
        messages=(
            "each of `4` workers makes an engine of its own by `AsyncLLMEngine.from_engine_args` in line 7",
        ),
    ),
    Invalid(
        "reload",
        _APP + _MAIN + '    «uvicorn.run("server:app", reload=True)»\n',
        messages=("with `reload=True` every saved change shuts down the engine",),
    ),
    Invalid(
        "both, of which reload wins",
        _APP + _MAIN + '    «uvicorn.run("server:app", reload=True, workers=4)»\n',
        messages=("with `reload=True`",),
    ),
    Invalid(
        "the first of the options",
        "import uvicorn\n" + _LAZY + "\n\ndef main():\n    «uvicorn.run(workers=2, app='server:app')»\n",
        fixed="import uvicorn\n" + _LAZY + "\n\ndef main():\n    uvicorn.run(app='server:app')\n",
    ),
    Invalid(
        "over several lines, by a constant",
        "import uvicorn\n"
        + _LAZY
        + "\n\nWORKERS = 2\n\n\ndef main():\n    «uvicorn.run(\n        'server:app',\n"
        "        workers=WORKERS,\n"
        "        port=9000,\n    )»\n",
        fixed="import uvicorn\n" + _LAZY + "\n\nWORKERS = 2\n\n\ndef main():\n    uvicorn.run(\n"
        "        'server:app',\n        port=9000,\n    )\n",
    ),
    Invalid(
        "the app of another file",
        "import uvicorn\n\n" + _MAIN + '    «uvicorn.run("core.app:app", workers=2)»\n',
        fixed="import uvicorn\n\n" + _MAIN + '    uvicorn.run("core.app:app")\n',
        path="run.py",
        files={"core/app.py": _LAZY},
        messages=("in line 9 of `core/app.py`: the model is loaded `2` times",),
    ),
    Invalid(
        "an engine that the app's module imports",
        "import uvicorn\n\n" + _MAIN + '    «uvicorn.run("core.app:app", workers=2)»\n',
        fixed="import uvicorn\n\n" + _MAIN + '    uvicorn.run("core.app:app")\n',
        path="run.py",
        files={
            "core/app.py": "from fastapi import FastAPI\nfrom core.engine import llm\n\napp = FastAPI()\n",
            "core/engine.py": "from vllm import LLM\n\nllm = LLM('m')\n",
        },
        messages=("by `LLM` in line 3 of `core/engine.py`",),
    ),
    Invalid(
        "options in a dictionary",
        "import uvicorn\n" + _LAZY + "\n\ndef main():\n    options = {'workers': 2}\n"
        "    «uvicorn.run('server:app', **options)»\n",
    ),
)

_VALID = (
    Valid("one worker", _APP + _MAIN + '    uvicorn.run("server:app", workers=1)\n'),
    Valid(
        "no engine",
        "import uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n"
        "uvicorn.run('server:app', workers=4)\n",
    ),
    Valid("an app object", _APP + _MAIN + "    uvicorn.run(app, workers=4)\n"),
    Valid("a number that is not known", _APP + _MAIN + '    uvicorn.run("server:app", workers=count())\n'),
    Valid(
        "one process", _APP + _MAIN + '    uvicorn.Server(uvicorn.Config("server:app", workers=4)).run()\n'
    ),
    Valid(
        "an engine of the main block",
        "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\n\n"
        + _MAIN
        + "    LLM('m')\n    uvicorn.run('server:app', workers=4)\n",
    ),
    Valid(
        "an engine in a file that the app does not load",
        "import uvicorn\n\n" + _MAIN + '    uvicorn.run("core.app:app", workers=2)\n',
        path="run.py",
        files={"core/app.py": "from fastapi import FastAPI\n\napp = FastAPI()\n", "core/engine.py": _LAZY},
    ),
    Valid(
        "an engine without a process",
        "import os\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'\nimport uvicorn\n"
        + _LAZY
        + "\n\ndef main():\n    uvicorn.run('server:app', workers=2)\n",
    ),
    Valid(
        "a client",
        "import uvicorn\nfrom fastapi import FastAPI\nfrom openai import OpenAI\n\napp = FastAPI()\n"
        "client = OpenAI()\n\n\ndef main():\n    uvicorn.run('server:app', workers=2)\n",
    ),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="Several workers, or reload, around an app that holds a vLLM engine",
    fixes_apart=True,
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

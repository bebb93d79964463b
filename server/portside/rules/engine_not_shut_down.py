"""PS305: an engine that an app makes when it starts, and leaves when it stops."""

from __future__ import annotations

from collections.abc import Iterator

from portside.lint.finding import Finding, LaterFixes, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.engines.engine_lives import (
    EngineLife,
    ImportedLife,
    find_engine_lives,
    find_imported_lives,
)
from portside.python.engines.engine_shutdown_fix import shutdown_fix
from portside.python.facts import FileFacts

CODE, NAME = "PS305", "engine-not-shut-down"

DOCUMENTATION = """\
## What it does

Flags a vLLM engine that is made in an app's lifespan or startup handler, or in a function, a class or a
method that it calls, where nothing after the `yield`, or in the shutdown handlers, has anything to do with
it. Functions and classes of other files of the workspace are followed too: then the finding is at the call.

Not flagged: an engine in a `with` block or on an exit stack (`build_async_engine_client(...)` shuts down
by itself), one that code after the `yield` deletes, passes on or shuts down in any way, and one that
starts no process.

## Why it matters

uvicorn stops the app and then the process. What is left to end the engine is Python's own clean-up: the
engine's processes outlive the server's port. Measured with vLLM 0.32.0 on CPU, Ctrl-C: the worker lives
2 seconds longer than its parent. With `--reload` the next server starts in that time, and on a GPU finds
the memory taken:

```text
ValueError: Free memory on device cuda:0 (1.2/79.1 GiB) on startup is less than desired GPU memory
utilization (0.92, 72.8 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.
```

## Example

```python
@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.engine = AsyncLLMEngine.from_engine_args(args)
    yield
```

becomes

```python
@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.engine = AsyncLLMEngine.from_engine_args(args)
    yield
    app.state.engine.shutdown()
```

## Fix and its safety

Adds `engine.shutdown()` after the `yield`, in the `finally` of the `try` around it if there is one, or at
the end of the shutdown handler, in an `if engine is not None:` where it may be missing. Unsafe:
`AsyncLLM.shutdown` is there since vLLM's V1 engine (0.8).

`LLM` has no `shutdown` in any release: its engine ends with the last reference to it. `del llm` is offered,
or `llm = None` where it may be missing, if nothing else in the file keeps it. No fix is offered where the
engine's name can't be told at that place.

## Since

vLLM since the engine runs in a process of its own (V1: 0.8).

## References

- `vllm/v1/engine/async_llm.py`, `AsyncLLM.shutdown` (0.32.0)
- [FastAPI: lifespan events](https://fastapi.tiangolo.com/advanced/events/)
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    for life in find_engine_lives(facts.module):
        if life.is_ended:
            continue
        span = facts.module.tree.span(life.engine.call)
        yield Finding(CODE, NAME, span, _message(life), Severity.INFORMATION, _later(facts, life))
    for imported in find_imported_lives(facts.module, facts.workspace.started_engines):
        yield _elsewhere(imported)


def _later(facts: FileFacts, life: EngineLife) -> LaterFixes:
    return LaterFixes(lambda: (shutdown_fix(facts.module.names, life),))


def _elsewhere(life: ImportedLife) -> Finding:
    engine = life.engine
    message = (
        f"`{engine.called}` makes an engine with processes of its own, by `{engine.constructor}` in line "
        f"{engine.line} of `{engine.file}`, and {_never(life)}: {_CONSEQUENCE}"
    )
    related = Related(engine.path, engine.span, "the engine is made here")
    return Finding(CODE, NAME, engine.statement, message, Severity.INFORMATION, (), (related,))


def _message(life: EngineLife) -> str:
    return (
        f"`{life.engine.constructor}` makes an engine with processes of its own, and {_never(life)}: "
        f"{_CONSEQUENCE}"
    )


_CONSEQUENCE = "they outlive the server, and after a reload the next engine finds its memory taken"


def _never(life: EngineLife | ImportedLife) -> str:
    return (
        f"nothing after the `yield` of `{life.name}` shuts it down"
        if life.is_lifespan
        else f"nothing shuts down when the app stops what `{life.name}` makes when it starts"
    )


_HEAD = (
    "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n"
    "from vllm import LLM, AsyncEngineArgs, AsyncLLMEngine\n\nargs = AsyncEngineArgs(model='m')\n\n\n"
)
_LIFESPAN = _HEAD + "@asynccontextmanager\nasync def lifespan(app):\n"
_APP = "\n\napp = FastAPI(lifespan=lifespan)\n"
_STARTUP = _HEAD + "app = FastAPI()\nengine = None\n\n\n"
_START = (
    '@app.on_event("startup")\nasync def start():\n    global engine\n'
    "    engine = «AsyncLLMEngine.from_engine_args(args)»\n"
)
_PLAIN_START = _START.replace("«", "").replace("»", "")

_ANSWER = "\n\n@app.get('/')\ndef answer():\n    return llm.generate('a') if llm is not None else None\n"
_DEPENDENCY = (
    "\n\ndef get_llm():\n    return llm\n\n\n@app.get('/')\ndef answer(llm=Depends(get_llm)):\n"
    "    return llm.generate('a')\n"
)
_STARTED = _STARTUP.replace("engine = None", "llm = None") + (
    '@app.on_event("startup")\nasync def start():\n    global llm\n'
)
_SERVER = (
    _HEAD + "class Server:\n    def __init__(self):\n        self.app = FastAPI(lifespan=self.lifespan)\n\n"
    "    @asynccontextmanager\n    async def lifespan(self, app):\n"
)

_CHAT = """

class Chat:
    def __init__(self):
        self.llm = «LLM("m")»
"""
_LAZY = """

class Lazy:
    def __init__(self):
        self.engine = None

    async def load(self):
        self._make()

    def _make(self):
        self.engine = «AsyncLLMEngine.from_engine_args(args)»
"""
_CHAT_FILE = """\
from vllm import LLM


class Chat:
    def __init__(self):
        self.llm = LLM("m")
"""
_MANAGER_FILE = """\
from vllm import AsyncLLMEngine


class Manager:
    def __init__(self):
        self.engine = None

    async def start(self):
        self.engine = AsyncLLMEngine.from_engine_args(None)


_manager: Manager | None = None


def get_manager() -> Manager:
    global _manager
    if _manager is None:
        _manager = Manager()
    return _manager
"""
_GIVEN = (
    "from fastapi import FastAPI\n\nfrom manager import get_manager\n\n\nasync def lifespan(app):\n"
    "    manager = get_manager()\n    await «manager.start()»\n"
)
_PROPERTY = """\
from vllm import LLM


class Chat:
    def __init__(self):
        self._llm = None

    @property
    def llm(self):
        if self._llm is None:
            self._llm = LLM("m")
        return self._llm


_chat = None


def start_chat():
    global _chat
    _chat = Chat()
"""
_INITIALIZE = """\
from vllm import AsyncLLMEngine

engine = None


async def initialize():
    global engine
    engine = AsyncLLMEngine.from_engine_args(None)


async def ping():
    await engine.check_health()
"""

_PLAIN_INVALID = (
    Invalid(
        "one of two",
        _LIFESPAN + "    app.state.chat = AsyncLLMEngine.from_engine_args(args)\n"
        "    app.state.embed = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n"
        "    app.state.chat.shutdown()\n" + _APP,
        fixed=_LIFESPAN + "    app.state.chat = AsyncLLMEngine.from_engine_args(args)\n"
        "    app.state.embed = AsyncLLMEngine.from_engine_args(args)\n    yield\n"
        "    app.state.embed.shutdown()\n    app.state.chat.shutdown()\n" + _APP,
    ),
    Invalid(
        "an engine in the app's state",
        _LIFESPAN + "    app.state.engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n" + _APP,
        fixed=_LIFESPAN + "    app.state.engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n"
        "    app.state.engine.shutdown()\n" + _APP,
        messages=("nothing after the `yield` of `lifespan` shuts it down",),
    ),
    Invalid(
        "an engine that is called server",
        _HEAD + "@asynccontextmanager\nasync def lifespan(app):\n"
        "    server = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n    print('stopping')\n" + _APP,
        fixed=_HEAD + "@asynccontextmanager\nasync def lifespan(app):\n"
        "    server = AsyncLLMEngine.from_engine_args(args)\n    yield\n    server.shutdown()\n"
        "    print('stopping')\n" + _APP,
    ),
    Invalid(
        "a global engine",
        _LIFESPAN
        + "    global engine\n    engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield  # serve\n"
        + _APP,
        fixed=_LIFESPAN
        + "    global engine\n    engine = AsyncLLMEngine.from_engine_args(args)\n    yield  # serve\n"
        "    engine.shutdown()\n" + _APP,
    ),
    Invalid(
        "a local engine that is yielded as state, and other things after it",
        _LIFESPAN + "    engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield {'engine': engine}\n"
        "    print('bye')\n" + _APP,
        fixed=_LIFESPAN + "    engine = AsyncLLMEngine.from_engine_args(args)\n    yield {'engine': engine}\n"
        "    engine.shutdown()\n    print('bye')\n" + _APP,
    ),
    Invalid(
        "a try with a finally",
        _LIFESPAN
        + "    engine = «AsyncLLMEngine.from_engine_args(args)»\n    try:\n        yield\n    finally:\n"
        "        print('bye')\n" + _APP,
        fixed=_LIFESPAN
        + "    engine = AsyncLLMEngine.from_engine_args(args)\n    try:\n        yield\n    finally:\n"
        "        engine.shutdown()\n        print('bye')\n" + _APP,
    ),
    Invalid(
        "a finally that only says so, and comes also if the engine could not be made",
        _LIFESPAN + "    global engine\n    engine = None\n    try:\n"
        "        engine = «AsyncLLMEngine.from_engine_args(args)»\n        yield\n    finally:\n"
        "        if engine:\n            print('shutting down', engine)\n" + _APP,
        fixed=_LIFESPAN + "    global engine\n    engine = None\n    try:\n"
        "        engine = AsyncLLMEngine.from_engine_args(args)\n        yield\n    finally:\n"
        "        if engine:\n            engine.shutdown()\n            print('shutting down', engine)\n"
        + _APP,
    ),
    Invalid(
        "a finally that comes also if the engine could not be made",
        _LIFESPAN + "    try:\n        engine = «AsyncLLMEngine.from_engine_args(args)»\n        yield\n"
        "    finally:\n        print('bye')\n" + _APP,
    ),
    Invalid(
        "something else is closed",
        _LIFESPAN
        + "    client = open('x')\n    engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n"
        "    client.close()\n" + _APP,
        fixed=_LIFESPAN
        + "    client = open('x')\n    engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n"
        "    engine.shutdown()\n    client.close()\n" + _APP,
    ),
    Invalid(
        "a log line that only says so",
        _LIFESPAN + "    engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n"
        "    print('shutting down engine')\n" + _APP,
        fixed=_LIFESPAN
        + "    engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n    engine.shutdown()\n"
        "    print('shutting down engine')\n" + _APP,
    ),
    Invalid(
        "through a function of the file",
        _HEAD + "def load():\n    return «AsyncLLMEngine.from_engine_args(args)»\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n    app.state.engine = load()\n    yield\n" + _APP,
        fixed=_HEAD
        + "def load():\n    return AsyncLLMEngine.from_engine_args(args)\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n    app.state.engine = load()\n    yield\n"
        "    app.state.engine.shutdown()\n" + _APP,
    ),
    Invalid(
        "made in a thread",
        "import asyncio\n"
        + _HEAD
        + "def load():\n    global llm\n    llm = «LLM('m')»\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n"
        "    await asyncio.to_thread(load)\n    yield\n" + _APP,
        fixed="import asyncio\n"
        + _HEAD
        + "def load():\n    global llm\n    llm = LLM('m')\n\n\n@asynccontextmanager\n"
        "async def lifespan(app):\n"
        "    await asyncio.to_thread(load)\n    yield\n    global llm\n    del llm\n" + _APP,
    ),
    Invalid(
        "an LLM, which has no shutdown of its own",
        _LIFESPAN + "    app.state.llm = «LLM('m')»\n    yield\n" + _APP,
        fixed=_LIFESPAN + "    app.state.llm = LLM('m')\n    yield\n" + "    del app.state.llm\n" + _APP,
    ),
    Invalid(
        "an LLM in a dict of models",
        _HEAD + "models = {}\n\n\n@asynccontextmanager\nasync def lifespan(app):\n"
        "    models['m'] = «LLM('m')»\n    yield\n" + _APP + _ANSWER.replace("llm", "models['m']"),
        fixed=_HEAD + "models = {}\n\n\n@asynccontextmanager\nasync def lifespan(app):\n"
        "    models['m'] = LLM('m')\n    yield\n    del models['m']\n"
        + _APP
        + _ANSWER.replace("llm", "models['m']"),
    ),
    Invalid(
        "an LLM that a handler may have failed to make",
        _STARTED
        + "    try:\n        llm = «LLM('m')»\n    except OSError:\n        print('no model')\n"
        + _ANSWER,
        fixed=_STARTED
        + "    try:\n        llm = LLM('m')\n    except OSError:\n        print('no model')\n"
        + '\n\n@app.on_event("shutdown")\nasync def shut_down_engine():\n    global llm\n    llm = None\n'
        + _ANSWER,
    ),
    Invalid(
        "an LLM that something else holds too",
        _STARTED + "    llm = «LLM('m')»\n    app.state.chat = Chat(llm)\n",
    ),
    Invalid(
        "an LLM whose engine something else holds",
        _STARTED + "    llm = «LLM('m')»\n    app.state.engine = llm.llm_engine\n",
    ),
    Invalid(
        "an LLM that requests get by a dependency",
        _STARTED + "    llm = «LLM('m')»\n" + _DEPENDENCY,
        fixed=_STARTED
        + "    llm = LLM('m')\n"
        + '\n\n@app.on_event("shutdown")\nasync def shut_down_engine():\n    global llm\n    del llm\n'
        + _DEPENDENCY,
    ),
    Invalid(
        "an engine that a handler may have failed to make",
        _STARTUP + '@app.on_event("startup")\nasync def start():\n    global engine\n    try:\n'
        "        engine = «AsyncLLMEngine.from_engine_args(args)»\n    except OSError:\n"
        "        print('no model')\n",
        fixed=_STARTUP + '@app.on_event("startup")\nasync def start():\n    global engine\n    try:\n'
        "        engine = AsyncLLMEngine.from_engine_args(args)\n    except OSError:\n"
        "        print('no model')\n"
        + '\n\n@app.on_event("shutdown")\nasync def shut_down_engine():\n    if engine is not None:\n'
        "        engine.shutdown()\n",
    ),
    Invalid(
        "by a coroutine of the server's class that gives the engine",
        _SERVER + "        self.engine = await self.load()\n        yield\n\n    async def load(self):\n"
        "        engine = «AsyncLLMEngine.from_engine_args(args)»\n        print('loaded')\n"
        "        return engine\n",
        fixed=_SERVER + "        self.engine = await self.load()\n        yield\n"
        "        self.engine.shutdown()\n\n    async def load(self):\n"
        "        engine = AsyncLLMEngine.from_engine_args(args)\n        print('loaded')\n"
        "        return engine\n",
    ),
    Invalid(
        "by a function that gives something with the engine in it",
        _HEAD + "def load():\n    engine = «AsyncLLMEngine.from_engine_args(args)»\n    return Chat(engine)\n"
        "\n\n@asynccontextmanager\nasync def lifespan(app):\n    app.state.chat = load()\n    yield\n" + _APP,
    ),
    Invalid(
        "an engine that is made only sometimes",
        _LIFESPAN + "    if not hasattr(app.state, 'engine'):\n"
        "        app.state.engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n" + _APP,
    ),
    Invalid(
        "a startup handler with a shutdown handler for other things",
        _STARTUP + _START + '\n\n@app.on_event("shutdown")\nasync def stop():\n    print("bye")\n',
        fixed=_STARTUP
        + _PLAIN_START
        + '\n\n@app.on_event("shutdown")\nasync def stop():\n    print("bye")\n    engine.shutdown()\n',
        messages=("nothing shuts down when the app stops what `start` makes when it starts",),
    ),
    Invalid(
        "a startup handler alone",
        _STARTUP + _START,
        fixed=_STARTUP
        + _PLAIN_START
        + '\n\n@app.on_event("shutdown")\nasync def shut_down_engine():\n    engine.shutdown()\n',
    ),
    Invalid(
        "handlers that are added by a call",
        _STARTUP + "def start():\n    app.state.engine = «AsyncLLMEngine.from_engine_args(args)»\n\n\n"
        "app.add_event_handler('startup', start)\n",
    ),
    Invalid(
        "a list of handlers",
        _HEAD + "def start():\n    app.state.llm = «LLM('m')»\n\n\napp = FastAPI(on_startup=[start])\n",
    ),
    Invalid(
        "in an object of a class of the file",
        _LIFESPAN + "    chat = Chat()\n    app.state.chat = chat\n    yield\n" + _APP + _CHAT,
    ),
    Invalid(
        "by a method",
        _LIFESPAN + "    chat = Lazy()\n    await chat.load()\n    yield\n    print('bye')\n" + _APP + _LAZY,
    ),
    Invalid(
        "by a coroutine of another file",
        "from fastapi import FastAPI\n\nfrom core import engine\n\n\nasync def lifespan(app):\n"
        "    await «engine.initialize()»\n    yield\n    print('bye')\n" + _APP,
        files={"core/__init__.py": "", "core/engine.py": _INITIALIZE},
        messages=(
            "`initialize` makes an engine with processes of its own, by `AsyncLLMEngine.from_engine_args`",
        ),
    ),
    Invalid(
        "by a class of another file",
        "from fastapi import FastAPI\n\nfrom chat import Chat\n\napp = FastAPI()\n\n\n"
        "@app.on_event('startup')\ndef start():\n    app.state.chat = «Chat()»\n",
        files={"chat.py": _CHAT_FILE},
    ),
)

_HOLDERS = """

class Model:
    def __init__(self):
        self.engine = «AsyncLLMEngine.from_engine_args(args)»


class Service:
    instance = None

    def __init__(self):
        self.model = Model()

    @classmethod
    def get(cls):
        if cls.instance is None:
            cls.instance = cls()
        return cls.instance
"""
_INVALID = (
    *_PLAIN_INVALID,
    Invalid(
        "in an object of an object in the app's state",
        _LIFESPAN + "    app.state.service = Service()\n    yield\n" + _APP + _HOLDERS,
    ),
    Invalid(
        "by a method of the class itself", _LIFESPAN + "    Service.get()\n    yield\n" + _APP + _HOLDERS
    ),
    Invalid(
        "a lifespan for the app of another file",
        _LIFESPAN + "    app.state.engine = «AsyncLLMEngine.from_engine_args(args)»\n    yield\n",
        fixed=_LIFESPAN + "    app.state.engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n"
        "    app.state.engine.shutdown()\n",
    ),
    Invalid(
        "a method of the server's class",
        _HEAD
        + "class Server:\n    def __init__(self):\n        self.app = FastAPI(lifespan=self.lifespan)\n\n"
        "    @asynccontextmanager\n    async def lifespan(self, app):\n"
        "        self.engine = «AsyncLLMEngine.from_engine_args(args)»\n        yield\n",
        fixed=_HEAD + "class Server:\n    def __init__(self):\n"
        "        self.app = FastAPI(lifespan=self.lifespan)\n\n"
        "    @asynccontextmanager\n    async def lifespan(self, app):\n"
        "        self.engine = AsyncLLMEngine.from_engine_args(args)\n        yield\n"
        "        self.engine.shutdown()\n",
    ),
    Invalid(
        "by the object of another file",
        "from fastapi import FastAPI\n\nfrom core import service\n\n\nasync def lifespan(app):\n"
        "    await «service.load()»\n    yield\n" + _APP,
        files={
            "core.py": "from vllm import AsyncLLMEngine\n\n\nclass Service:\n    async def load(self):\n"
            "        self.engine = AsyncLLMEngine.from_engine_args(None)\n\n\nservice = Service()\n"
        },
    ),
    Invalid(
        "by an object of a class of the file that holds one of another file",
        "from fastapi import FastAPI\n\nfrom chat import Chat\n\napp = FastAPI()\n\n\n"
        "class Answers:\n    def __init__(self):\n        self.chat = «Chat()»\n\n\n"
        "@app.on_event('startup')\ndef start():\n    app.state.answers = Answers()\n",
        files={"chat.py": _CHAT_FILE},
    ),
    Invalid(
        "by a property that a function of another file reads",
        "from fastapi import FastAPI\n\nfrom chat import start_chat\n\n\nasync def lifespan(app):\n"
        "    «start_chat()»\n    yield\n" + _APP,
        files={"chat.py": _PROPERTY + "    _ = _chat.llm\n"},
    ),
    Invalid(
        "by an object that is called as its module is",
        "from fastapi import FastAPI\n\nfrom service import service\n\n\nasync def lifespan(app):\n"
        "    await «service.load()»\n    yield\n" + _APP,
        files={
            "service.py": "from engine import engine\n\n\nclass Service:\n    async def load(self):\n"
            "        await engine.initialize()\n\n\nservice = Service()\n",
            "engine.py": "from vllm import AsyncLLMEngine\n\n\nclass Engine:\n"
            "    async def initialize(self):\n"
            "        self.engine = AsyncLLMEngine.from_engine_args(None)\n\n\nengine = Engine()\n",
        },
    ),
    Invalid(
        "by a method of what a function of another file gives",
        _GIVEN + "    yield\n" + _APP,
        files={"manager.py": _MANAGER_FILE},
    ),
    Invalid(
        "by a class of another file whose object holds one of a third",
        "from fastapi import FastAPI\n\nfrom service import Service\n\n\nasync def lifespan(app):\n"
        "    app.state.service = «Service()»\n    yield\n" + _APP,
        files={
            "service.py": "import core\n\n\nclass Service:\n    def __init__(self):\n"
            "        self.model = core.Model()\n",
            "core.py": "from vllm import AsyncLLMEngine\n\n\nclass Model:\n    def __init__(self):\n"
            "        self.engine = AsyncLLMEngine.from_engine_args(None)\n",
        },
    ),
)

_VALID = (
    Valid(
        "an object of an object, closed",
        _LIFESPAN
        + "    service = Service()\n    yield\n    service.close()\n"
        + _APP
        + _HOLDERS.replace("«", "").replace("»", "")
        + "\n    def close(self):\n        self.model.engine.shutdown()\n",
    ),
    Valid(
        "a context manager that hands out the engine",
        _HEAD + "@asynccontextmanager\nasync def engine():\n"
        "    yield AsyncLLMEngine.from_engine_args(args)\n",
    ),
    Valid(
        "an engine that is shut down",
        _LIFESPAN + "    app.state.engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n"
        "    app.state.engine.shutdown()\n" + _APP,
    ),
    Valid(
        "in a finally",
        _LIFESPAN
        + "    engine = AsyncLLMEngine.from_engine_args(args)\n    try:\n        yield\n    finally:\n"
        "        engine.shutdown()\n" + _APP,
    ),
    Valid(
        "deleted after the yield",
        _LIFESPAN + "    global llm\n    llm = LLM('m')\n    yield\n    del llm\n" + _APP,
    ),
    Valid(
        "a dictionary of models that is cleared",
        _HEAD + "models = {}\n\n\n@asynccontextmanager\nasync def lifespan(app):\n"
        "    models['m'] = LLM('m')\n    yield\n"
        "    models.clear()\n" + _APP,
    ),
    Valid(
        "handed to something that shuts it down",
        _LIFESPAN
        + "    engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n    await stop(engine)\n"
        + _APP
        + "\n\nasync def stop(client):\n    client.shutdown()\n",
    ),
    Valid(
        "by a function of another file",
        "from mine import shutdown_engine\n"
        + _LIFESPAN
        + "    app.state.engine = AsyncLLMEngine.from_engine_args(args)\n    yield\n    shutdown_engine()\n"
        + _APP,
    ),
    Valid(
        "what a function of another file gives, closed",
        _GIVEN.replace("«", "").replace("»", "") + "    yield\n    await get_manager().close()\n" + _APP,
        files={"manager.py": _MANAGER_FILE},
    ),
    Valid(
        "what a function of another file may give",
        _GIVEN.replace("«", "").replace("»", "") + "    yield\n" + _APP,
        files={
            "manager.py": _MANAGER_FILE.replace(
                "    return _manager", "    return Client() if remote else _manager"
            )
        },
    ),
    Valid(
        "an exit stack",
        "from contextlib import ExitStack\n"
        + _LIFESPAN
        + "    with ExitStack() as stack:\n        engine = AsyncLLMEngine.from_engine_args(args)\n"
        "        stack.callback(engine.shutdown)\n        yield\n" + _APP,
    ),
    Valid(
        "vLLM's own context manager",
        "from vllm.entrypoints.openai.api_server import build_async_engine_client\n"
        + _LIFESPAN
        + "    async with build_async_engine_client(args) as client:\n        app.state.client = client\n"
        "        yield\n" + _APP,
    ),
    Valid(
        "a shutdown handler",
        _STARTUP
        + _PLAIN_START
        + '\n\n@app.on_event("shutdown")\ndef stop():\n    engine.shutdown_background_loop()\n',
    ),
    Valid(
        "a shutdown handler that a function of the file serves",
        _STARTUP
        + _PLAIN_START
        + "\n\ndef end():\n    engine.shutdown()\n\n\n"
        + '@app.on_event("shutdown")\ndef stop():\n    end()\n',
    ),
    Valid(
        "shut down when the interpreter exits",
        "import atexit\n" + _LIFESPAN + "    engine = AsyncLLMEngine.from_engine_args(args)\n"
        "    atexit.register(engine.shutdown)\n    yield\n" + _APP,
    ),
    Valid(
        "an engine in the process itself",
        "import os\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'\n"
        + _LIFESPAN
        + "    app.state.llm = LLM('m')\n    yield\n"
        + _APP,
    ),
    Valid(
        "a method that shuts it down",
        _LIFESPAN.replace("«", "").replace("»", "")
        + "    chat = Lazy()\n    await chat.load()\n    yield\n    await chat.close()\n"
        + _APP
        + _LAZY.replace("«", "").replace("»", "")
        + "\n    async def close(self):\n        self.engine.shutdown()\n",
    ),
    Valid(
        "an object of another file that is told to stop",
        "from fastapi import FastAPI\n\nfrom core import engine\n\n\nasync def lifespan(app):\n"
        "    await engine.initialize()\n    yield\n    engine.quit()\n" + _APP,
        files={"core/__init__.py": "", "core/engine.py": _INITIALIZE},
    ),
    Valid(
        "a coroutine of another file that makes none",
        "from fastapi import FastAPI\n\nfrom core import engine\n\n\nasync def lifespan(app):\n"
        "    await engine.ping()\n    yield\n" + _APP,
        files={"core/__init__.py": "", "core/engine.py": _INITIALIZE},
    ),
    Valid(
        "a property that makes one later",
        "from fastapi import FastAPI\n\nfrom chat import start_chat\n\n\nasync def lifespan(app):\n"
        "    start_chat()\n    yield\n" + _APP,
        files={"chat.py": _PROPERTY},
    ),
    Valid(
        "an object that holds one of another file, and is closed",
        "from fastapi import FastAPI\n\nfrom chat import Chat\n\n\n"
        "class Answers:\n    def __init__(self):\n        self.chat = Chat()\n\n\n"
        "async def lifespan(app):\n    answers = Answers()\n    yield\n    answers.close()\n" + _APP,
        files={"chat.py": _CHAT_FILE},
    ),
    Valid("an engine at import is another rule's", _HEAD + "engine = LLM('m')\napp = FastAPI()\n"),
    Valid(
        "an engine in a handler",
        _HEAD + "app = FastAPI()\n\n\n@app.get('/')\ndef root():\n    return LLM('m')\n",
    ),
    Valid(
        "another context manager than a lifespan",
        _HEAD + "@asynccontextmanager\nasync def loaded():\n    yield LLM('m')\n\n\napp = FastAPI()\n",
    ),
    Valid(
        "an LLM of one's own",
        _LIFESPAN.replace("import LLM, ", "import ")
        + "    app.state.llm = LLM('m')\n    yield\n"
        + _APP
        + "\n\nclass LLM:\n    pass\n",
    ),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.INFORMATION,
    summary="The app makes an engine when it starts, and does not shut it down when it stops",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

"""PS302: importing a module makes a vLLM engine."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.lint.finding import Finding, LaterFixes, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.lint.source import Span
from portside.python.engines.engines import EngineUse
from portside.python.engines.lifespan_move import move_into_lifespan
from portside.python.facts import FileFacts, ImportedEngine
from portside.python.running.guards import When
from portside.python.running.import_role import made_on_import_of_module
from portside.python.running.reachability import Reached

CODE, NAME = "PS302", "engine-at-import"

DOCUMENTATION = """\
## What it does

Flags a vLLM engine that is made when a module is imported, where the module defines an app or a
router, starts a server, or is imported by another file of the workspace. Functions, classes and
methods that are called on import are followed, subclasses of the engines count as engines, and imports of
other files of the workspace are followed too: then the finding is at the import, or at the call of what
makes the engine there, in the file with the app. A main guard around the run call makes no
difference to it.

Not flagged: engines that start no process (`distributed_executor_backend="external_launcher"`,
`VLLM_ENABLE_V1_MULTIPROCESSING=0` set in the file before). A script without an app is
`missing-main-guard`.

## Why it matters

- Every import loads the model: a test, a tool that lists the routes, each of uvicorn's workers, each
  reload. Two workers are two engines; on a GPU the second one fails for want of memory.
- The server can't answer before the model is loaded, not even that it is loading, and a failure ends
  the import with a traceback instead of a failed startup.
- Nothing shuts the engine down. It isn't part of the app's lifespan.
- `python server.py` fails wherever vLLM spawns its engine (on CPU and XPU always, on a GPU once CUDA is
  initialised): the child imports the script, and so makes an engine, before it is ready to. A guard
  around `uvicorn.run(...)` stands at the wrong place for that. `uvicorn server:app` works, since the
  child then runs uvicorn's own script again.

```text
RuntimeError:
        An attempt has been made to start a new process before the
        current process has finished its bootstrapping phase.
```

```text
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
```

## Example

```python
engine = AsyncLLMEngine.from_engine_args(args)
app = FastAPI()
```

Better:

```python
@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.engine = AsyncLLMEngine.from_engine_args(args)
    yield
    app.state.engine.shutdown()

app = FastAPI(lifespan=lifespan)
```

## Fix and its safety

"Move the engine into the lifespan" is offered where a statement of the module assigns the engine, or what a
function or class of the file makes of it, to names, an attribute (`app.state.engine`), an item
(`models["chat"]`) or a class's attribute, beside the one app of FastAPI or Starlette. Names stay globals of
the module, so handlers read them as before. A lifespan that the app has goes on to do what it does, with the
engine made first; an app with `on_event` handlers gets two more of those; else the app gets a lifespan. The
engine is shut down after the `yield`, in the `finally` around it where there is one, and last where what
stands there needs the engine.

Unsafe: the name exists once the app has started, not on import. Of an object that holds the engine, the
last reference is deleted after the `yield`. It is not offered where code on import, or
another file of the workspace, reads the name, nor where the engine comes from a method, a function with a
cache, an event loop of its own or an import: there the place to change is another one.

## Since

vLLM since the engine runs in a process of its own (V1: 0.8); the loading on each import, always.
Measured with vLLM 0.32.0.

## References

- [FastAPI: lifespan events](https://fastapi.tiangolo.com/advanced/events/)
- [vLLM: troubleshooting, Python multiprocessing](https://docs.vllm.ai/en/latest/usage/troubleshooting.html#python-multiprocessing)
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    if made_on_import_of_module(facts) and not _is_told_where_it_is_served(facts):
        yield from _own(facts)
    if facts.module.has_app:
        yield from (_imported(engine) for engine in _first_each(facts.workspace.imported_engines))


def _is_told_where_it_is_served(facts: FileFacts) -> bool:
    """Whether a file with an app imports this one: the finding is there, at the import."""
    return not facts.module.has_app and bool(facts.workspace.served_by)


def _own(facts: FileFacts) -> Iterator[Finding]:
    seen: set[Node] = set()
    for engine in facts.module.engines_of_module:
        way = engine.at_import(only=True)
        if way is None or way.origin in seen:
            continue
        seen.add(way.origin)
        span = facts.module.tree.span(way.origin)
        message = _message(facts, engine)
        related = _made_elsewhere(facts, engine, way)
        yield Finding(CODE, NAME, span, message, Severity.WARNING, _later(facts, engine), related)


def _later(facts: FileFacts, engine: EngineUse) -> LaterFixes:
    return LaterFixes(lambda: (move_into_lifespan(facts, engine),))


def _made_elsewhere(facts: FileFacts, engine: EngineUse, way: Reached) -> tuple[Related, ...]:
    place = facts.module.tree.span(engine.call)
    message = f"`{engine.constructor}` makes the engine here"
    return (Related(facts.source.path, place, message),) if way.path else ()


def _message(facts: FileFacts, engine: EngineUse) -> str:
    way = engine.at_import(only=True)
    through = ""
    if way is not None and way.path:
        through = f" in line {facts.module.tree.line(engine.call)}, reached from here,"
    return (
        f"`{engine.constructor}`{through} makes an engine when this module is imported: every import, worker "
        f"and reload loads the model{_as_a_script(facts, engine)}"
    )


def _as_a_script(facts: FileFacts, engine: EngineUse) -> str:
    if engine.at_import() is None:
        return ""
    launched = any(launch.when in {When.MAIN, When.IMPORT} for launch in facts.module.launches)
    if not launched or engine.forked or facts.module.guards.script_only:
        return ""
    return ", and run as a script the engine's process fails wherever vLLM spawns it"


def _first_each(engines: tuple[ImportedEngine, ...]) -> Iterator[ImportedEngine]:
    """One for each import statement: there is one thing to change."""
    seen: set[Span] = set()
    for engine in engines:
        if engine.statement not in seen:
            seen.add(engine.statement)
            yield engine


def _imported(engine: ImportedEngine) -> Finding:
    subject = f"`{engine.called}`, called on import," if engine.called else "this import"
    message = (
        f"{subject} makes an engine, by `{engine.constructor}` in line {engine.line} of `{engine.file}`: "
        "every import of this app, every worker and every reload loads the model"
    )
    related = Related(engine.path, engine.span, "the engine is made here, on import")
    return Finding(CODE, NAME, engine.statement, message, Severity.WARNING, (), (related,))


_APP = (
    "from fastapi import FastAPI\nfrom vllm import LLM, AsyncEngineArgs, AsyncLLMEngine\n\napp = FastAPI()\n"
)
_ASYNC_ENGINE = 'AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))'
_ENGINE = 'from vllm import LLM\n\nllm = LLM("m")\n'

_MAKERS = """\
from vllm import LLM


class Judge(LLM):
    pass


class Chat:
    def __init__(self, model):
        self.model = model
        self.load()

    def load(self):
        self.llm = LLM(self.model)


def get_engine():
    return Chat("m")
"""


def _lifespan(name: str, made: str, end: str = "") -> str:
    """An app that binds `name` in its lifespan. end: what is done last; the name is deleted by default."""
    return (
        f"\n\n@contextlib.asynccontextmanager\nasync def lifespan(app):\n    global {name}\n"
        f"    {name} = {made}\n    yield\n    {end or f'del {name}'}\n\n\napp = FastAPI(lifespan=lifespan)\n"
    )


def _moved(name: str, made: str, rest: str = "", *, imports: str = "", end: str = "") -> str:
    """_APP once `name` is bound in its lifespan. imports: what stands before its own."""
    head = f"import contextlib\n\n{imports}from fastapi import FastAPI\n"
    vllm = "from vllm import LLM, AsyncEngineArgs, AsyncLLMEngine\n"
    return head + vllm + _lifespan(name, made, end) + rest


_HANDED_ON = "import contextlib\n\nfrom fastapi import FastAPI\nfrom compat import LLM\n" + _lifespan(
    "llm", "LLM('m')"
)

_JUDGE = """\
class Judge(LLM):
    def __init__(self, model):
        super().__init__(model, max_model_len=2048)
"""

_MANAGER = """

class Manager:
    instance = None

    def __init__(self):
        self.llm = None

    @classmethod
    def get(cls):
        if cls.instance is None:
            cls.instance = cls()
            cls.instance.load()
        return cls.instance

    def load(self):
        self.llm = LLM("m")
"""

_LAZY = {
    "engines/__init__.py": "from importlib import import_module\n\n_LAZY = {'Chat': '.chat',"
    " 'Mock': '.mock'}\n\n\ndef __getattr__(name):\n"
    "    return getattr(import_module(_LAZY[name], __name__), name)\n",
    "engines/chat.py": _MAKERS,
    "engines/mock.py": "class Mock: ...\n",
}

_INVALID = (
    Invalid(
        "what the app is made of",
        "from fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI(extra={'llm': «LLM('m')»})\n",
    ),
    Invalid("not as a script", _APP + "if __name__ != '__main__':\n    llm = «LLM('m')»\n"),
    Invalid(
        "of vLLM or of what stands in for it",
        "import os\nfrom fastapi import FastAPI\nif os.getenv('MOCK'):\n    from mocks import LLM\n"
        "else:\n    from vllm import LLM\n\napp = FastAPI()\nprint(«LLM('m')»)\n",
    ),
    Invalid(
        "a decorator of the file",
        _APP + "\n\ndef with_llm(function):\n    llm = LLM('m')\n    return lambda: function(llm)\n\n\n"
        "@«with_llm»\ndef ask(llm):\n    ...\n",
    ),
    Invalid(
        "a field of a data class",
        "from dataclasses import dataclass, field\n" + _APP + "\n\n@dataclass\nclass State:\n"
        "    llm: LLM = field(default_factory=lambda: LLM('m'))\n\n\nprint(«State()»)\n",
    ),
    Invalid(
        "a partial that is called",
        "from functools import partial\n" + _APP + "make = partial(LLM, 'm')\nprint(«make()»)\n",
    ),
    Invalid(
        "a class that a package imports when it is asked for it",
        "from fastapi import FastAPI\nfrom engines import Chat\n\napp = FastAPI()\nprint(«Chat('m')»)\n",
        files=_LAZY,
    ),
    Invalid(
        "a method of an object of the file", _APP + _MANAGER + "\n\nmanager = Manager()\n«manager.load()»\n"
    ),
    Invalid("a method of a class of the file", _APP + _MANAGER + "\n\nmanager = «Manager.get()»\n"),
    Invalid(
        "a lambda that is called",
        _APP + "make = lambda: LLM('m')\nllm = «make()»\n",
        fixed=_moved("llm", "make()", "make = lambda: LLM('m')\n"),
    ),
    Invalid(
        "a class that a file of the workspace hands on",
        "from fastapi import FastAPI\nfrom compat import LLM\n\napp = FastAPI()\nllm = «LLM('m')»\n",
        fixed=_HANDED_ON,
        files={"compat.py": "try:\n    from vllm import LLM\nexcept ImportError:\n    LLM = None\n"},
    ),
    Invalid(
        "what star imports of the workspace bring",
        "from imports import *\n\napp = FastAPI()\nllm = «LLM('m')»\n",
        fixed=_HANDED_ON.replace("fastapi import FastAPI\nfrom compat import LLM", "imports import *"),
        files={"imports.py": "from fastapi import FastAPI\nfrom vllm import *\n"},
    ),
    Invalid(
        "a method of an object of another file",
        "from fastapi import FastAPI\nfrom models import manager\n\napp = FastAPI()\n«manager.load()»\n",
        files={"models.py": "from vllm import LLM\n" + _MANAGER + "\n\nmanager = Manager()\n"},
        messages=("`load`, called on import, makes an engine, by `LLM` in line 18 of `models.py`",),
    ),
    Invalid(
        "a method of an object of another file's class",
        "from fastapi import FastAPI\nfrom models import Manager\n\napp = FastAPI()\nmanager = Manager()\n"
        "«manager.load()»\n",
        files={"models.py": "from vllm import LLM\n" + _MANAGER},
    ),
    Invalid(
        "a function that calls what makes one in a third file",
        "from fastapi import FastAPI\nfrom service import Service\n\n"
        "app = FastAPI()\nservice = «Service()»\n",
        files={
            "service.py": "from models import Manager\n\n\nclass Service:\n    def __init__(self):\n"
            "        self.manager = Manager.get()\n",
            "models.py": "from vllm import LLM\n" + _MANAGER,
        },
        messages=("`Service`, called on import, makes an engine, by `LLM` in line 18 of `models.py`",),
    ),
    Invalid(
        "a class of another file that loads the model when it is made",
        "from fastapi import FastAPI\nfrom chat import Chat\n\napp = FastAPI()\nchat = «Chat('m')»\n",
        files={"chat.py": _MAKERS},
        messages=("`Chat`, called on import, makes an engine, by `LLM` in line 14 of `chat.py`",),
    ),
    Invalid(
        "a function of another module, handed on by its package",
        "from fastapi import FastAPI\nimport models as m\n\napp = FastAPI()\nchat = «m.get_engine()»\n",
        files={"models/__init__.py": "from .chat import get_engine\n", "models/chat.py": _MAKERS},
        messages=(
            "`get_engine`, called on import, makes an engine, by `LLM` in line 14 of `models/chat.py`",
        ),
    ),
    Invalid(
        "a subclass of another file",
        "from fastapi import FastAPI\nfrom .judges import Judge\n\napp = FastAPI()\njudge = «Judge('m')»\n",
        files={"api/judges.py": _MAKERS},
        path="api/main.py",
        messages=("makes an engine, by `Judge` in line 4 of `api/judges.py`",),
    ),
    Invalid(
        "a module in between that makes one",
        "from fastapi import FastAPI\n«from services import chat»\n\napp = FastAPI()\n",
        files={"services.py": "from chat import Chat\n\nchat = Chat('m')\n", "chat.py": _MAKERS},
        messages=("this import makes an engine, by `LLM` in line 14 of `chat.py`",),
    ),
    Invalid(
        "a subclass of an engine",
        f'{_APP}\n{_JUDGE}\n\njudge = «Judge("m")»\n',
        fixed=_moved("judge", 'Judge("m")', f"\n{_JUDGE}"),
        messages=("`Judge` makes an engine when this module is imported",),
    ),
    Invalid(
        "LangChain's model of vLLM",
        "from fastapi import FastAPI\nfrom langchain_community.llms import VLLM\n\n"
        "app = FastAPI()\nllm = «VLLM(model='m')»\nchain = prompt | llm\n",
    ),
    Invalid(
        "LlamaIndex's model of vLLM",
        "from fastapi import FastAPI\nfrom llama_index.llms.vllm import Vllm\n\n"
        "app = FastAPI()\nllm = «Vllm(model='m')»\nSettings.engine = as_query_engine(llm)\n",
    ),
    Invalid(
        "an engine beside the app",
        f"{_APP}engine = «{_ASYNC_ENGINE}»\n",
        fixed=_moved("engine", _ASYNC_ENGINE, end="engine.shutdown()"),
        messages=("`AsyncLLMEngine.from_engine_args` makes an engine when this module is imported",),
    ),
    Invalid(
        "a guard that stands around the run call only",
        "import uvicorn\n" + _APP + 'llm = «LLM("m")»\n\nif __name__ == "__main__":\n    uvicorn.run(app)\n',
        fixed=_moved(
            "llm",
            'LLM("m")',
            '\nif __name__ == "__main__":\n    uvicorn.run(app)\n',
            imports="import uvicorn\n",
        ),
        messages=("run as a script the engine's process fails wherever vLLM spawns it",),
    ),
    Invalid(
        "through the package",
        'import vllm\nfrom flask import Flask\n\napp = Flask("a")\nllm = «vllm.LLM("m")»\n',
    ),
    Invalid(
        "an alias of old modules",
        "from fastapi import FastAPI\nfrom vllm.engine.async_llm_engine import AsyncLLMEngine as Engine\n\n"
        "app = FastAPI()\nengine = «Engine.from_engine_args(None)»\n",
        fixed="import contextlib\n\nfrom fastapi import FastAPI\n"
        "from vllm.engine.async_llm_engine import AsyncLLMEngine as Engine\n"
        + _lifespan("engine", "Engine.from_engine_args(None)", "engine.shutdown()"),
    ),
    Invalid(
        "by way of either import",
        "from fastapi import FastAPI\ntry:\n    from vllm.v1.engine.async_llm import AsyncLLM as Engine\n"
        "except ImportError:\n    from vllm import AsyncLLMEngine as Engine\n\n"
        "app = FastAPI()\nengine = «Engine.from_engine_args(None)»\n",
        fixed="import contextlib\n\nfrom fastapi import FastAPI\ntry:\n"
        "    from vllm.v1.engine.async_llm import AsyncLLM as Engine\nexcept ImportError:\n"
        "    from vllm import AsyncLLMEngine as Engine\n"
        + _lifespan("engine", "Engine.from_engine_args(None)", "engine.shutdown()"),
    ),
    Invalid(
        "through a function",
        _APP + "\n\ndef load():\n    return LLM('m')\n\n\nllm = «load()»\n",
        fixed=_moved("llm", "load()", "\n\ndef load():\n    return LLM('m')\n"),
        messages=("`LLM` in line 8, reached from here, makes an engine",),
    ),
    Invalid(
        "through a class",
        _APP
        + "\n\nclass Model:\n    def __init__(self):\n        self.llm = LLM('m')\n\n\nmodel = «Model()»\n",
        fixed=_moved(
            "model", "Model()", "\n\nclass Model:\n    def __init__(self):\n        self.llm = LLM('m')\n"
        ),
    ),
    Invalid(
        "a dataclass",
        _APP
        + "\n\n@dataclass\nclass Model:\n    name: str\n\n    def __post_init__(self):\n"
        + "        self.llm = LLM(self.name)\n\n\nmodel = «Model('m')»\n",
        fixed=_moved(
            "model",
            "Model('m')",
            "\n\n@dataclass\nclass Model:\n    name: str\n\n    def __post_init__(self):\n"
            "        self.llm = LLM(self.name)\n",
        ),
    ),
    Invalid(
        "a class's own attribute",
        _APP + "\n\nclass Model:\n    llm = «LLM('m')»\n",
        fixed=_moved("Model.llm", "LLM('m')", "\n\nclass Model:\n    llm = None\n")
        .replace("    global Model.llm\n", "")
        .replace("del Model.llm", "Model.llm = None"),
    ),
    Invalid("a default value", _APP + "\n\ndef ask(llm=«LLM('m')»): ...\n"),
    Invalid("a branch", _APP + "if True:\n    llm = «LLM('m')»\n"),
    Invalid(
        "a router's module",
        "from fastapi import APIRouter\nfrom vllm import LLM\n\nrouter = APIRouter()\nllm = «LLM('m')»\n",
    ),
    Invalid(
        "the other branch of a guard",
        _APP + "if __name__ != '__main__':\n    pass\nelse:\n    x = 1\nllm = «LLM('m')»\n",
        fixed=_moved("llm", "LLM('m')", "if __name__ != '__main__':\n    pass\nelse:\n    x = 1\n"),
    ),
    Invalid(
        "asyncio on import",
        "import asyncio\n"
        + _APP
        + "\n\nasync def make():\n    return LLM('m')\n\n\nllm = asyncio.run(«make()»)\n",
    ),
    Invalid(
        "a context manager",
        "from fastapi import FastAPI\n"
        "from vllm.entrypoints.openai.api_server import build_async_engine_client\n\n"
        "app = FastAPI()\nclient = «build_async_engine_client(None)»\n",
    ),
    Invalid(
        "another file makes it",
        "from fastapi import FastAPI\n«from engine import llm»\n\napp = FastAPI()\n",
        path="app.py",
        files={"engine.py": _ENGINE},
        messages=("this import makes an engine, by `LLM` in line 3 of `engine.py`",),
    ),
    Invalid(
        "another file of the package, through a third",
        "from fastapi import FastAPI\n«from .services import answer»\n\napp = FastAPI()\n",
        path="core/app.py",
        files={
            "core/__init__.py": "",
            "core/services.py": "from core import engine\nfrom core import app\n",
            "core/engine.py": _ENGINE,
        },
        messages=("in line 3 of `core/engine.py`",),
    ),
    Invalid(
        "started in the folder above",
        "from fastapi import FastAPI\n«from services.answer import answer»\n\napp = FastAPI()\n",
        path="server/main.py",
        files={
            "server/services/answer.py": "from services.engine import llm\n",
            "server/services/engine.py": _ENGINE,
        },
    ),
    Invalid(
        "a module that a handler imports",
        'from vllm import LLM\n\nllm = «LLM("m")»\n',
        path="engine.py",
        files={
            "app.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef answer():\n"
            "    from work import ask\n\n    return ask()\n",
            "work.py": "from engine import llm\n\n\ndef ask():\n    return llm.generate('a')\n",
        },
    ),
    Invalid(
        "a module that a script imports",
        'from vllm import LLM\n\nllm = «LLM("m")»\n',
        path="engine.py",
        files={"run.py": "from engine import llm\n"},
    ),
)

_VALID = (
    Valid("a generator that nobody asks", _APP + "llms = (LLM(m) for m in ('a', 'b'))\n"),
    Valid("code that never runs", _APP + "if False:\n    llm = LLM('m')\n"),
    Valid("a partial that is kept", "from functools import partial\n" + _APP + "make = partial(LLM, 'm')\n"),
    Valid(
        "the other class of a package that imports when it is asked",
        "from fastapi import FastAPI\nfrom engines import Mock\n\napp = FastAPI()\nchat = Mock('m')\n",
        files=_LAZY,
    ),
    Valid("an object whose method nobody calls", _APP + _MANAGER + "\n\nmanager = Manager()\n"),
    Valid(
        "an object that may be another",
        _APP + _MANAGER + "\n\nmanager = Manager() if FAST else Other()\nmanager.load()\n",
    ),
    Valid(
        "a class of another file that loads the model later",
        "from fastapi import FastAPI\nfrom chat import Chat, serve\n\napp = FastAPI()\nchat = Chat('m')\n",
        files={
            "chat.py": "from vllm import LLM\n\n\nclass Chat:\n    def __init__(self, model):\n"
            "        self.model = model\n\n    def load(self):\n        self.llm = LLM(self.model)\n\n\n"
            "async def serve():\n    return LLM('m')\n",
        },
    ),
    Valid(
        "what makes an engine, called in the lifespan alone",
        "from fastapi import FastAPI\nfrom chat import Chat\n\n\nasync def lifespan(app):\n"
        "    app.state.chat = Chat('m')\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n",
        files={"chat.py": _MAKERS},
    ),
    Valid(
        "a subclass that never makes its base",
        _APP + "\nclass Fake(LLM):\n    def __init__(self):\n        self.n = 1\n\n\nllm = Fake()\n",
    ),
    Valid(
        "an engine in the lifespan",
        _APP + "\n\nasync def lifespan(app):\n    app.state.llm = LLM('m')\n    yield\n",
    ),
    Valid("a script without an app is another rule's", _ENGINE, path="batch.py"),
    Valid("an engine in the main block", _APP + 'if __name__ == "__main__":\n    llm = LLM("m")\n'),
    Valid("an engine in a handler", _APP + "\n\n@app.get('/')\ndef root():\n    return LLM('m')\n"),
    Valid(
        "a decorator is no call", _APP + "\n\n@app.on_event('startup')\ndef load():\n    return LLM('m')\n"
    ),
    Valid("a lambda", _APP + "make = lambda: LLM('m')\n"),
    Valid("a function handed over", _APP + "\n\ndef make():\n    return LLM('m')\n\n\nregister(make)\n"),
    Valid(
        "LangChain's client of a server",
        "from fastapi import FastAPI\nfrom langchain_community.llms import VLLMOpenAI\n\n"
        "llm = VLLMOpenAI(openai_api_base=url, model_name='m')\napp = FastAPI()\n",
    ),
    Valid(
        "LlamaIndex's model that asks a server",
        "from fastapi import FastAPI\nfrom llama_index.llms.vllm import Vllm, VllmServer\n\n"
        "app = FastAPI()\nllm = Vllm(model='m', api_url=url)\nother = VllmServer(api_url=url)\n",
    ),
    Valid("no engine", _APP),
    Valid(
        "a process that torchrun started",
        _APP + "args = dict()\nllm = LLM('m', **{'distributed_executor_backend': 'external_launcher'})\n",
    ),
    Valid(
        "no child process",
        "import os\n\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'\n" + _APP + "llm = LLM('m')\n",
    ),
    Valid(
        "an LLM from elsewhere",
        "from fastapi import FastAPI\nfrom crewai import LLM\n\napp = FastAPI()\nllm = LLM()\n",
    ),
    Valid("a shadowed name", _APP + "\n\nclass LLM: ...\n\n\nllm = LLM()\n"),
    Valid(
        "an engine that is told where it is served",
        _ENGINE,
        path="engine.py",
        files={"app.py": "from fastapi import FastAPI\nfrom engine import llm\n\napp = FastAPI()\n"},
    ),
    Valid(
        "another file that makes it in a function",
        "from fastapi import FastAPI\nfrom engine import make\n\napp = FastAPI()\n",
        path="app.py",
        files={"engine.py": "from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n"},
    ),
    Valid(
        "a router whose app is told",
        "from fastapi import APIRouter\nfrom engine import llm\n\nrouter = APIRouter()\n",
        path="routes.py",
        files={
            "engine.py": _ENGINE,
            "app.py": "from fastapi import FastAPI\nfrom routes import router\n\napp = FastAPI()\n",
        },
    ),
    Valid(
        "files that import each other",
        "from fastapi import FastAPI\nimport other\n\napp = FastAPI()\n",
        path="app.py",
        files={"other.py": "import app\nimport vllm\n"},
    ),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="Importing the module makes a vLLM engine: every import, worker and reload loads the model",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

"""PS102: a spawned child will run this script again, and do again what belongs to the first process."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.vllm import MULTIPROCESSING_VARIABLE, START_METHOD_VARIABLE
from portside.lint.finding import Finding, Fix, LaterFixes, Related, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.engines.engines import EngineUse, sets_environment
from portside.python.facts import FileFacts, ImportedEngine
from portside.python.launching.launches import Launch
from portside.python.running.guard_fix import wrap_in_guard
from portside.python.running.guards import When
from portside.python.running.import_role import made_on_import_of_module
from portside.python.running.ipython import needs_ipython
from portside.python.running.reachability import Reached

CODE, NAME = "PS102", "missing-main-guard"

DOCUMENTATION = """\
## What it does

Flags a script without `if __name__ == "__main__":` around

- a call that serves (`uvicorn.run(...)`, `uvicorn.Server(...).run()`): it is executed on import. An
  error where the call says `reload=True` or `workers=` more than 1, else a warning;
- a vLLM engine, in a script that has no app and that nothing in the workspace imports. (In a module
  with an app, or one that is imported, no guard helps: that is `engine-at-import`.)

Functions and classes of the file that are called on import are followed, and those of other files that make
an engine: in a script that imports nothing of vLLM only where they make it whatever they are given. There is
one finding for a file's missing guard, at the first such call.

Not flagged: a `__main__.py`, engines that start no process (`VLLM_ENABLE_V1_MULTIPROCESSING=0`,
`distributed_executor_backend="external_launcher"`), engines of a file that chooses fork itself
(`VLLM_WORKER_MULTIPROC_METHOD`), and a notebook that was saved as a file (it calls `get_ipython`, has
lines such as `!pip install vllm` or `%time`, awaits outside of a function, or begins with
`# Databricks notebook source`), which is no script that a child could run.

## Why it matters

A process that Python *spawns* runs the script again, under the name `__mp_main__`. Everything that no
guard holds back happens a second time there, before the child can start its work:

```text
RuntimeError:
        An attempt has been made to start a new process before the
        current process has finished its bootstrapping phase.

        This probably means that you are not using fork to start your
        child processes and you have forgotten to use the proper idiom
        in the main module:
```

- **uvicorn with reload or workers** always spawns. Each worker ends with that error, the parent starts
  another one, and no request is ever answered.
- **vLLM** starts its engine in a child. It spawns on CPU and XPU, on WSL, in Ray actors, and on a GPU
  once CUDA is initialised in the parent, by whatever library; else the library forks, and a script
  without a guard works, until one of those comes to pass. With spawn the child fails as above, and the
  last line in the parent names everything but the cause:

```text
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
```

- An engine that is made lazily, in a request, fails in the child with the error that is the hardest to
  understand, since nobody else is using the port: the child has started the server a second time.

```text
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use
```

- Without any child, a server that starts on import keeps whatever imports the file (a test, `uvicorn
  server:app`, another script) from ever getting further.

## Example

```python
llm = LLM(model="facebook/opt-125m")
print(llm.generate("Hello"))
```

becomes

```python
if __name__ == "__main__":
    llm = LLM(model="facebook/opt-125m")
    print(llm.generate("Hello"))
```

## Fix and its safety

"Wrap in main guard" moves the statement and all that follows it under the guard, but for definitions
that don't depend on it. Names stay globals of the module, so functions that read them go on working;
lines within strings keep their white space. Run as a script, the file does what it did. The fix is
unsafe where other files import this one, or where it only makes names that nothing in it uses: those
names are for others, who would not find them any more.
It is not offered where the statement shares its line with another, stands inside a definition, or the
file has syntax errors. A server then is `uvicorn-run-in-main`: launching it from the command line is
the better end.

## Since

Every version of uvicorn, and of vLLM since the engine runs in a process of its own (V1: 0.8). Measured
with uvicorn 0.54.0 and vLLM 0.32.0.

## References

- [vLLM: troubleshooting, Python multiprocessing](https://docs.vllm.ai/en/latest/usage/troubleshooting.html#python-multiprocessing)
- [Python: safe importing of main module](https://docs.python.org/3/library/multiprocessing.html#the-spawn-and-forkserver-start-methods)
"""

_ERROR = (
    "RuntimeError: An attempt has been made to start a new process before the current process has finished "
    "its bootstrapping phase"
)
_SPAWN = (
    "where vLLM spawns its engine (on CPU always, on a GPU once CUDA is initialised) the child runs this "
    "file again"
)


def _check(facts: FileFacts) -> Iterator[Finding]:
    for finding in _unguarded(facts):
        if not needs_ipython(facts.module):
            yield finding


def _unguarded(facts: FileFacts) -> Iterator[Finding]:
    launches = [launch for launch in facts.module.launches if launch.when is When.IMPORT]
    if launches:
        yield _of_launches(facts, launches)
    else:
        engines = [engine for engine in facts.module.engines_at_import if not engine.forked]
        # Who imports the file is the dearer question.
        called = [] if engines else _called_elsewhere(facts)
        if (engines or called) and not made_on_import_of_module(facts):
            yield _of_engine(facts, engines[0]) if engines else _of_call(facts, called[0])


def _of_launches(facts: FileFacts, launches: list[Launch]) -> Finding:
    names, tree = facts.module.names, facts.module.tree
    # One guard is missing, however many calls it would hold.
    first, *others = sorted(launches, key=lambda launch: not launch.starts_processes(names))
    way = first.ways(When.IMPORT)[0]
    spawns = first.starts_processes(names)
    return Finding(
        CODE,
        NAME,
        tree.span(first.call),
        _launch_message(facts, first, way),
        Severity.ERROR if spawns else Severity.WARNING,
        LaterFixes(lambda: _fixes(facts, [launch.ways(When.IMPORT)[0].origin for launch in launches])),
        (
            *_called_from(facts, way),
            *(_related(facts, launch.call, "this one is executed on import too") for launch in others),
        ),
    )


def _launch_message(facts: FileFacts, launch: Launch, way: Reached) -> str:
    fact = f"`{launch.form.value}` is executed on import{_through(facts, way)}"
    if launch.starts_processes(facts.module.names):
        return f"{fact}: every process that it spawns runs this file again and ends with `{_ERROR}`"
    if facts.is_vllm_code and not any(engine.forked for engine in facts.module.engines):
        return f"{fact}: {_SPAWN} and tries to start a second server"
    return f"{fact}: whatever imports this file starts a server, and gets no further before that one stops"


def _of_engine(facts: FileFacts, engine: EngineUse) -> Finding:
    way = engine.at_import()
    assert way is not None
    line = facts.module.tree.line(engine.call)
    place = f"in line {line}, reached from here, " if way.path else ""
    message = f"`{engine.constructor}` {place}is executed on import: {_SPAWN} and ends with `{_ERROR}`"
    return Finding(
        CODE,
        NAME,
        facts.module.tree.span(way.origin),
        message,
        Severity.WARNING,
        LaterFixes(lambda: _fixes(facts, [way.origin])),
        (_related(facts, engine.call, "the engine is made here"),) if way.path else (),
    )


def _called_elsewhere(facts: FileFacts) -> list[ImportedEngine]:
    """The calls of the script that have other files make an engine, in a process of its own, by spawn."""
    found = facts.workspace.called_engines
    names, source = facts.module.names, facts.source
    settings = ((MULTIPROCESSING_VARIABLE, "0"), (START_METHOD_VARIABLE, "fork"))
    starts = [(engine, source.byte_of_offset(engine.statement.start)) for engine in found]
    return [e for e, at in starts if not any(sets_environment(names, *each, at) for each in settings)]


def _of_call(facts: FileFacts, engine: ImportedEngine) -> Finding:
    """Of a function or class of another file, which the script calls."""
    message = (
        f"`{engine.called}`, which makes an engine by `{engine.constructor}` in line {engine.line} of "
        f"`{engine.file}`, is executed on import: {_SPAWN} and ends with `{_ERROR}`"
    )
    call = facts.module.names.node_over(engine.statement)
    fixes = LaterFixes(lambda: _fixes(facts, [call])) if call is not None else ()
    related = (Related(engine.path, engine.span, "the engine is made here"),)
    return Finding(CODE, NAME, engine.statement, message, Severity.WARNING, fixes, related)


def _fixes(facts: FileFacts, origins: list[Node]) -> tuple[Fix, ...]:
    first = min(origins, key=lambda node: node.start_byte)
    fix = wrap_in_guard(facts.module, first, facts.workspace.imported_by)
    return (fix,) if fix is not None else ()


def _through(facts: FileFacts, way: Reached) -> str:
    if not way.path:
        return ""
    return f" by `{_callee(facts, way.origin)}()` in line {facts.module.tree.line(way.origin)}"


def _callee(facts: FileFacts, call: Node) -> str:
    callee = call.child_by_field_name("function")
    return facts.module.tree.text(callee) if callee is not None and callee.type == "identifier" else "…"


def _called_from(facts: FileFacts, way: Reached) -> tuple[Related, ...]:
    return (_related(facts, way.origin, "called here, on import"),) if way.path else ()


def _related(facts: FileFacts, node: Node, message: str) -> Related:
    return Related(facts.source.path, facts.module.tree.span(node), message)


_SERVER = """\
import uvicorn
from fastapi import FastAPI

app = FastAPI()

"""

_INVALID = (
    Invalid(
        "a function of another file that makes the engine",
        "from engine import make\nfrom vllm import SamplingParams\n\nllm = «make()»\n"
        "print(llm.generate('Hi', SamplingParams()))\n",
        fixed='from engine import make\nfrom vllm import SamplingParams\n\nif __name__ == "__main__":\n'
        "    llm = make()\n    print(llm.generate('Hi', SamplingParams()))\n",
        messages=("`make`, which makes an engine by `LLM` in line 5 of `engine.py`, is executed on import",),
        path="gen.py",
        files={"engine.py": "from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n"},
    ),
    Invalid(
        "a class of another file that makes the engine, in a script that says nothing of vLLM",
        "from lib.loader import Model\n\nfor name in ('a', 'b'):\n    model = «Model(name)»\n"
        "    print(model.ask('Hi'))\n",
        fixed="from lib.loader import Model\n\nif __name__ == \"__main__\":\n    for name in ('a', 'b'):\n"
        "        model = Model(name)\n        print(model.ask('Hi'))\n",
        messages=("`Model`, which makes an engine by `LLM` in line 10 of `lib/loader.py`",),
        path="ask.py",
        files={
            "lib/loader.py": "from vllm import LLM\n\n\nclass Model:\n    def __init__(self, name):\n"
            "        self.name = name\n        self._load()\n\n    def _load(self):\n"
            "        self.llm = LLM(self.name)\n"
        },
    ),
    Invalid(
        "a subclass of an engine",
        "from vllm import LLM\n\n\nclass Judge(LLM):\n    pass\n\n\njudge = «Judge('m')»\n"
        "print(judge.generate('Hi'))\n",
        fixed='from vllm import LLM\n\n\nclass Judge(LLM):\n    pass\n\n\nif __name__ == "__main__":\n'
        "    judge = Judge('m')\n    print(judge.generate('Hi'))\n",
        messages=("`Judge` is executed on import",),
    ),
    Invalid(
        "a server that starts on import",
        _SERVER + "«uvicorn.run(app)»\n",
        fixed=_SERVER + 'if __name__ == "__main__":\n    uvicorn.run(app)\n',
        messages=("`uvicorn.run` is executed on import: whatever imports this file starts a server",),
    ),
    Invalid(
        "workers without a guard",
        _SERVER + '«uvicorn.run("server:app", workers=4)»\n',
        fixed=_SERVER + 'if __name__ == "__main__":\n    uvicorn.run("server:app", workers=4)\n',
        messages=("every process that it spawns runs this file again",),
    ),
    Invalid(
        "reload without a guard",
        _SERVER + '«uvicorn.run("server:app", reload=True)»\n',
        fixed=_SERVER + 'if __name__ == "__main__":\n    uvicorn.run("server:app", reload=True)\n',
        messages=("every process that it spawns runs this file again",),
    ),
    Invalid(
        "an engine in the lifespan",
        """\
import uvicorn
from fastapi import FastAPI
from vllm import AsyncEngineArgs, AsyncLLMEngine


async def lifespan(app):
    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))
    yield


app = FastAPI(lifespan=lifespan)
# Serve it.
«uvicorn.run(app)»
""",
        fixed="""\
import uvicorn
from fastapi import FastAPI
from vllm import AsyncEngineArgs, AsyncLLMEngine


async def lifespan(app):
    app.state.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m"))
    yield


app = FastAPI(lifespan=lifespan)


if __name__ == "__main__":
    # Serve it.
    uvicorn.run(app)
""",
        messages=("the child runs this file again and tries to start a second server",),
    ),
    Invalid(
        "through a function, with code behind it",
        _SERVER
        + """\

def main():
\t«uvicorn.run(app)»


main()
print("stopped")
""",
        fixed=_SERVER
        + """\

def main():
\tuvicorn.run(app)


if __name__ == "__main__":
\tmain()
\tprint("stopped")
""",
        messages=("`uvicorn.run` is executed on import by `main()` in line 11",),
    ),
    Invalid(
        "an async main",
        """\
import asyncio
import uvicorn


async def main():
    config = uvicorn.Config("app:app", port=8000)
    server = uvicorn.Server(config)
    await «server.serve()»


asyncio.run(main())
""",
        fixed="""\
import asyncio
import uvicorn


async def main():
    config = uvicorn.Config("app:app", port=8000)
    server = uvicorn.Server(config)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(main())
""",
        messages=("`Server.serve` is executed on import by `main()` in line 11",),
    ),
    Invalid(
        "two run calls, one guard missing",
        _SERVER
        + """\
ssl = False
if ssl:
    «uvicorn.run(app, ssl_keyfile="key.pem")»
else:
    uvicorn.run(app)
""",
        fixed=_SERVER
        + """\
ssl = False
if __name__ == "__main__":
    if ssl:
        uvicorn.run(app, ssl_keyfile="key.pem")
    else:
        uvicorn.run(app)
""",
    ),
    Invalid(
        "a script that makes an engine",
        '''\
from vllm import LLM, SamplingParams

prompts = ["a", "b"]
llm = «LLM(model="facebook/opt-125m")»
prompt = """
  stays
as it is
"""

for output in llm.generate(prompts, SamplingParams()):
    print(output)
''',
        fixed='''\
from vllm import LLM, SamplingParams

prompts = ["a", "b"]
if __name__ == "__main__":
    llm = LLM(model="facebook/opt-125m")
    prompt = """
  stays
as it is
"""

    for output in llm.generate(prompts, SamplingParams()):
        print(output)
''',
        path="batch.py",
        messages=("`LLM` is executed on import: where vLLM spawns its engine",),
    ),
    Invalid(
        "LangChain's model of vLLM",
        "from langchain.llms import VLLM\n\nllm = «VLLM(model='m')»\nprint(llm.invoke('Hello'))\n",
        fixed="from langchain.llms import VLLM\n\nif __name__ == \"__main__\":\n    llm = VLLM(model='m')\n"
        "    print(llm.invoke('Hello'))\n",
    ),
    Invalid(
        "a guard that leaves the engine out",
        """\
import asyncio
from vllm import AsyncEngineArgs, AsyncLLMEngine


def load_model():
    return AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m")), None


engine, tokenizer = «load_model()»


async def chat():
    engine.generate("x")


if __name__ == "__main__":
    asyncio.run(chat())
""",
        fixed="""\
import asyncio
from vllm import AsyncEngineArgs, AsyncLLMEngine


def load_model():
    return AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="m")), None


async def chat():
    engine.generate("x")


if __name__ == "__main__":
    engine, tokenizer = load_model()

    asyncio.run(chat())
""",
        messages=("`AsyncLLMEngine.from_engine_args` in line 6, reached from here, is executed on import",),
    ),
    Invalid(
        "a class that makes it when instantiated",
        """\
import vllm


class Model:
    def __init__(self):
        self.load()

    def load(self):
        self.llm = vllm.LLM("m")


model = «Model()»
""",
        fixed="""\
import vllm


class Model:
    def __init__(self):
        self.load()

    def load(self):
        self.llm = vllm.LLM("m")


if __name__ == "__main__":
    model = Model()
""",
    ),
    Invalid(
        "a guard that spawned children pass too",
        """\
import vllm

if __name__ in {"__main__", "__mp_main__"}:
    llm = «vllm.LLM("m")»
""",
        fixed="""\
import vllm

if __name__ == "__main__":
    if __name__ in {"__main__", "__mp_main__"}:
        llm = vllm.LLM("m")
""",
    ),
    Invalid(
        "a statement that shares its line",
        "import vllm\nx = 1; llm = «vllm.LLM('m')»\n",
    ),
)

_GUARD = 'if __name__ == "__main__":\n'

_VALID = (
    Valid(
        "a function of another file that makes an engine if it is told to",
        "from lib import load\n\nmodel = load('m', 'hf')\n",
        path="ask.py",
        files={
            "lib.py": "from vllm import LLM\n\n\ndef load(name, backend):\n    if backend == 'vllm':\n"
            "        return LLM(name)\n    return name\n"
        },
    ),
    Valid(
        "a function of another file that makes the engine, in this process",
        "import os\n\nos.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'\nfrom engine import make\n"
        "from vllm import SamplingParams\n\nprint(make().generate('Hi', SamplingParams()))\n",
        path="gen.py",
        files={"engine.py": "from vllm import LLM\n\n\ndef make():\n    return LLM('m')\n"},
    ),
    Valid("a guard", _SERVER + _GUARD + "    uvicorn.run(app)\n"),
    Valid("a guard the other way round", _SERVER + 'if "__main__" == __name__:\n    uvicorn.run(app)\n'),
    Valid(
        "a guard in a constant", _SERVER + 'MAIN = __name__ == "__main__"\nif MAIN:\n    uvicorn.run(app)\n'
    ),
    Valid(
        "a guard that asks for the main module",
        "import sys\n" + _SERVER + 'if sys.modules["__main__"].__file__ == __file__:\n    uvicorn.run(app)\n',
    ),
    Valid("a guard with more to it", _SERVER + 'if __name__ == "__main__" and app:\n    uvicorn.run(app)\n'),
    Valid(
        "an early exit",
        _SERVER + 'import sys\nif __name__ != "__main__":\n    sys.exit()\nuvicorn.run(app)\n',
    ),
    Valid(
        "the other branch", _SERVER + 'if __name__ != "__main__":\n    pass\nelse:\n    uvicorn.run(app)\n'
    ),
    Valid("a guard in a line", _SERVER + '__name__ == "__main__" and uvicorn.run(app)\n'),
    Valid(
        "a guard in the function", _SERVER + f"def main():\n    {_GUARD}        uvicorn.run(app)\n\nmain()\n"
    ),
    Valid(
        "a test of the name that isn't understood", _SERVER + "if is_main(__name__):\n    uvicorn.run(app)\n"
    ),
    Valid("a script that nothing imports", _SERVER + "uvicorn.run(app)\n", path="pkg/__main__.py"),
    Valid("a function that nothing calls", _SERVER + "def main():\n    uvicorn.run(app)\n"),
    Valid("a coroutine that nobody runs", _SERVER + "async def main():\n    uvicorn.run(app)\n\nmain()\n"),
    Valid("an engine under a guard", "from vllm import LLM\n\n" + _GUARD + '    llm = LLM("m")\n'),
    Valid(
        "an engine in the module of an app is another rule's",
        'from fastapi import FastAPI\nfrom vllm import LLM\n\napp = FastAPI()\nllm = LLM("m")\n',
    ),
    Valid(
        "an engine in a module that is imported is another rule's",
        'from vllm import LLM\n\nllm = LLM("m")\n',
        path="engine.py",
        files={"run.py": "import engine\n"},
    ),
    Valid(
        "a process that torchrun started",
        'from vllm import LLM\n\nllm = LLM("m", distributed_executor_backend="external_launcher")\n',
    ),
    Valid(
        "no child process",
        'import os\n\nos.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"\nfrom vllm import LLM\n\n'
        'llm = LLM("m")\n',
    ),
    Valid(
        "fork on purpose",
        'import os\n\nos.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "fork")\n'
        'from vllm import LLM\n\nllm = LLM("m")\n',
    ),
    Valid(
        "a notebook that was saved as a file",
        "get_ipython().system('pip install vllm')\nfrom vllm import LLM\n\nllm = LLM('m')\n",
    ),
    Valid(
        "a notebook whose cells became a file, with a line of the shell",
        "# %%\n!pip install vllm\n\n# %%\nfrom vllm import LLM\n\nllm = LLM('m')\n",
    ),
    Valid(
        "a notebook whose cells became a file, with a magic behind the engine",
        "# %%\nfrom vllm import LLM\n\nllm = LLM('m')\n\n# %%\n%time llm.generate('Hi')\n",
    ),
    Valid(
        "a notebook whose cells became a file, which awaits without a function",
        "from vllm import AsyncEngineArgs, AsyncLLMEngine\n\n"
        "engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model='m'))\n"
        "print(await engine.get_tokenizer())\n",
    ),
    Valid(
        "a notebook of Databricks",
        "# Databricks notebook source\nfrom vllm import LLM\n\n# COMMAND ----------\n\nllm = LLM('m')\n",
    ),
    Valid("an LLM from elsewhere", 'from langchain.llms import LLM\n\nllm = LLM("m")\n'),
    Valid("arguments alone", 'from vllm import EngineArgs\n\nargs = EngineArgs(model="m")\n'),
    Valid("a type", "from vllm import LLM\n\n\ndef f(llm: LLM) -> None: ...\n"),
    Valid("a default that is no call", "from vllm import LLM\n\n\ndef f(cls=LLM):\n    return cls('m')\n"),
    Valid(
        "type checking only",
        "from typing import TYPE_CHECKING\nimport uvicorn\n\nif TYPE_CHECKING:\n    uvicorn.run(app)\n",
    ),
    Valid("text", '"""uvicorn.run(app)"""\nX = "vllm.LLM()"\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.WARNING,
    summary="No main guard where a spawned process will run the script again",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
    successors=("PS101",),
)

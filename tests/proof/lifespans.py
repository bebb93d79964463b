"""Modules that make an engine on import, and what their app's lifespan is afterwards."""
# ruff: noqa: E501 - a server in one string reads better than in ten

from __future__ import annotations

from dataclasses import dataclass

HEAD = "from fastapi import FastAPI\nfrom vllm import LLM, AsyncEngineArgs, AsyncLLMEngine\n\n"
ENGINE = "engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model='m'))\n"
READ = "\n\n@app.get('/e')\ndef e():\n    return type(engine).__name__\n"


@dataclass(frozen=True)
class MovableEngine:
    """A module, and text that the fix writes."""

    id: str
    code: str
    kept: tuple[str, ...] = ()


ENGINES = (
    MovableEngine(
        "an engine above the app",
        HEAD + ENGINE + "app = FastAPI()\n" + READ,
        ("@contextlib.asynccontextmanager\nasync def lifespan(app):\n    global engine\n", "FastAPI(lifespan=lifespan)"),
    ),
    MovableEngine(
        "an engine below the app",
        HEAD + "app = FastAPI(title='t')\n" + ENGINE + READ,
        ("app = FastAPI(title='t', lifespan=lifespan)\n", "    yield\n    engine.shutdown()\n"),
    ),
    MovableEngine(
        "arguments of their own, over several lines",
        HEAD + "# The model.\nargs = AsyncEngineArgs(model='m')\n\n"
        "engine = AsyncLLMEngine.from_engine_args(\n    args,  # as above\n)\n\n# The app.\napp = FastAPI(\n    title='t',\n    version='1',\n)\n" + READ,
        ("    engine = AsyncLLMEngine.from_engine_args(\n        args,  # as above\n    )\n    yield\n", "\n\n\n# The app.\napp"),
    ),
    MovableEngine(
        "an LLM, which is deleted at the end",
        HEAD + "llm = LLM('m')\napp = FastAPI()\n\n\n@app.get('/e')\ndef e():\n    return type(llm).__name__\n",
        ("    llm = LLM('m')\n    yield\n    del llm\n",),
    ),
    MovableEngine(
        "what a function gives with others",
        HEAD + "app = FastAPI()\n\n\ndef load():\n    words = {'m'}\n"
        "    made = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model='m'))\n    return words, made\n\n\n"
        "stops, engine = load()\n" + READ,
        ("    global stops, engine\n    stops, engine = load()\n    yield\n    engine.shutdown()\n",),
    ),
    MovableEngine(
        "a lifespan that the app has",
        "from contextlib import asynccontextmanager\n\n" + HEAD + ENGINE
        + "\n\n@asynccontextmanager\nasync def lifespan(app):\n    \"\"\"Starts.\"\"\"\n    app.state.x = 1\n    yield  # serves\n    app.state.x = 2\n\n\n"
        "app = FastAPI(lifespan=lifespan)\n" + READ,
        ('    """Starts."""\n    global engine\n    engine = AsyncLLM', "    yield  # serves\n    engine.shutdown()\n    app.state.x = 2\n"),
    ),
    MovableEngine(
        "a lifespan that ends in a finally",
        "from contextlib import asynccontextmanager\n\n" + HEAD + ENGINE
        + "\n\n@asynccontextmanager\nasync def life(application: FastAPI):\n    try:\n        yield\n    finally:\n        # Bye.\n        print('down')\n\n\napp = FastAPI(lifespan=life)\n" + READ,
        ("    global engine\n    engine = AsyncLLMEngine", "        print('down')\n        engine.shutdown()\n"),
    ),
    MovableEngine(
        "a lifespan that needs the engine in the end",
        "from contextlib import asynccontextmanager\n\n" + HEAD + "engine = LLM('m')\n"
        + "\n\n@asynccontextmanager\nasync def life(app):\n    yield\n    print(type(engine).__name__)\n\n\napp = FastAPI(lifespan=life)\n" + READ,
        ("    print(type(engine).__name__)\n    del engine\n",),
    ),
    MovableEngine(
        "the decorator imported by its name",
        "from contextlib import asynccontextmanager\n\n" + HEAD + ENGINE + "\napp = FastAPI()\n" + READ
        + "\n\n@asynccontextmanager\nasync def other():\n    yield\n",
        ("\n\n\n@asynccontextmanager\nasync def lifespan(app):\n",),
    ),
    MovableEngine(
        "handlers for events",
        HEAD + "app = FastAPI()\n" + ENGINE + "\n\n@app.on_event('startup')\ndef start():\n    app.state.x = 1\n" + READ,
        ('@app.on_event("startup")\ndef start_engine():\n    global engine\n', '@app.on_event("shutdown")\ndef shut_down_engine():\n    engine.shutdown()\n'),
    ),
    MovableEngine(
        "read by a function that a handler calls",
        HEAD + ENGINE + "app = FastAPI()\n\n\ndef kind():\n    return type(engine).__name__\n\n\n@app.get('/e')\ndef e():\n    return kind()\n",
    ),
)  # fmt: skip

# Where the engine is needed before the app starts, or the fix can't be sure that it is not.
STAYING = {
    "read on import": HEAD + ENGINE + "app = FastAPI()\nNAME = type(engine).__name__\n",
    "read by a function that is called on import": HEAD + ENGINE + "app = FastAPI()\n\n\ndef kind():\n    return engine\n\n\nKIND = kind()\n",
    "read by a class body": HEAD + ENGINE + "app = FastAPI()\n\n\nclass A:\n    kind = type(engine)\n",
    "a default": HEAD + ENGINE + "app = FastAPI()\n\n\ndef ask(e=engine):\n    return e\n",
    "two names": HEAD + "a = b = LLM('m')\napp = FastAPI()\n",
    "an annotation": HEAD + "llm: LLM = LLM('m')\napp = FastAPI()\n",
    "in a branch": HEAD + "if True:\n    llm = LLM('m')\napp = FastAPI()\n",
    "two apps": HEAD + ENGINE + "app = FastAPI()\nother = FastAPI()\n",
    "the name lifespan is taken": HEAD + ENGINE + "lifespan = 3\napp = FastAPI()\n",
    "a lifespan from elsewhere": "from mine import life\n" + HEAD + ENGINE + "app = FastAPI(lifespan=life)\n",
    "arguments that are unpacked": HEAD + ENGINE + "options = {}\napp = FastAPI(**options)\n",
    "a handler that needs the name in the end": HEAD + "llm = LLM('m')\napp = FastAPI()\n\n\n@app.on_event('shutdown')\ndef stop():\n    print(llm)\n",
    "the app is made of it": HEAD + "app = FastAPI(extra={'llm': LLM('m')})\n",
    "Flask": "from flask import Flask\nfrom vllm import LLM\n\nllm = LLM('m')\napp = Flask('a')\n",
}  # fmt: skip

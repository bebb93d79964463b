"""Apps with an engine, as users write them: their text, with what an edit changes left open."""

from __future__ import annotations

ASYNC = """\
import os, uuid
from contextlib import asynccontextmanager
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.entrypoints.launchers.api_server.app_state import init_app_state
from vllm.entrypoints.launchers.app import build_app
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

VERSION = "{version}"
MODEL = os.environ["MODEL_ID"]
OPTIONS = dict(model=MODEL, dtype="float32", max_model_len={length}, enforce_eager=True)

@asynccontextmanager
async def lifespan(app):
    engine = app.state.engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**OPTIONS))
    {lifespan}
    words = ["--model", MODEL, "--dtype", "float32", "--max-model-len", "{length}", "--enforce-eager"]
    arguments = make_arg_parser(FlexibleArgumentParser()).parse_args(words)
    tasks = await engine.get_supported_tasks()
    openai = build_app(arguments, tasks, engine.model_config)
    await init_app_state(engine, openai.state, arguments, tasks)
    app.mount("/openai", openai)
    yield
    engine.shutdown()

app = FastAPI(lifespan=lifespan)

@app.get("/version")
async def version():
    await app.state.engine.check_health()
    return {{"version": VERSION, "pid": os.getpid(), "type": type(app.state.engine).__name__}}

@app.get("/tokens")
async def tokens(prompt: str = "hello", n: int = 16):
    sampling = SamplingParams(max_tokens=n, temperature=0, ignore_eos=True)
    async def stream():
        done = 0
        async for output in app.state.engine.generate(prompt, sampling, request_id=str(uuid.uuid4())):
            ids = output.outputs[0].token_ids
            yield "".join(f"{{token}} " for token in ids[done:])
            done = len(ids)
    return StreamingResponse(stream())
"""

SYNC = """\
import os
from contextlib import asynccontextmanager
from fastapi import FastAPI
from vllm import LLM, SamplingParams

VERSION = "{version}"
OPTIONS = dict(model=os.environ["MODEL_ID"], dtype="float32", max_model_len={length}, enforce_eager=True)

@asynccontextmanager
async def lifespan(app):
    app.state.llm = LLM(**OPTIONS)
    yield

app = FastAPI(lifespan=lifespan)

@app.get("/version")
def version():
    return {{"version": VERSION, "pid": os.getpid(), "type": type(app.state.llm).__name__}}

@app.get("/tokens")
def tokens(prompt: str = "hello", n: int = 16):
    sampling = SamplingParams(max_tokens=n, temperature=0, ignore_eos=True)
    output = app.state.llm.generate([prompt], sampling, use_tqdm=False)[0]
    return list(output.outputs[0].token_ids)
"""

DIRECT = """\
import sys
from vllm import LLM, SamplingParams

if __name__ == "__main__":
    llm = LLM(model=sys.argv[1], dtype="float32", max_model_len=128, enforce_eager=True)
    sampling = SamplingParams(max_tokens=16, temperature=0, ignore_eos=True)
    outputs = llm.generate(sys.argv[2:], sampling, use_tqdm=False)
    for output in outputs:
        print("tokens", *output.outputs[0].token_ids, flush=True)
"""


def app(version: str, *, text: str = ASYNC, length: int = 128, lifespan: str = "pass") -> str:
    return text.format(version=version, length=length, lifespan=lifespan)

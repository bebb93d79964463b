"""A stand-in for vLLM: its import paths, call shapes and processes, without a model.

It exists so that the demo and the tests can show what happens to a vLLM server
on a machine without vLLM. Only they put this folder on the path
(`PYTHONPATH=tests/standin`); it is in no wheel.

As in vLLM, importing the package is cheap and names arrive through a lazy
`__getattr__`; an engine lives in a spawned child process titled
`VLLM::EngineCore`; a script that makes one without a main guard fails.

Environment:
    STANDIN_LOAD_S         seconds that an engine takes to start (0.2)
    STANDIN_TOKEN_S        seconds per generated token (0.002)
    STANDIN_WORKERS        `VLLM::Worker` processes under the engine core (0, as with one GPU)
    STANDIN_FAIL           message of a ValueError that the engine core raises while it loads
    STANDIN_ORPHAN_LIFE_S  seconds that an engine whose parent was killed lives on (60;
                           vLLM's live until somebody kills them)
"""

from __future__ import annotations

import importlib

__version__ = "0.32.0+standin"

MODULE_ATTRS = {
    "AsyncEngineArgs": ".engine.arg_utils:AsyncEngineArgs",
    "EngineArgs": ".engine.arg_utils:EngineArgs",
    "AsyncLLMEngine": ".engine.async_llm_engine:AsyncLLMEngine",
    "LLMEngine": ".engine.llm_engine:LLMEngine",
    "LLM": ".entrypoints.llm:LLM",
    "SamplingParams": ".sampling_params:SamplingParams",
    "RequestOutput": ".outputs:RequestOutput",
    "CompletionOutput": ".outputs:CompletionOutput",
    "TextPrompt": ".inputs:TextPrompt",
    "TokensPrompt": ".inputs:TokensPrompt",
}
__all__ = ["__version__", *MODULE_ATTRS]  # noqa: PLE0604 - the names are strings


def __getattr__(name: str) -> object:
    if name not in MODULE_ATTRS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = MODULE_ATTRS[name].partition(":")
    return getattr(importlib.import_module(module, __name__), attribute)

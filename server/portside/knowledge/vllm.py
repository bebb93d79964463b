"""vLLM's engines: what starts processes when it is called.

From the sources of 20 releases, 0.5.5 to 0.33.0. A name is listed under every
module that had it in any of them.
"""

from __future__ import annotations

from collections.abc import Mapping

# Each starts at least one child process (EngineCore), unless `runs_in_process` below says otherwise.
_LLM = ("vllm.LLM", "vllm.entrypoints.llm.LLM")
_LLM_ENGINE = ("vllm.LLMEngine", "vllm.engine.llm_engine.LLMEngine", "vllm.v1.engine.llm_engine.LLMEngine")
_ASYNC = (
    "vllm.AsyncLLMEngine",  # its own class up to 0.10.2, since 0.12 an alias of AsyncLLM
    "vllm.engine.async_llm_engine.AsyncLLMEngine",
    "vllm.v1.engine.async_llm.AsyncLLM",
    "vllm.v1.engine.async_llm.AsyncLLMEngine",
)
_CLIENTS = (
    "vllm.entrypoints.openai.api_server",  # a shim with a DeprecationWarning since 0.29
    "vllm.entrypoints.launchers.api_server.entry",  # since 0.29
)
_LOW_LEVEL = (
    "vllm.v1.engine.core_client.EngineCoreClient.make_client",
    "vllm.v1.engine.core_client.EngineCoreClient.make_async_mp_client",
    "vllm.v1.engine.core.EngineCore",
    "vllm.v1.engine.utils.CoreEngineProcManager",
    "vllm.v1.engine.utils.launch_core_engines",
    "vllm.engine.multiprocessing.engine.MQLLMEngine",  # up to 0.10.2
)

# LangChain's model that makes a `vllm.LLM` in the process; `VLLMOpenAI` asks a server.
_WRAPPERS = tuple(
    f"{package}.llms.{module}VLLM"
    for package in ("langchain", "langchain_community")
    for module in ("", "vllm.")
)
# LlamaIndex's; the first asks a server instead where it is given an `api_url`.
LLAMA_INDEX = frozenset(
    {"llama_index.llms.vllm.Vllm", "llama_index.llms.Vllm", "llama_index.embeddings.vllm.VllmEmbedding"}
)


def _constructors() -> dict[str, str]:
    found = {name: name.rpartition(".")[2] for name in (*_LLM, *_LLM_ENGINE, *_ASYNC)}
    for name, short in tuple(found.items()):
        # `LLM.from_engine_args` is new (in 0.32); `from_vllm_config` is of the engines only.
        found[f"{name}.from_engine_args"] = f"{short}.from_engine_args"
        if short != "LLM":
            found[f"{name}.from_vllm_config"] = f"{short}.from_vllm_config"
    for module in _CLIENTS:
        for client in ("build_async_engine_client", "build_async_engine_client_from_engine_args"):
            found[f"{module}.{client}"] = client
    found.update((name, ".".join(name.split(".")[-2:])) for name in _LOW_LEVEL[:2])
    found.update((name, name.rpartition(".")[2]) for name in (*_LOW_LEVEL[2:], *_WRAPPERS, *LLAMA_INDEX))
    return found


ENGINE_CONSTRUCTORS: Mapping[str, str] = _constructors()
"""What makes an engine, by qualified name, and how people call it."""

LLM_CLASSES = frozenset(_LLM)
"""The class without a `serve` method, in any release."""

LLM_CONSTRUCTORS = LLM_CLASSES | {f"{name}.from_engine_args" for name in _LLM}

# `envs.py`: 0 runs the engine core in the process that made the engine.
MULTIPROCESSING_VARIABLE = "VLLM_ENABLE_V1_MULTIPROCESSING"

# `envs.py`: fork (the library's default), spawn (the CLI's, and forced on CPU, XPU, WSL, in Ray
# actors and once CUDA is initialised), forkserver.
START_METHOD_VARIABLE = "VLLM_WORKER_MULTIPROC_METHOD"

# `envs.py`: "used in distributed environment to manually set the communication port"; the first of the
# ports that the engine takes for itself, and not the API's.
PORT_VARIABLE = "VLLM_PORT"

EXTERNAL_LAUNCHER = "external_launcher"
"""The `distributed_executor_backend` for engines inside processes that torchrun has started."""

"""How far a server that loads a model is, told from what it prints.

Lines of vLLM 0.5 to 0.33 (`facts` measured with 0.32.0 on a CPU, the rest from the sources), of
uvicorn 0.54.0, SGLang and huggingface_hub. Steps stand in the order in which they come.
"""

from __future__ import annotations

import re

STEPS: dict[str, str] = {
    "imports": "importing",
    "startup": "starting up",
    "engine": "starting the engine",
    "download": "downloading the model",
    "weights": "loading weights",
    "compile": "compiling",
    "cache": "making room for the KV cache",
    "graphs": "capturing CUDA graphs",
    "warm-up": "warming up",
}
"""What a step is called, by its name."""

MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("startup", ("Waiting for application startup.",)),
    (
        "engine",
        (
            "non-default args: ",
            "vLLM API server version",
            "Initializing a V1 LLM engine",
            "Initializing an LLM engine",
            "Resolved architecture: ",
            "server_args=ServerArgs(",
        ),
    ),
    ("download", ("Fetching ", "Downloading shards", "Downloading (")),
    (
        "weights",
        (
            "Starting to load model",
            "Loading model weights",
            "Loading safetensors checkpoint shards",
            "Loading pt checkpoint shards",
            "Multi-thread loading shards",
            "Load weight begin",
        ),
    ),
    (
        "compile",
        (
            "Starting torch.compile",
            "Using cache directory: ",
            "Dynamo bytecode transform time",
            "Compiling a graph for",
            "Warming up model for the compilation",
        ),
    ),
    (
        "cache",
        ("Available KV cache memory", "GPU KV cache size", "CPU KV cache size", "KV Cache is allocated"),
    ),
    (
        "graphs",
        ("Capturing CUDA graphs", "Capturing cudagraphs", "Capture cuda graph begin", "Capturing batches"),
    ),
    ("warm-up", ("Warming up sampler", "Warming up done")),
)
"""A step begins with a line that holds one of these."""

BAR = re.compile(
    r"(?P<percent>\d{1,3})%(?: Completed \||\|[^|]*\|) *(?P<count>[\d.]+\w?)/(?P<total>[\d.]+\w?)"
)
"""A bar of tqdm, and of vLLM's loaders."""

"""What initialises CUDA in a process, and what only asks about it.

From the sources of PyTorch 2.13.0: `torch/cuda/__init__.py`, `memory.py`, `random.py` and `streams.py`
(all that calls `_lazy_init()`, itself or through `current_device()`, `cudart()` or a device's context), and
`torch/csrc/cuda/Module.cpp` for `set_device`. `is_available`, `device_count`, `is_initialized`,
`manual_seed`, `empty_cache`, `memory_allocated`, `memory_reserved`, `max_memory_allocated` and the like do
not: they ask NVML or the driver, wait for the initialisation, or give 0 without one.
"""

from __future__ import annotations

_FUNCTIONS = (
    "can_device_access_peer",
    "cudart",
    "current_blas_handle",
    "current_device",
    "current_stream",
    "default_stream",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_rng_state",
    "init",
    "initial_seed",
    "ipc_collect",
    "is_bf16_supported",
    "mem_get_info",
    "memory_summary",
    "reset_peak_memory_stats",
    "set_device",
    "set_per_process_memory_fraction",
    "synchronize",
    "Stream",
)

CUDA_INITIALISERS = frozenset(f"torch.cuda.{name}" for name in _FUNCTIONS) | {
    "torch.cuda.memory.mem_get_info",
    "torch.cuda.random.get_rng_state",
}

# With `device="cuda"`: they make a tensor, or a generator, there.
TENSOR_MAKERS = frozenset(
    f"torch.{name}"
    for name in (
        *("arange", "as_tensor", "empty", "empty_like", "eye", "full", "full_like", "linspace", "logspace"),
        *("ones", "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "tensor"),
        *("zeros", "zeros_like", "Generator"),
    )
)

# Libraries whose models go to the device that they are told, by `device=`, `device_map=` or `map_location=`.
MODEL_LIBRARIES = (
    "diffusers.",
    "faster_whisper.",
    "FlagEmbedding.",
    "sentence_transformers.",
    "torch.jit.",
    "torch.load",
    "transformers.",
    "whisper.",
)
DEVICE_KEYWORDS = ("device", "device_map", "map_location")

# Classes of LangChain and LlamaIndex around these. They make the model at once, LangChain's with what
# `model_kwargs=` has, too: `HuggingFaceEmbeddings(model_kwargs={"device": "cuda"})`.
MODEL_WRAPPERS = frozenset(
    {
        "HuggingFaceBgeEmbeddings",
        "HuggingFaceCrossEncoder",
        "HuggingFaceEmbedding",
        "HuggingFaceEmbeddings",
        "HuggingFaceInstructEmbeddings",
    }
)
WRAPPING_LIBRARIES = ("langchain.", "langchain_community.", "langchain_huggingface.", "llama_index.")
MODEL_OPTIONS = "model_kwargs"

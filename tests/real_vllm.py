"""How a real vLLM runs in tests: small, on a CPU, and without a word to the network."""

from __future__ import annotations

from pathlib import Path


def environment(installed: Path) -> dict[str, str]:
    """What the example's server and vLLM read. installed: the folder that .ci/install-vllm prints."""
    return {
        "MODEL_ID": str(installed / "tiny-llama"),
        "MAX_MODEL_LEN": "128",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_HOST_IP": "127.0.0.1",
    }

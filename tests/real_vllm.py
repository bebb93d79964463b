"""How a real vLLM runs in tests: small, on a CPU, and without a word to the network."""

from __future__ import annotations

from pathlib import Path

import quiet_vllm


def environment(installed: Path) -> dict[str, str]:
    """What the example's server and vLLM read. installed: the folder that .ci/install-vllm prints."""
    return {
        "MODEL_ID": str(installed / "tiny-llama"),
        "MAX_MODEL_LEN": "128",
        **quiet_vllm.VARIABLES,
    }

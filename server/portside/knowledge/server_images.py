"""What container images start by themselves, and on which port.

From the Dockerfiles of vLLM 0.33, text-generation-inference 3, text-embeddings-inference 1.8, llama.cpp
b7000, ollama 0.12, LiteLLM 1.7, LocalAI 3, Open WebUI 0.6, Infinity 0.0.76, NVIDIA NIM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class ServerImage:
    """entrypoint: the words before what a container is given. command: those where it is given none.

    environment: variables of the image.
    """

    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


_ANY = "0.0.0.0"  # noqa: S104
_VLLM = ServerImage(("vllm", "serve"))
_TGI = ServerImage(("text-generation-launcher",), environment={"PORT": "80", "HOSTNAME": _ANY})
_TEI = ServerImage(("text-embeddings-router",), environment={"PORT": "80", "HOSTNAME": _ANY})
_LLAMA = ServerImage(("llama-server",), environment={"LLAMA_ARG_HOST": _ANY})

# By the image's path without tag and digest. Not `rocm/vllm`, `lmsysorg/sglang`, `openmmlab/lmdeploy` and
# `nvcr.io/nvidia/tritonserver`: they start a shell, and the command says the rest.
_IMAGES: tuple[tuple[re.Pattern[str], ServerImage], ...] = tuple(
    (re.compile(pattern), image)
    for pattern, image in (
        (r"(.*/)?vllm/vllm-openai(-rocm|-xpu|-cpu)?", _VLLM),
        (r"(.*/)?(vllm-cpu-release-repo|vllm-release-repo|vllm-openai)", _VLLM),
        (r"(.*/)?huggingface/text-generation-inference", _TGI),
        (r"(.*/)?huggingface/text-embeddings-inference", _TEI),
        (r"(.*/)?text-embeddings-inference", _TEI),
        (r"(.*/)?ollama/ollama", ServerImage(("ollama",), ("serve",), {"OLLAMA_HOST": f"{_ANY}:11434"})),
        (r"(.*/)?berriai/litellm(-database|-non_root)?", ServerImage(("litellm",), ("--port", "4000"))),
        (r"(.*/)?michaelf34/infinity", ServerImage(("infinity_emb",))),
        (r"(.*/)?open-webui/open-webui", ServerImage(("open-webui",), ("serve",))),
    )
)
_LLAMA_SERVER = re.compile(r"(.*/)?(ggerganov|ggml-org)/llama\.cpp:server\S*")


def by_image(image: str) -> ServerImage | None:
    """image: as it is written, with or without registry, tag and digest."""
    if _LLAMA_SERVER.fullmatch(image):
        return _LLAMA
    path = image.partition("@")[0]
    head, colon, tag = path.rpartition(":")
    if colon and "/" not in tag:
        path = head
    return next((found for pattern, found in _IMAGES if pattern.fullmatch(path)), None)

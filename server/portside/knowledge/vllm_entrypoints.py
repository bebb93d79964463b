"""Modules of vLLM that are gone or going, and since which release.

From the sources of 20 releases, 0.5.5 to 0.33.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from portside.records import dataclass

Version = tuple[int, int]

CURRENT: Version = (0, 33)

COMMAND = "vllm.entrypoints.openai.api_server"
"""What `python -m` is followed by: vLLM's own server before there was `vllm serve`."""

# The demo server: other routes than `vllm serve` has.
DEMO = "vllm.entrypoints.api_server"


@dataclass(frozen=True, slots=True)
class Retired:
    """A module. deprecated, gone: the first release of which that is true; None where none is.

    instead: where its names are now, as text.
    """

    deprecated: Version | None = None
    gone: Version | None = None
    instead: str | None = None

    def is_gone(self, version: Version) -> bool:
        return self.gone is not None and version >= self.gone

    def is_deprecated(self, version: Version) -> bool:
        return self.deprecated is not None and version >= self.deprecated


_OPENAI = "vllm.entrypoints.openai"

# Where only some releases have been looked at, `gone` is the first of them that lacks the module; an earlier
# one may. Looked at here: 0.5.5, 0.6.6, 0.7.3, 0.8.5, 0.10.2, 0.16.0, 0.24.0, 0.28.0 and 0.32.0.
_BY_0_16 = {
    "protocol": "`vllm.entrypoints.openai.chat_completion.protocol` and the like",
    "serving_chat": "`vllm.entrypoints.openai.chat_completion.serving`",
    "serving_completion": "`vllm.entrypoints.openai.completion.serving`",
    "serving_models": "`vllm.entrypoints.openai.models.serving`",
    "serving_engine": "`vllm.entrypoints.openai.models.protocol` (`BaseModelPath`), the rest is gone",
    "serving_responses": "`vllm.entrypoints.openai.responses.serving`",
    "serving_embedding": None,
    "serving_classification": None,
    "serving_pooling": None,
    "serving_score": None,
    "serving_tokenization": None,
    "serving_transcription": None,
    "logits_processors": None,
    "tool_parsers": "`vllm.tool_parsers`",
}

MODULES: Mapping[str, Retired] = {
    # 0.29 to 0.33: a shim with a DeprecationWarning; run by `python -m` it logs that it may be removed.
    COMMAND: Retired(deprecated=(0, 29), instead="`vllm.entrypoints.launchers`"),
    DEMO: Retired(gone=(0, 25)),  # there in 0.24.0, not in 0.25.1
    "vllm.entrypoints.launcher": Retired(gone=(0, 29), instead="`vllm.entrypoints.launchers.launcher`"),
    "vllm.engine.multiprocessing": Retired(gone=(0, 12)),  # there in 0.10.2, not in 0.12.0
    # There in 0.10.2, not in 0.16.0.
    **{f"{_OPENAI}.{name}": Retired(gone=(0, 16), instead=now) for name, now in _BY_0_16.items()},
    # There in 0.7.3, not in 0.8.5.
    f"{_OPENAI}.serving_rerank": Retired(gone=(0, 8)),
    f"{_OPENAI}.reasoning_parsers": Retired(gone=(0, 8), instead="`vllm.reasoning`"),
    # There in 0.5.5, not in 0.6.6.
    f"{_OPENAI}.rpc": Retired(gone=(0, 6)),
    # There in 0.16.0, not in 0.24.0.
    "vllm.entrypoints.logger": Retired(gone=(0, 24), instead="`vllm.entrypoints.serve.utils.request_logger`"),
    "vllm.entrypoints.utils": Retired(gone=(0, 24), instead="`vllm.entrypoints.serve.utils.api_utils`"),
    "vllm.entrypoints.ssl": Retired(gone=(0, 24)),
    # There in 0.28.0, not in 0.32.0.
    f"{_OPENAI}.cli_args": Retired(gone=(0, 32), instead="`vllm.entrypoints.launchers.cli_args` (0.32)"),
    "vllm.entrypoints.chat_utils": Retired(gone=(0, 32), instead="`vllm.renderers.chat_utils`"),
}


WORDS = frozenset({"entrypoints", "multiprocessing"})
"""One of these is in each import and each command that names such a module."""


def as_text(version: Version) -> str:
    return ".".join(map(str, version))

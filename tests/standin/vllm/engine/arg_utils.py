from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass
class EngineArgs:
    """The arguments of vLLM's that people set; any other name is a TypeError, as in vLLM."""

    model: str = "Qwen/Qwen3-0.6B"
    served_model_name: str | list[str] | None = None
    tokenizer: str | None = None
    tokenizer_mode: str = "auto"
    runner: str = "auto"
    trust_remote_code: bool = False
    allowed_local_media_path: str = ""
    download_dir: str | None = None
    load_format: str = "auto"
    dtype: str = "auto"
    kv_cache_dtype: str = "auto"
    seed: int | None = 0
    max_model_len: int | None = None
    distributed_executor_backend: Any = None
    pipeline_parallel_size: int = 1
    tensor_parallel_size: int = 1
    data_parallel_size: int = 1
    block_size: int | None = None
    enable_prefix_caching: bool | None = None
    swap_space: float = 4
    cpu_offload_gb: float = 0
    gpu_memory_utilization: float = 0.9
    max_num_batched_tokens: int | None = None
    max_num_seqs: int | None = None
    revision: str | None = None
    quantization: Any = None
    enforce_eager: bool = False
    disable_custom_all_reduce: bool = False
    limit_mm_per_prompt: Any = None
    mm_processor_kwargs: dict[str, Any] | None = None
    hf_overrides: Any = None
    hf_token: Any = None
    enable_lora: bool = False
    max_loras: int = 1
    max_lora_rank: int = 16
    enable_chunked_prefill: bool | None = None
    enable_sleep_mode: bool = False
    disable_log_stats: bool = False
    generation_config: str = "auto"
    compilation_config: Any = None
    additional_config: dict[str, Any] | None = None
    async_scheduling: bool | None = None

    @staticmethod
    def add_cli_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return _add_options(parser, EngineArgs)

    @classmethod
    def from_cli_args(cls, args: argparse.Namespace) -> EngineArgs:
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in vars(args).items() if name in names})

    def non_default(self) -> dict[str, Any]:
        """What was set: the value of vLLM's `non-default args` line."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }


@dataclass
class AsyncEngineArgs(EngineArgs):
    enable_log_requests: bool = False

    @staticmethod
    def add_cli_args(
        parser: argparse.ArgumentParser, async_args_only: bool = False
    ) -> argparse.ArgumentParser:
        del async_args_only
        return _add_options(parser, AsyncEngineArgs)


def _add_options(parser: argparse.ArgumentParser, args: type[EngineArgs]) -> argparse.ArgumentParser:
    for field in dataclasses.fields(args):
        flag = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            kind = type(field.default) if isinstance(field.default, (int, float)) else str
            parser.add_argument(flag, type=kind, default=field.default)
    return parser

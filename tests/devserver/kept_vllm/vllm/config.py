from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ModelConfig:
    model: str = "tiny"
    max_model_len: int = 128
    multimodal_config: Any = None


@dataclass
class ParallelConfig:
    data_parallel_size: int = 1


@dataclass
class CacheConfig:
    num_gpu_blocks: int | None = None


@dataclass
class VllmConfig:
    model_config: ModelConfig = field(default_factory=ModelConfig)
    parallel_config: ParallelConfig = field(default_factory=ParallelConfig)
    cache_config: CacheConfig = field(default_factory=CacheConfig)
    lora_config: Any = None

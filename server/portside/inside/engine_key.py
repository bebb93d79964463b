"""What an engine is made from, as flat text: two engines with the same description are the same engine.

A description has one entry for each value: the configuration's by its path (`model_config.max_model_len`),
a variable's as `environment HF_HOME`, a file's as `file /models/a/config.json`. A value with a secret's name
is there as its digest only.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import engine_code

Description = dict[str, str]

_OWN_TO_A_START = frozenset(
    {
        "instance_id",
        "engine_id",
        "num_gpu_blocks",
        "num_cpu_blocks",
        "data_parallel_rpc_port",
        "data_parallel_master_port",
        "_data_parallel_master_port_list",
        "_coord_store_port",
    }
)
"""Fields that are another at each start, or that the engine sets once it has started."""

_PREFIXES = (
    "VLLM_", "CUDA_", "NCCL_", "OMP_", "MKL_", "GLOO_", "TORCH", "PYTORCH_", "HF_", "TRANSFORMERS_", "HIP_",
    "ROCR_",
)  # fmt: skip
_OF_NO_CONSEQUENCE = re.compile(r"LOG|TIMEOUT|USAGE_STATS|TOKEN$|API_KEY|KEEP_ALIVE|PROGRESS_BARS")
"""Variables of logging, waiting, telling and authenticating: a loaded engine is the same without them."""

_SECRET = re.compile(r"(?i)(?:^|_)(?:token|secret|password|passwd|credentials?|api_?key)$")
_PLACES = frozenset({"model", "tokenizer", "hf_config_path", "generation_config", "model_weights"})
"""Fields that may name a local folder or file that the engine reads."""

_DEEPEST = 12
_MOST_FILES = 20000


def describe(config: Any, log_stats: bool, environment: Mapping[str, str]) -> Description:
    """config: vLLM's own, as a client of the engine gets it."""
    found: Description = {"log_stats": str(log_stats)}
    found.update(_walk(config, "", ()))
    found.update((f"environment {name}", value) for name, value in environment.items() if _counts(name))
    for place in sorted(_places(found)):
        found.update((f"file {path}", stamp) for path, stamp in _files(place))
    found.update((f"code {path}", digest) for path, digest in engine_code.fingerprint(config))
    return found


def digest(description: Description) -> str:
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _counts(variable: str) -> bool:
    return variable.startswith(_PREFIXES) and not _OF_NO_CONSEQUENCE.search(variable)


def _walk(value: Any, path: str, above: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Each value below this one by its path. above: objects that this one is part of."""
    children = None if id(value) in above or len(above) > _DEEPEST else _children(value)
    if children is None:
        yield path, _text(path, value)
        return
    kind = type(value).__qualname__
    if not path or not isinstance(value, (dict, list, tuple)):
        yield (f"{path} type" if path else "type"), kind
    for name, child in children:
        if name not in _OWN_TO_A_START:
            yield from _walk(child, f"{path}.{name}" if path else name, (*above, id(value)))


def _children(value: Any) -> list[tuple[str, Any]] | None:
    """What a value is made of, by name; None for one that is told as a whole."""
    if value is None or isinstance(value, (str, bytes, int, float, enum.Enum, type, os.PathLike)):
        return None
    if isinstance(value, dict):
        return sorted(((str(key), child) for key, child in value.items()), key=lambda pair: pair[0])
    if isinstance(value, (list, tuple)):
        plain = all(child is None or isinstance(child, (str, int, float)) for child in value)
        return None if plain else [(str(number), child) for number, child in enumerate(value)]
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)]
    if callable(value) or isinstance(value, (set, frozenset)):
        return None
    to_dict = getattr(value, "to_dict", None)  # transformers' configurations
    if callable(to_dict):
        return _children(to_dict())
    attributes = getattr(value, "__dict__", None)
    return None if attributes is None else sorted(attributes.items())


def _text(path: str, value: Any) -> str:
    if isinstance(value, str) and _SECRET.search(path):
        return hashlib.sha256(value.encode()).hexdigest()[:16]
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()[:16]
    if value is None or isinstance(value, (str, int, float, list, tuple, enum.Enum)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return str(sorted(map(str, value)))
    if isinstance(value, type) or callable(value):
        return (
            f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
        )
    text = str(value)
    return type(value).__qualname__ if " at 0x" in text else text


def _places(description: Description) -> set[str]:
    """Local folders and files that fields of the configuration name."""
    named = (value for path, value in description.items() if path.rpartition(".")[2] in _PLACES)
    return {os.path.realpath(value) for value in named if value and os.path.exists(value)}


def _files(place: str) -> Iterator[tuple[str, str]]:
    """Each file that is or lies there, with its size and time."""
    if os.path.isfile(place):
        yield place, _stamp(place)
        return
    count = 0
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            path = os.path.join(folder, name)
            yield path, _stamp(path)


def _stamp(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "unreadable"
    return f"{stat.st_size} bytes, {stat.st_mtime_ns}"

"""Whether a release of vLLM is what the kept engine takes it for, judged from its shapes alone.

The check that a worker makes of the imported modules is made here too, by the same function, of stand-ins
that have the parameters and fields that were read. What no module tells at run time comes on top: what the
engine's launcher yields, which keys a client asks for, how a utility call is laid out.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from packaging.version import Version

from engine_contract import shapes as points
from engine_contract.shapes import Shapes
from portside.inside import engine_hooks as hooks


@dataclass(frozen=True)
class Verdict:
    """refused: why the engine is never kept with this release. moved: what is not as the table says."""

    version: Version
    refused: str | None
    moved: tuple[str, ...]


def verdict(version: Version, shapes: Shapes) -> Verdict:
    try:
        layout = hooks.layout_of(str(version))
    except hooks.UnknownVersionError as refused:
        return Verdict(version, str(refused), ())
    return Verdict(version, None, tuple(_moved(shapes, layout)))


def verdict_as_newest(version: Version, shapes: Shapes) -> Verdict:
    """Of a release that nobody has looked at: as if the table went on to it."""
    return Verdict(version, None, tuple(_moved(shapes, hooks.LAYOUTS[-1])))


def _moved(shapes: Shapes, layout: hooks.Layout) -> list[str]:
    difference = hooks.difference(_stand_ins(shapes), layout)
    found = {
        "the launcher yields": (_yields(shapes), layout.yields),
        "keys of client_addresses": (_needed(shapes), sorted(hooks.CLIENT_ADDRESSES)),
        "client_index": (shapes[points.INDEX], "client_index"),
        "ENGINE_CORE_DEAD": (shapes[points.DEAD], repr(hooks.DEAD)),
        "a utility call is": (shapes[points.UTILITY], ["client_idx", "call_id", "method_name", "args"]),
        "AsyncLLM makes": (shapes[points.MAKES_ASYNC], ["EngineCoreClient.make_async_mp_client"]),
        "LLMEngine makes": (shapes[points.MAKES_SYNC], ["EngineCoreClient.make_client"]),
        "the engine's processes": ("processes" in (shapes[points.MANAGER] or []), True),
        "the engine's addresses": ((shapes[points.ADDRESSES] or [])[:2], ["inputs", "outputs"]),
        "calls of the broker": (_calls(shapes), sorted(_CALLS)),
        "messages are lists": (_lists(shapes), sorted(name for _, name in hooks.FIELDS)),
    }
    moved = [f"{what}: {now}, expected {wanted}" for what, (now, wanted) in found.items() if now != wanted]
    return [difference, *moved] if difference else moved


_CALLS = ("is_sleeping", "list_loras", "remove_lora", "reset_mm_cache", "reset_prefix_cache")
"""Utilities that engine_broker.py calls; others only after a worker has called their counterpart."""


def _calls(shapes: Shapes) -> list[str]:
    return sorted(set(_CALLS) & set(shapes[points.UTILITIES] or []))


def _yields(shapes: Shapes) -> str:
    found = shapes[points.YIELDS] or []
    if found in (["3 values"], ["4 values"]):
        return "tuple"
    named = {"engine_manager", "coordinator", "addresses"} <= set(shapes[points.LAUNCHED] or [])
    return "record" if found == ["CoreEngineLaunch"] and named else str(found)


def _needed(shapes: Shapes) -> list[str] | None:
    return shapes[points.KEYS] and shapes[points.KEYS]["needed"]


def _lists(shapes: Shapes) -> list[str]:
    return sorted(name for name, options in shapes[points.PACKING].items() if "array_like=True" in options)


def _stand_ins(shapes: Shapes) -> dict[str, Any]:
    """The modules, with as much of them as was read."""
    modules = {name: SimpleNamespace() for name in points.MODULES}
    for module, name in hooks.PARAMETERS:
        _put(modules[module], name, _function(shapes[points.parameters_of(module, name)]))
    for module, name in hooks.FIELDS:
        fields = shapes[points.fields_of(module, name)]
        _put(modules[module], name, SimpleNamespace(__struct_fields__=tuple(fields or ())))
    kinds = {name: ast.literal_eval(value) for name, value in shapes[points.TYPES].items()}
    members = {name: SimpleNamespace(value=value) for name, value in kinds.items()}
    modules[hooks.MESSAGES_MODULE].EngineCoreRequestType = SimpleNamespace(**members)
    return dict(modules)


def _put(owner: Any, path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        if not hasattr(owner, parent):
            setattr(owner, parent, SimpleNamespace())
        owner = getattr(owner, parent)
    if value is not None:
        setattr(owner, name, value)


_KINDS = {
    "**": inspect.Parameter.VAR_KEYWORD,
    "*": inspect.Parameter.VAR_POSITIONAL,
    "keyword ": inspect.Parameter.KEYWORD_ONLY,
    "": inspect.Parameter.POSITIONAL_OR_KEYWORD,
}


def _function(parameters: list[str] | None) -> Any:
    """Something callable that says of itself that it has these."""
    if parameters is None:
        return None

    def stand_in() -> None: ...

    stand_in.__signature__ = inspect.Signature([_parameter(one) for one in parameters])  # type: ignore[attr-defined]
    return stand_in


def _parameter(text: str) -> inspect.Parameter:
    prefix = next(prefix for prefix in _KINDS if text.startswith(prefix))
    name = text.removeprefix(prefix)
    default = None if name.endswith("=") else inspect.Parameter.empty
    return inspect.Parameter(name.rstrip("="), _KINDS[prefix], default=default)

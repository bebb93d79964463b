"""Calls that initialise CUDA in the process that makes them."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from portside.knowledge.torch import (
    CUDA_INITIALISERS,
    DEVICE_KEYWORDS,
    MODEL_LIBRARIES,
    MODEL_OPTIONS,
    MODEL_WRAPPERS,
    TENSOR_MAKERS,
    WRAPPING_LIBRARIES,
)
from portside.python.names.names import Names
from portside.python.source.nodes import own_parts
from portside.python.source.syntax import ancestors, arguments, choices, string_value, unwrapped
from portside.python.values.instances import attribute_values

WORDS = ("cuda", *DEVICE_KEYWORDS, MODEL_OPTIONS, "pipeline")
_WORDS = tuple(word.encode() for word in WORDS)
# With a device that needs no such name, `device=0`, `device_map="auto"`.
_LIBRARIES = tuple(
    sorted(
        {name.partition(".")[0].encode() for name in (*TENSOR_MAKERS, *MODEL_LIBRARIES, *WRAPPING_LIBRARIES)}
    )
)


def may_use_cuda(data: bytes) -> bool:
    """Whether something in a text may initialise CUDA. False is certain, True is not."""
    if b"cuda" in data:
        return True
    return any(word in data for word in _WORDS) and any(library in data for library in _LIBRARIES)


def cuda_use(names: Names, call: Node) -> str | None:
    """What initialises CUDA here, as people write it (`.to("cuda")`); None if nothing does."""
    callee = call.child_by_field_name("function")
    if callee is None:
        return None
    called = names.qualified(callee) or ""
    if called in CUDA_INITIALISERS:
        return called
    if called == "torch.cuda.device":
        return "with torch.cuda.device" if _is_entered(call) else None
    if called in TENSOR_MAKERS or called.startswith(MODEL_LIBRARIES):
        return _named_device(names, arguments(call).keywords, called)
    if called.startswith(WRAPPING_LIBRARIES) and called.rpartition(".")[2] in MODEL_WRAPPERS:
        passed = arguments(call).keywords
        return _named_device(names, {**passed, **_options(names, passed.get(MODEL_OPTIONS))}, called)
    if called:
        return None
    return _moving_method(names, call, callee)


def _is_entered(call: Node) -> bool:
    return any(around.type == "with_item" for around in list(ancestors(call))[:2])


def _options(names: Names, given: Node | None) -> Mapping[str, Node]:
    """What a dictionary has by its literal keys."""
    found: dict[str, Node] = {}
    written = names.value_of(given) if given is not None else None
    for pair in own_parts(written) if written is not None and written.type == "dictionary" else ():
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        text = string_value(names.tree, key) if key is not None else None
        if text is not None and value is not None:
            found[text] = value
    return found


def _named_device(names: Names, passed: Mapping[str, Node], called: str) -> str | None:
    for keyword in DEVICE_KEYWORDS:
        if keyword in passed and _is_placed(names, keyword, passed[keyword]):
            return f"{called.rpartition('.')[2]}({keyword}={_shown(names, passed[keyword])})"
    return None


def _is_placed(names: Names, keyword: str, given: Node) -> bool:
    """Whether the model goes to a GPU; `device=0` is the first, `device_map="auto"` takes all there are."""
    value = names.value_of(given)
    if keyword == "device" and value.type == "integer":
        return True
    return (keyword == "device_map" and string_value(names.tree, value) == "auto") or is_cuda_device(
        names, given
    )


def _moving_method(names: Names, call: Node, callee: Node) -> str | None:
    """`model.cuda()`, `tensor.to(device)`."""
    method = callee.child_by_field_name("attribute")
    name = names.tree.text(method) if method is not None else ""
    passed = arguments(call)
    if name == "cuda" and len(passed.positional) <= 1:
        return ".cuda()"
    if name != "to":
        return None
    given = passed.keywords.get("device") or (passed.positional[0] if passed.positional else None)
    if given is None or not is_cuda_device(names, given):
        return None
    return f".to({_shown(names, given)})"


def is_cuda_device(names: Names, expression: Node, depth: int = 4) -> bool:
    """Whether it is a CUDA device, or is one where there is one (`"cuda" if … else "cpu"`)."""
    node = unwrapped(names.value_of(expression))
    text = string_value(names.tree, node)
    if text is not None:
        return text.partition(":")[0] == "cuda"
    if depth == 0:
        return False
    if node.type == "attribute":
        given = attribute_values(names, node)
        return bool(given) and all(one is not None and is_cuda_device(names, one, depth - 1) for one in given)
    if node.type == "conditional_expression":
        return any(is_cuda_device(names, side, depth - 1) for side in choices(node))
    callee = node.child_by_field_name("function") if node.type == "call" else None
    if callee is not None and names.qualified(callee) == "torch.device":
        return any(is_cuda_device(names, given, depth - 1) for given in arguments(node).positional[:1])
    if node.type == "string":
        # f"cuda:{index}"
        return names.tree.text(node).lstrip("fFrR").strip("'\"").startswith("cuda")
    return False


def _shown(names: Names, node: Node) -> str:
    text = " ".join(names.tree.text(node).split())
    return text if len(text) <= 30 else "…"

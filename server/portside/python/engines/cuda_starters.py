"""What other files initialise CUDA with when they call it: functions and classes of a module."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from portside.python.engines.certain_calls import is_certain
from portside.python.engines.cuda_uses import WORDS, cuda_use
from portside.python.engines.engine_makers import engine_makers
from portside.python.engines.engines import EngineUse
from portside.python.names.names import Names


def cuda_starters(names: Names) -> Mapping[str, Node]:
    """The functions and classes that do so whatever they are given, with the call that does it.

    Methods by what other files call them on: `Service.load`, `service.load`. A GPU is taken to be there.
    """

    def is_there(condition: Node) -> bool:
        callee = condition.child_by_field_name("function") if condition.type == "call" else None
        return callee is not None and names.qualified(callee) == "torch.cuda.is_available"

    chunks = names.chunks_with(WORDS)
    found = ((call, cuda_use(names, call)) for chunk in chunks for call in chunk.nodes("call"))
    uses = [
        EngineUse(call, use, (), in_process=False, forked=False)
        for call, use in found
        if use is not None and is_certain(names, call, is_there)
    ]
    every = (call for chunk in names.chunks for call in chunk.nodes("call")) if uses else ()
    calls = [call for call in every if is_certain(names, call, is_there)]
    return {name: use.call for name, use in engine_makers(names, calls, uses).items()}

"""What the places look like that the kept engine takes hold of, in one release of vLLM: read, never run.

A shape is what JSON can hold: the names of parameters or fields in their order, a value as it is written,
or None where a release has no such thing. Which parameters and fields, `portside.inside.engine_hooks` says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from portside.inside import engine_hooks as hooks

Shape = Any
Shapes = dict[str, Shape]
Text = Callable[[str], "str | None"]
"""The source of a module by its name; None where a release has no such module."""

ASYNC_LLM, LLM_ENGINE = "vllm.v1.engine.async_llm", "vllm.v1.engine.llm_engine"
ALIAS = "vllm.engine.async_llm_engine"
MODULES = (
    *(hooks.CLIENT_MODULE, hooks.MESSAGES_MODULE, hooks.LAUNCH_MODULE, hooks.CORE_MODULE),
    *(ASYNC_LLM, LLM_ENGINE, ALIAS),
)
PACKAGES = frozenset({hooks.MESSAGES_MODULE})

YIELDS, KEYS, INDEX = "launch_core_engines yields", "client_addresses", "AsyncMPClient.client_index"
READY, DEAD, UTILITY = "READY", "ENGINE_CORE_DEAD", "utility call"
TYPES, UTILITIES, MANAGER = "EngineCoreRequestType", "EngineCore methods", "engine manager attributes"
LAUNCHED, PACKING, ADDRESSES = "CoreEngineLaunch", "packing", "EngineZmqAddresses"
MAKES_ASYNC, MAKES_SYNC, IS_ASYNC_LLM = "AsyncLLM makes", "LLMEngine makes", "AsyncLLMEngine is"


def file_of(module: str) -> str:
    """Its name in a wheel."""
    return module.replace(".", "/") + ("/__init__.py" if module in PACKAGES else ".py")


def shapes(text: Text) -> Shapes:
    """All points of one release. Raises SyntaxError where a file is for a newer Python than this one."""
    modules = {name: ast.parse(text(name) or "") for name in MODULES}
    client, core = modules[hooks.CLIENT_MODULE], modules[hooks.CORE_MODULE]
    launch, messages = modules[hooks.LAUNCH_MODULE], modules[hooks.MESSAGES_MODULE]
    launcher = _find(launch, "launch_core_engines")
    return {
        **{parameters_of(*row): _parameters(_find(modules[row[0]], row[1])) for row in hooks.PARAMETERS},
        **{fields_of(*row): _fields(_find(modules[row[0]], row[1])) for row in hooks.FIELDS},
        PACKING: _packing(messages),
        TYPES: _values(_find(messages, "EngineCoreRequestType")),
        KEYS: _keys(_find(client, "MPClient.__init__"), "client_addresses"),
        INDEX: _assigned(_find(client, "AsyncMPClient.__init__"), "client_index"),
        READY: _ready(client),
        YIELDS: _yields(launcher),
        LAUNCHED: _fields(_find(launch, "CoreEngineLaunch")),
        ADDRESSES: _fields(_find(launch, "EngineZmqAddresses")),
        MANAGER: _attributes(_find(launch, "CoreEngineProcManager.__init__")),
        DEAD: _values(_find(core, "EngineCoreProc")).get("ENGINE_CORE_DEAD"),
        UTILITY: _utility_call(_find(core, "EngineCoreProc._handle_client_request")),
        UTILITIES: _methods(_find(core, "EngineCore")),
        MAKES_ASYNC: _calls(_find(modules[ASYNC_LLM], "AsyncLLM"), "EngineCoreClient."),
        MAKES_SYNC: _calls(_find(modules[LLM_ENGINE], "LLMEngine"), "EngineCoreClient."),
        IS_ASYNC_LLM: _module_value(modules[ALIAS], "AsyncLLMEngine"),
    }


def parameters_of(module: str, name: str) -> str:
    return f"{module}.{name}()"


def fields_of(module: str, name: str) -> str:
    return f"{module}.{name} fields"


_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _find(owner: Any, path: str) -> Any:
    """The class or function of this name, or None."""
    for name in path.split("."):
        body = getattr(owner, "body", [])
        owner = next((node for node in body if isinstance(node, _DEFINITIONS) and node.name == name), None)
    return owner


def _parameters(function: Any) -> list[str] | None:
    """Names in their order; `=` ends one that may be left out."""
    if function is None:
        return None
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    optional = len(positional) - len(arguments.defaults)
    names = [one.arg + "=" * (at >= optional) for at, one in enumerate(positional)]
    names += ["*" + arguments.vararg.arg] if arguments.vararg else []
    names += [f"keyword {one.arg}" for one in arguments.kwonlyargs]
    return names + (["**" + arguments.kwarg.arg] if arguments.kwarg else [])


def _fields(owner: Any) -> list[str] | None:
    if owner is None:
        return None
    annotated = [node for node in owner.body if isinstance(node, ast.AnnAssign)]
    return [node.target.id for node in annotated if isinstance(node.target, ast.Name)]


def _packing(messages: ast.Module) -> dict[str, list[str]]:
    """How msgspec packs each of the messages: `array_like=True` is a list without names."""
    found = {}
    for module, name in hooks.FIELDS:
        owner = _find(messages, name)
        if module == hooks.MESSAGES_MODULE and owner is not None:
            found[name] = sorted(f"{one.arg}={ast.unparse(one.value)}" for one in owner.keywords)
    return found


def _values(owner: Any) -> dict[str, str]:
    assigned = [node for node in getattr(owner, "body", []) if isinstance(node, ast.Assign)]
    return {ast.unparse(node.targets[0]): ast.unparse(node.value) for node in assigned}


def _methods(owner: Any) -> list[str] | None:
    if owner is None:
        return None
    names = [node.name for node in owner.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return sorted(name for name in names if not name.startswith("_"))


def _attributes(init: Any) -> list[str] | None:
    """What an object has of its own once it is made."""
    if init is None:
        return None
    targets = [node.target for node in _nodes(init) if isinstance(node, ast.AnnAssign)]
    targets += [target for node in _nodes(init) if isinstance(node, ast.Assign) for target in node.targets]
    return sorted({ast.unparse(one).removeprefix("self.") for one in targets if _is_of_self(one)})


def _is_of_self(target: ast.expr) -> bool:
    match target:
        case ast.Attribute(ast.Name("self"), _):
            return True
    return False


def _nodes(owner: Any) -> Iterator[ast.AST]:
    return iter(()) if owner is None else ast.walk(owner)


def _keys(function: Any, mapping: str) -> dict[str, list[str]] | None:
    """The keys of `mapping` that the function needs (`[…]`), and those it would also take (`.get(…)`)."""
    if f"{mapping}=" not in (_parameters(function) or []):
        return None
    needed, taken = set(), set()
    for node in _nodes(function):
        match node:
            case ast.Subscript(ast.Name(name), ast.Constant(str(key))) if name == mapping:
                needed.add(key)
            case ast.Call(ast.Attribute(ast.Name(name), "get"), [ast.Constant(str(key)), *_]):
                taken |= {key} if name == mapping else set()
    return {"needed": sorted(needed), "optional": sorted(taken)}


def _assigned(function: Any, attribute: str) -> str | None:
    for node in _nodes(function):
        match node:
            case ast.Assign([ast.Attribute(ast.Name("self"), name)], value) if name == attribute:
                return ast.unparse(value)
    return None


def _ready(client: ast.Module) -> str | None:
    """What MPClient makes of the payload of READY: the type that it decodes, or nothing at all."""
    for node in _nodes(_find(client, "MPClient.__init__")):
        match node:
            case ast.Assign(
                [ast.Tuple([_, ast.Name(payload)])], ast.Call(ast.Attribute(_, "recv_multipart"))
            ):
                return "ignored" if payload == "_" else _decoded(client)
    return None


def _decoded(client: ast.Module) -> str:
    for node in _nodes(client):
        match node:
            case ast.Call(ast.Attribute(_, "decode"), _, [ast.keyword("type", ast.Name(kind))]):
                return kind
    return "decoded otherwise"


def _yields(launcher: Any) -> list[str] | None:
    """What the context manager gives: how many values, or the one object."""
    if launcher is None:
        return None
    found = set()
    for node in _nodes(launcher):
        match node:
            case ast.Yield(ast.Tuple(values)):
                found.add(f"{len(values)} values")
            case ast.Yield(ast.Call(made)):
                found.add(ast.unparse(made))
    return sorted(found)


def _utility_call(handler: Any) -> list[str]:
    """The places of a utility message as EngineCoreProc unpacks it."""
    for node in _nodes(handler):
        match node:
            case ast.Assign([ast.Tuple(names)], ast.Name("request")) if len(names) > 2:
                return [ast.unparse(name) for name in names]
    return []


def _calls(owner: Any, prefix: str) -> list[str]:
    found = {ast.unparse(node.func) for node in _nodes(owner) if isinstance(node, ast.Call)}
    return sorted(one for one in found if one.startswith(prefix))


def _module_value(module: ast.Module, name: str) -> str | None:
    for node in module.body:
        match node:
            case ast.Assign([ast.Name(target)], value) if target == name:
                return ast.unparse(value)
            case ast.ClassDef() if node.name == name:
                return "a class of its own"
    return None

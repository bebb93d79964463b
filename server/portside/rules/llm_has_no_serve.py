"""PS306: `LLM(...).serve(...)`, which no release of vLLM has."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tree_sitter import Node

from portside.knowledge.vllm import LLM_CLASSES, LLM_CONSTRUCTORS
from portside.lint.finding import Finding, Severity
from portside.lint.rule import Invalid, Rule, Valid
from portside.python.facts import FileFacts
from portside.python.names.names import Names
from portside.python.running.guards import When
from portside.python.source.nodes import fields_of
from portside.python.source.syntax import arguments, string_value
from portside.python.values.instances import constructions

CODE, NAME = "PS306", "llm-has-no-serve"

DOCUMENTATION = """\
## What it does

Flags a call of `.serve(...)` on an `LLM` of vLLM: on the call itself, through variables, through
`self.llm`, through aliases, and on a class of the file that only inherits from `LLM`.

## Why it matters

`LLM` is for offline work, and has no `serve` in any release. (Checked: 20 versions from 0.5.5 to 0.33.0,
mixins included.) The line fails after the model has been loaded:

```text
AttributeError: 'LLM' object has no attribute 'serve'
```

Pages that show `llm.serve(port=1234)` as the way to a server, and go on to explain errors such as
"Address already in use" by it, describe a program that never came to bind a port.

## Example

```python
llm = LLM(model="Qwen/Qwen2.5-VL-3B-Instruct")
llm.serve(port=1234)
```

Instead, in a terminal:

```text
vllm serve Qwen/Qwen2.5-VL-3B-Instruct --port 1234
```

## Fix and its safety

None that could be made in the file: a server of vLLM is a command, `vllm serve MODEL --port PORT`, and
the message spells it out with the model and port of the code where they are literals. For routes of
your own, make an `AsyncLLMEngine` in the lifespan of a FastAPI app.

## Since

Every version of vLLM.

## References

- [vLLM: OpenAI-compatible server](https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html)
- `vllm/entrypoints/llm.py`, class `LLM`
"""


def _check(facts: FileFacts) -> Iterator[Finding]:
    names = facts.module.names
    if not facts.module.imports_vllm or _is_taught_to_serve(names):
        return
    for chunk in names.chunks_with(["serve"]):
        for call in chunk.nodes("call"):
            made = _served(names, call)
            if made and facts.module.guards.when(call.start_byte) is not When.NEVER:
                span = facts.module.tree.span(call)
                yield Finding(CODE, NAME, span, _message(names, call, made), Severity.ERROR)


def _served(names: Names, call: Node) -> tuple[Node, ...]:
    """The constructions of the LLM that `.serve` is called on; () if it may be anything else."""
    callee = call.child_by_field_name("function")
    attribute = callee.child_by_field_name("attribute") if callee is not None else None
    instance = callee.child_by_field_name("object") if callee is not None else None
    if attribute is None or instance is None or names.tree.text(attribute) != "serve":
        return ()
    if names.qualified(instance) in LLM_CLASSES:
        return (call,)
    made = constructions(names, instance)
    return made if made and all(_is_llm(names, call) for call in made) else ()


def _is_llm(names: Names, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    found = names.qualified_names(callee) if callee is not None else frozenset[str]()
    if found:
        return found <= LLM_CONSTRUCTORS
    definition = names.definition(callee) if callee is not None else None
    return definition is not None and _inherits_only(names, definition)


def _inherits_only(names: Names, definition: Node) -> bool:
    """Whether a class of the file is an `LLM` that gets no `serve` from anywhere."""
    if definition.type != "class_definition":
        return False
    bases = arguments(definition)
    if (
        len(bases.positional) != 1
        or bases.keywords
        or names.qualified(bases.positional[0]) not in LLM_CLASSES
    ):
        return False
    scope = names.scope_of(definition)
    is_decorated = definition.parent is not None and definition.parent.type == "decorated_definition"
    return not is_decorated and not any(
        names.bindings_in(name, scope) for name in ("serve", "__getattr__", "__getattribute__", "__new__")
    )


def _is_taught_to_serve(names: Names) -> bool:
    """Whether the file gives something a `serve`, or asks whether it has one."""
    for chunk in names.chunks_with(["serve"]):
        if chunk.words & {b"setattr", b"hasattr"}:
            return True
        for target in fields_of(chunk.nodes("assignment"), "left", "attribute"):
            attribute = target.child_by_field_name("attribute")
            if attribute is not None and names.tree.text(attribute) == "serve":
                return True
    return False


def _message(names: Names, call: Node, made: tuple[Node, ...]) -> str:
    return (
        f"`LLM` has no `serve` in any release of vLLM: {_ending(call, made)}; the server is a command, "
        f"`vllm serve {_model(names, made)} --port {_port(names, call)}`"
    )


def _ending(call: Node, made: tuple[Node, ...]) -> str:
    if made == (call,):
        return "this line ends in `AttributeError: type object 'LLM' has no attribute 'serve'`"
    error = "`AttributeError: 'LLM' object has no attribute 'serve'`"
    return f"once the model has loaded, this line ends in {error}"


def _model(names: Names, made: tuple[Node, ...]) -> str:
    passed = arguments(made[0])
    given = passed.keywords.get("model") or (passed.positional[0] if passed.positional else None)
    value = string_value(names.tree, names.value_of(given)) if given is not None else None
    if value is None or not value.isprintable() or "`" in value or len(made) > 1:
        return "MODEL"
    return shlex.quote(value)


def _port(names: Names, call: Node) -> str:
    given = arguments(call).keywords.get("port")
    value = names.value_of(given) if given is not None else None
    return names.tree.text(value) if value is not None and value.type == "integer" else "PORT"


_INVALID = (
    Invalid(
        "an LLM in a variable",
        'from vllm import LLM\n\nllm = LLM(model="llama-3b")\n«llm.serve(port=1234)»\n',
        messages=("`vllm serve llama-3b --port 1234`",),
    ),
    Invalid(
        "at once",
        'import vllm\n\n«vllm.LLM("Qwen/Qwen2.5-VL-3B-Instruct").serve()»\n',
        messages=("`vllm serve Qwen/Qwen2.5-VL-3B-Instruct --port PORT`",),
    ),
    Invalid(
        "an attribute",
        "from vllm import LLM\n\n\nclass Server:\n    def __init__(self):\n        self.llm = LLM('m')\n\n"
        "    def start(self):\n        «self.llm.serve(port=80)»\n",
    ),
    Invalid(
        "an alias", "from vllm.entrypoints.llm import LLM as Model\n\nm = Model(model=name)\n«m.serve()»\n"
    ),
    Invalid("engine arguments", "from vllm import LLM\n\n«LLM.from_engine_args(args).serve()»\n"),
    Invalid(
        "constants",
        "from vllm import LLM\n\nMODEL, PORT = 'm', 9000\nllm = LLM(model=MODEL)\n«llm.serve(port=PORT)»\n",
        messages=("`vllm serve m --port 9000`",),
    ),
    Invalid(
        "a subclass that adds nothing to it",
        "from vllm import LLM\n\n\nclass Mine(LLM):\n    x = 1\n\n\n«Mine('m').serve()»\n",
    ),
    Invalid(
        "in a function",
        "from vllm import LLM\n\n\ndef main():\n    llm = LLM('m')\n"
        "    «llm.serve(host='0.0.0.0', port=8000)»\n",
    ),
    Invalid(
        "from a function",
        "from vllm import LLM\n\n\ndef load():\n    llm = LLM('m')\n    return llm\n\n\n«load().serve()»\n",
        messages=("`vllm serve m --port PORT`",),
    ),
    Invalid("on the class", "from vllm import LLM\n\n«LLM.serve(model='m', port=80)»\n"),
    Invalid(
        "one of two models",
        "from vllm import LLM\n\nif x:\n    llm = LLM('a')\nelse:\n    llm = LLM('b')\n«llm.serve()»\n",
        messages=("`vllm serve MODEL --port PORT`",),
    ),
)

_VALID = (
    Valid("an LLM from elsewhere", "from mine import LLM\nimport vllm\n\nLLM('m').serve()\n"),
    Valid("something else that serves", "import vllm\n\nserver.serve()\n"),
    Valid("another method", "from vllm import LLM\n\nLLM('m').generate('x')\n"),
    Valid(
        "a subclass that serves",
        "from vllm import LLM\n\n\nclass Mine(LLM):\n    def serve(self): ...\n\n\nMine('m').serve()\n",
    ),
    Valid(
        "a subclass with another base",
        "from vllm import LLM\n\n\nclass Mine(LLM, Serving): ...\n\n\nMine('m').serve()\n",
    ),
    Valid("a method that is put there", "from vllm import LLM\n\nLLM.serve = serve\nLLM('m').serve()\n"),
    Valid(
        "a method that is asked for",
        "from vllm import LLM\n\nm = LLM('m')\nif hasattr(m, 'serve'):\n    m.serve()\n",
    ),
    Valid(
        "from a function that may return something else",
        "from vllm import LLM\n\n\ndef load(x):\n    if x:\n        return Other()\n    return LLM('m')\n\n\n"
        "load(1).serve()\n",
    ),
    Valid("a parameter", "from vllm import LLM\n\n\ndef f(llm: LLM):\n    llm.serve()\n"),
    Valid(
        "a variable that is rebound",
        "from vllm import LLM\n\nllm = LLM('m')\nllm = Wrapper(llm)\nllm.serve()\n",
    ),
    Valid(
        "maybe something else",
        "from vllm import LLM\n\nif x:\n    m = LLM('m')\nelse:\n    m = Other()\nm.serve()\n",
    ),
    Valid(
        "an attribute that is something else too",
        "from vllm import LLM\n\n\nclass A:\n    def f(self):\n        self.m = LLM('m')\n"
        "        self.m = wrap(self.m)\n"
        "        self.m.serve()\n",
    ),
    Valid("uvicorn's serve", "import uvicorn, vllm\n\nuvicorn.Server(config).serve()\n"),
    Valid("text", '"""LLM(model).serve()"""\nimport vllm\n'),
)

RULE: Rule[FileFacts] = Rule(
    code=CODE,
    name=NAME,
    severity=Severity.ERROR,
    in_notebooks=True,
    summary="`LLM` has no `serve` method in any release of vLLM",
    documentation=DOCUMENTATION,
    check=_check,
    invalid=_INVALID,
    valid=_VALID,
)

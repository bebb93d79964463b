"""What names mean, and where they are bound and read."""

import textwrap

import pytest
from tree_sitter import Node

from portside.lint.source import SourceFile
from portside.python.names.names import How, Names, ScopeKind
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import parse


def names(text: str) -> Names:
    return Names(parse(SourceFile("server.py", textwrap.dedent(text))))


def last_callee(found: Names) -> Node:
    calls = nodes_of(found.tree.root, "call")
    function = max(calls, key=lambda call: call.start_byte).child_by_field_name("function")
    assert function is not None
    return function


RESOLVED = {
    "a plain import": ("import uvicorn\nuvicorn.run(1)", "uvicorn.run"),
    "an alias": ("import uvicorn as u\nu.run(1)", "uvicorn.run"),
    "a from-import": ("from uvicorn import run as serve\nserve(1)", "uvicorn.run"),
    "a submodule": ("import vllm.engine.arg_utils\nvllm.LLM(1)", "vllm.LLM"),
    "a submodule's alias": ("import vllm.entrypoints.llm as e\ne.LLM(1)", "vllm.entrypoints.llm.LLM"),
    "white space in a dotted name": ("from vllm . engine import x\nx(1)", "vllm.engine.x"),
    "an assigned alias": ("import uvicorn\nrun = uvicorn.run\nrun(1)", "uvicorn.run"),
    "an alias of an alias": ("import uvicorn\na = uvicorn\nb = a.run\nb(1)", "uvicorn.run"),
    "an import in the function": ("def f():\n    import uvicorn\n    uvicorn.run(1)", "uvicorn.run"),
    "an import below the function": ("def f():\n    uvicorn.run(1)\nimport uvicorn", "uvicorn.run"),
    "try and a None fallback": (
        "try:\n    from vllm import LLM\nexcept ImportError:\n    LLM = None\nLLM(1)",
        "vllm.LLM",
    ),
    "type checking and runtime agree": (
        "if TYPE_CHECKING:\n    from vllm import LLM\ndef f():\n    from vllm import LLM\n    LLM(1)",
        "vllm.LLM",
    ),
    "a rebinding by an import": ("run = print\nfrom uvicorn import run\nrun(1)", "uvicorn.run"),
    "an alias in a tuple": ("import uvicorn\na, b = uvicorn.run, 1\na(1)", "uvicorn.run"),
    "a walrus": ("import uvicorn\n(run := uvicorn.run)\nrun(1)", "uvicorn.run"),
    "through global": (
        "import x\ndef f():\n    global uv\n    import uvicorn as uv\ndef g():\n    uv.run(1)",
        "uvicorn.run",
    ),
    "a star import": ("from vllm import *\nLLM(1)", "vllm.LLM"),
    "__import__": ("__import__('uvicorn').run(1)", "uvicorn.run"),
    "import_module": ("import importlib\nv = importlib.import_module('vllm.x')\nv.f(1)", "vllm.x.f"),
    "a relative import keeps its dots": ("from .engine import make\nmake(1)", ".engine.make"),
    "a relative import of a module": ("from . import engine\nengine.make(1)", ".engine.make"),
    "a builtin": ("int(1)", "builtins.int"),
    "within the branch that bound it": (
        "import a, uvicorn\nif x:\n    run = uvicorn.run\n    run(1)\nelse:\n    run = a.run",
        "uvicorn.run",
    ),
    "a class scope does not reach into methods": (
        "import uvicorn\nclass A:\n    uvicorn = None\n    def f(self):\n        uvicorn.run(1)",
        "uvicorn.run",
    ),
    "a default sees the outer scope": (
        "import uvicorn\ndef f(uvicorn=uvicorn.run(1)): ...",
        "uvicorn.run",
    ),
    "a parenthesised one": ("import uvicorn\n((uvicorn)).run(1)", "uvicorn.run"),
}

UNRESOLVED = {
    "never imported": "uvicorn.run(1)",
    "a local function": "def run(x): ...\nrun(1)",
    "shadowed by a def": "from uvicorn import run\ndef run(x): ...\nrun(1)",
    "shadowed by a parameter": "import uvicorn\ndef f(uvicorn):\n    uvicorn.run(1)",
    "shadowed by a typed parameter": "import uvicorn\ndef f(uvicorn: int = 3):\n    uvicorn.run(1)",
    "shadowed by *args": "import uvicorn\ndef f(*uvicorn):\n    uvicorn.run(1)",
    "shadowed by a lambda": "import uvicorn\nf = lambda uvicorn: uvicorn.run(1)",
    "shadowed in a comprehension": "import uvicorn\n[uvicorn.run(1) for uvicorn in x]",
    "a loop variable": "import uvicorn\nfor uvicorn in y:\n    uvicorn.run(1)",
    "with": "import uvicorn\nwith x as uvicorn:\n    uvicorn.run(1)",
    "except": "import uvicorn\ntry: ...\nexcept E as uvicorn:\n    uvicorn.run(1)",
    "match": "import uvicorn\nmatch x:\n    case [uvicorn, *r]:\n        uvicorn.run(1)",
    "a capture pattern": "import uvicorn\nmatch x:\n    case {'a': uvicorn}:\n        uvicorn.run(1)",
    "deleted": "import uvicorn\ndel uvicorn\nuvicorn.run(1)",
    "two meanings": "if x:\n    from a import run\nelse:\n    from b import run\nrun(1)",
    "rebound to a call": "import uvicorn\nuvicorn = mock()\nuvicorn.run(1)",
    "rebound by a function": (
        "import uvicorn\ndef f():\n    global uvicorn\n    uvicorn = g()\nuvicorn.run(1)"
    ),
    "a local variable, even one bound later": (
        "import uvicorn\ndef f():\n    uvicorn.run(1)\n    uvicorn = g()"
    ),
    "an attribute of something": "self.uvicorn.run(1)",
    "a call's result": "import uvicorn\nuvicorn.Server(c).run(1)",
    "two star imports": "from vllm import *\nfrom transformers import *\nLLM(1)",
    "an alias in a circle": "a = b\nb = a\na(1)",
    "an augmented name": "import uvicorn\nuvicorn += 1\nuvicorn.run(1)",
}


@pytest.mark.parametrize(("text", "expected"), RESOLVED.values(), ids=RESOLVED)
def test_a_callee_is_known_by_its_qualified_name(text: str, expected: str) -> None:
    found = names(text)
    assert found.qualified(last_callee(found)) == expected


@pytest.mark.parametrize("text", UNRESOLVED.values(), ids=UNRESOLVED)
def test_what_may_be_something_else_has_no_name(text: str) -> None:
    found = names(text)
    assert found.qualified(last_callee(found)) is None


def test_both_ways_of_an_import_are_told() -> None:
    found = names("try:\n    from a import E\nexcept ImportError:\n    from b import F as E\nE(1)")
    assert found.qualified_names(last_callee(found)) == {"a.E", "b.F"}


def test_reads_leave_out_bindings_attributes_keywords_and_strings() -> None:
    found = names(
        """
        app = 1
        x.app
        f(app=2)
        "app"  # app
        print(app, f"{app}")
        def g(app):
            return app
        def h():
            return app
        app += 1
        class C:
            app = app
        """
    )
    lines = [found.tree.line(node) for node in found.reads("app")]
    assert lines == [6, 6, 10, 11, 13]


def test_reads_of_a_local_name_stay_in_its_function() -> None:
    found = names("x = 1\ndef f():\n    x = 2\n    return x\nprint(x)\n")
    function = found.chunks[1].node
    lines = [found.tree.line(node) for node in found.reads("x", found.scope_of(function))]
    assert lines == [4]


def test_a_binding_says_how_and_with_what_value() -> None:
    found = names("import a\nx: int\nx = 1\nfor y in z: ...\nwith f() as g: ...\ndef x2(): ...\n")
    assert found.module_bindings("a")[0].how is How.IMPORT
    assert [b.how for b in found.module_bindings("x")] == [How.ANNOTATION, How.ASSIGNMENT]
    value = found.module_bindings("x")[1].value
    assert value is not None
    assert found.tree.text(value) == "1"
    assert found.module_bindings("y")[0].how is How.FOR
    assert found.module_bindings("g")[0].how is How.WITH
    assert found.module_bindings("x2")[0].how is How.FUNCTION


def test_the_scope_of_a_node() -> None:
    found = names("class A:\n    def f(self):\n        return [call(x) for x in y]\n")
    call = nodes_of(found.tree.root, "call")[0]
    scope = found.scope_at(call)
    kinds = []
    while scope is not None:
        kinds.append(scope.kind)
        scope = scope.parent
    expected = [ScopeKind.COMPREHENSION, ScopeKind.FUNCTION, ScopeKind.CLASS, ScopeKind.MODULE]
    assert kinds == expected


def test_a_definition_is_found_through_aliases() -> None:
    found = names("def main(): ...\nstart = main\nstart()\n")
    assert found.definition(last_callee(found)) == found.chunks[0].node


def test_roots_of_imports_in_any_scope() -> None:
    found = names("import vllm.x\nfrom . import y\ndef f():\n    from fastapi import FastAPI\n")
    assert found.imported_roots == {"vllm", "fastapi"}


def test_what_a_branch_replaces_does_not_come_out_of_it():
    found = names(
        "if flag:\n    for config in path:\n        pass\n    config = uvicorn.Config\n"
        "else:\n    config = uvicorn.Config\nconfig\n"
    )
    assert len(found.bindings_of(found.mentions("config")[-1])) == 2

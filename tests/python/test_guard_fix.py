"""Wrapping in a main guard: the script does the same, an import does nothing, strings stay as they are."""

from __future__ import annotations

import contextlib
import io

import pytest

from portside.lint.finding import Applicability, Fix, apply_edits
from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.running.guard_fix import wrap_in_guard
from portside.python.source.nodes import nodes_of

# `start()` stands for what has to be guarded.
HEAD = "def start(*a):\n    print('start', *a)\n    return 'engine'\n\n\n"

SCRIPTS = {
    "one statement": "start()\n",
    "no newline at the end": "start()",
    "code behind it": "start()\nprint('after')\n",
    "globals that functions read": "x = start()\n\n\ndef f():\n    return x\n\n\nprint(f())\n",
    "definitions at the end stay outside": "x = 1\nstart(x)\n\n\ndef f():\n    return x\n",
    "a loop": "for i in range(2):\n    start(i)\nelse:\n    print('done')\n",
    "try": "try:\n    start()\nexcept ValueError:\n    print('no')\nfinally:\n    print('end')\n",
    "arguments over lines": "start(\n    1,\n\n    2,\n)\n",
    "a text over lines": 'start("""\n  a\n\n    b\n c""")\nprint("""x\ny""", f"""\n{1}\n  z""")\n',
    "a text in bytes and raw": "start(b'''\n  a''', r'''\n\\d\n''')\n",
    "a continued line": "start(1 + \\\n  2)\ny = 'a\\\nb'\nprint(y)\n",
    "a comment above": "# Start it.\n# Really.\nstart()\n# The end.\n",
    "a guard below": "x = start()\nif __name__ == '__main__':\n    print(x)\n    print('main')\n",
    "a guard below, with else": "start()\nif __name__ == '__main__':\n    print(1)\nelse:\n    print(2)\n",
    "a guard in one line below": "start()\nif __name__ == '__main__': print(1)\n",
    "a guard with more below": "start()\nif __name__ == '__main__' and 1 == 1:\n    print(1)\n",
    "a guard with other steps below": "start()\nif __name__ == '__main__':\n  print(1)\n",
    "a comment behind the guard's colon": "start()\nif __name__ == '__main__':  # main\n    print(1)\n",
    "a class in between": "start()\n\n\nclass A:\n    '''Text\n    more'''\n    x = 1\n\n\n"
    "print(A.x, A.__doc__)\n",
    "blank lines with spaces": "start()\n   \nprint(1)\n",
    "umlauts and emoji": "start('é🚀')\nprint('''ü\n  🚀''')\n",
    "functions in between": (
        "x = start()\n\n\n# f\ndef f():\n    '''a\n    b'''\n    return x, f.__doc__\n\n\n# g\nprint(f())\n"
    ),
    "functions in between, then a guard": (
        "x = start()\n\n\ndef f():\n    return x\n\n\nif __name__ == '__main__':\n    print(f())\n"
    ),
    "functions between several": (
        "x = start()\ndef f():\n    return x\ny = f()\ndef g():\n    return y\nprint(g())"
    ),
    "a default that reads": "x = start()\ndef f(y=x):\n    return y\nprint(f())\n",
    "a class that reads, at the end": "x = start()\nclass A:\n    y = x\n",
    "a class that calls": "x = start()\nclass A:\n    print('A')\nprint(A)\n".replace("print(A)", "print(1)"),
    "a name that is defined anew": "def f():\n    return 1\nx = start(f())\ndef f():\n    return 2\n"
    "print(f())\n",
    "a decorated function": "x = start()\n@(lambda f: print('made') or f)\ndef f():\n    return x\n"
    "print(f())\n",
    "two statements in a line": "print(0)\nstart(); print(1)\n",
    "a match": "match 1:\n    case 1:\n        start()\n",
    "with": "import contextlib\nwith contextlib.nullcontext(1) as x:\n    start(x)\n",
}


def wrapped(text: str) -> str | None:
    facts = module_facts(SourceFile("script.py", text))
    calls = nodes_of(facts.tree.root, "call")
    first = min((c for c in calls if facts.tree.text(c).startswith("start(")), key=lambda c: c.start_byte)
    fix = wrap_in_guard(facts, first)
    return apply_edits(text, fix.edits) if fix is not None else None


def output(text: str, name: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "script.py", "exec"), {"__name__": name})
    return printed.getvalue()


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("unit", ["    ", "\t", "  "], ids=["four", "tab", "two"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_does_the_same_and_an_import_starts_nothing(script: str, unit: str, newline: str) -> None:
    text = (HEAD.replace("    ", unit) + script).replace("\n", newline)
    fixed = wrapped(text)
    assert fixed is not None
    assert output(fixed, "__main__") == output(text, "__main__")
    assert "start" not in output(fixed, "script")
    assert newline == "\n" or "\n" not in fixed.replace("\r\n", "")


REFUSED = {
    "behind another statement": "x = 1; start()\n",
    "in a definition": "def f(x=start()): ...\n",
    "in a decorator": "@start()\ndef f(): ...\n",
    "in a class": "class A:\n    x = start()\n",
    "syntax errors": "start()\ndef f(:\n",
}


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED)
def test_it_is_not_offered_where_it_would_not_be_right(script: str) -> None:
    assert wrapped(HEAD + script) is None


def test_functions_in_between_stay_outside() -> None:
    fixed = wrapped(
        HEAD + "x = start()\n\n\ndef f():\n    return x\n\n\nif __name__ == '__main__':\n    print(f())\n"
    )
    function = "def f():\n    return x\n\n\n"
    assert fixed == HEAD + function + 'if __name__ == "__main__":\n    x = start()\n\n    print(f())\n'


def test_a_guard_that_is_there_is_used() -> None:
    fixed = wrapped(HEAD + "x = start()\n\nif __name__ == '__main__':\n    print(x)\n")
    assert fixed == HEAD + 'if __name__ == "__main__":\n    x = start()\n\n    print(x)\n'


@pytest.mark.parametrize("comment", ["#!/usr/bin/env python", "# %% a cell", "# coding: latin-1"])
def test_comments_about_the_whole_file_stay_where_they_are(comment: str) -> None:
    text = f"{comment}\nstart()\n"
    assert wrapped(text) == f'{comment}\nif __name__ == "__main__":\n    start()\n'


def _fix(text: str, importers: tuple[str, ...] = ()) -> Fix:
    facts = module_facts(SourceFile("models.py", text))
    first = min(nodes_of(facts.tree.root, "call"), key=lambda call: call.start_byte)
    fix = wrap_in_guard(facts, first, importers)
    assert fix is not None
    return fix


@pytest.mark.parametrize(
    "text",
    [
        "engine = start()\n",
        "engine = start()\nSIZE = 3\n",
        "engine = start()\n\n\ndef answer(prompt):\n    return engine.generate(prompt)\n",
    ],
    ids=["alone", "beside a constant", "for a function that nothing calls"],
)
def test_names_that_only_others_can_be_after_make_it_unsafe(text: str) -> None:
    fix = _fix(text)
    assert fix.applicability is Applicability.UNSAFE
    assert "who imports it from here would not find it any more" in fix.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "engine = start()\nprint(engine)\n",
        "start()\n",
        "engine = start()\nanswer = engine.generate('Hi')\n",
        "engine = start()\n\n\ndef main():\n    print(engine)\n\n\nmain()\n",
    ],
    ids=["printed", "no name", "asked", "in a function that is called"],
)
def test_a_script_that_uses_what_it_makes_is_safe(text: str) -> None:
    assert _fix(text).applicability is Applicability.SAFE


def test_files_that_import_the_name_make_it_unsafe_and_are_named() -> None:
    fix = _fix("engine = start()\nprint(engine)\n", ("/work/api.py",))
    assert fix.applicability is Applicability.UNSAFE
    assert fix.notes == ("`api.py` imports this file, where `engine` would not be set any more.",)


def test_blank_lines_above_the_guard_are_those_of_the_file() -> None:
    assert wrapped("import a\nstart()\n") == 'import a\nif __name__ == "__main__":\n    start()\n'
    text = "def f():\n    return 1\n\n\nx = f()\n\nstart(x)\n"
    assert wrapped(text) == text.replace("start", '\nif __name__ == "__main__":\n    start')


def test_nothing_is_wrapped_that_has_a_line_of_a_backslash_alone() -> None:
    text = 'while 1:\n from vllm import LLM\n\\\n llm = LLM("m")\n'
    facts = module_facts(SourceFile("server.py", text))
    assert wrap_in_guard(facts, facts.engines_at_import[0].call) is None

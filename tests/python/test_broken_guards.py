"""What was meant to be a main guard, and what the guards make of it."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.facts import module_facts
from portside.python.running.broken_guards import Fault, find_broken_guards
from portside.python.running.guards import When


def faults(text: str) -> list[tuple[Fault, str]]:
    found = find_broken_guards(module_facts(SourceFile("a.py", text)).names)
    return [(guard.fault, guard.culprit) for guard in found]


@pytest.mark.parametrize(
    ("test", "fault", "culprit"),
    [
        ("_name_ == '__main__'", Fault.UNDEFINED, "_name_"),
        ("__name__ == __main__", Fault.UNDEFINED, "__main__"),
        ("__name__ == '__MAIN__'", Fault.OTHER_TEXT, "__MAIN__"),
        ("__name__ is '__main__'", Fault.IDENTITY, "__main__"),
        ("(__name__) == ('main')", Fault.OTHER_TEXT, "main"),
    ],
)
def test_each_kind_of_fault_is_told_apart(test: str, fault: Fault, culprit: str) -> None:
    assert faults(f"if {test}:\n    pass\n") == [(fault, culprit)]


@pytest.mark.parametrize(
    "text",
    [
        "if __name__ == '__main__': pass\n",
        "if _name_ == 'x': pass\n",
        "if domain == 'main': pass\n",
        "exec(code)\nif name == '__main__': pass\n",
        "def f():\n    global name\n    name = 1\nif name == '__main__': pass\n",
    ],
    ids=["the guard", "another text", "another name", "exec", "a global of a function"],
)
def test_what_may_be_meant_so_is_left_alone(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize("test", ["_name_ == '_main_'", "__name__ == 'main'", "name == '__main__'"])
def test_nothing_is_said_of_code_behind_a_broken_guard(test: str) -> None:
    text = f"import uvicorn\nif {test}:\n    uvicorn.run('m:app')\n"
    (launch,) = module_facts(SourceFile("a.py", text)).launches
    assert launch.when is When.UNKNOWN

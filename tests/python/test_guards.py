"""What depends on `__name__`, and what only looks as if it did."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile
from portside.python.facts import module_facts


@pytest.mark.parametrize(
    "test",
    [
        "error.__class__.__name__ == '__main__'",
        "type(error).__name__ == 'OSError'",
        "ready and handler.__name__ != '__main__'",
        "not error.__class__.__name__",
    ],
)
def test_the_name_of_a_class_or_function_is_not_the_modules(test: str) -> None:
    text = f"def f(error, handler, ready):\n    if {test}:\n        g()\n"
    assert module_facts(SourceFile("a.py", text)).guards.all == ()


def test_the_modules_name_beside_that_of_a_class_still_counts() -> None:
    text = "if __name__ == '__main__' and f.__name__:\n    f()\n"
    guards = module_facts(SourceFile("a.py", text)).guards.main
    assert text[guards[-1].start :].startswith("f()")

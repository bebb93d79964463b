"""Whether Python itself finds the syntax errors that the parser reports.

tree-sitter's grammar trips over some valid code (`a, *b = c, *[]`). Nobody is to be told
of an error that isn't one, so the interpreter that runs Portside has the last word.
"""

from __future__ import annotations

import ast
import warnings

# Python reads that much in half a second, and nobody writes more of it by hand.
_LARGEST_CHARACTERS = 2_000_000


def is_valid_python(text: str) -> bool:
    """Whether the text compiles as far as its syntax goes; False where that can't be told.

    Code for a newer Python than this one counts as invalid.
    """
    return objection(text) is None


def objection(text: str) -> Exception | None:
    """Why Python does not take the text, or why that can't be told; None where it does."""
    if len(text) > _LARGEST_CHARACTERS:
        return OverflowError("the text is too long to be compiled")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<checked>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return error
    return None


def place_of(objection: Exception | None) -> tuple[int, int] | None:
    """The line and column, both from 1, at which Python gives up; None where it names none."""
    if not isinstance(objection, SyntaxError) or not objection.lineno:
        return None
    return objection.lineno, max(1, objection.offset or 1)

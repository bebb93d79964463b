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
    if len(text) > _LARGEST_CHARACTERS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<checked>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True

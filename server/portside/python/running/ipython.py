"""Whether a file is a notebook that was saved as Python: code that only IPython can run."""

from __future__ import annotations

from portside.python.facts import ModuleFacts
from portside.python.source.nodes import fields_of
from portside.python.source.notebook import plain_python

# The first line of every notebook that Databricks keeps as a file.
_DATABRICKS = "# Databricks notebook source"


def needs_ipython(facts: ModuleFacts) -> bool:
    """By what it says or calls at module level: `!pip`, `await`, `get_ipython()`."""
    text, names = facts.source.text, facts.names
    if text.startswith(_DATABRICKS) or plain_python(text) != text:
        return True
    for chunk in names.chunks_with(["await"]):
        if any(names.scope_at(node).function() is None for node in chunk.nodes("await")):
            return True
    for chunk in names.chunks_with(["get_ipython"]):
        for name in fields_of(chunk.nodes("call"), "function", "identifier"):
            if names.tree.text(name) == "get_ipython" and not names.bindings_of(name):
                return True
    return False

"""What a package's `__getattr__` imports, read off its text."""

import pytest

from portside.python.names.lazy_attributes import lazy_attributes

GETTER = b"def __getattr__(name):\n    return getattr(import_module(_LAZY[name], __name__), name)\n"


@pytest.mark.parametrize(
    "entries",
    [
        b'{"Chat": ".chat"}',
        b"{'Chat': '.chat:Chat'}",
        b'{"Chat": (".chat", "Chat")}',
        b'{\n    "Chat": [\n        ".chat",\n        "Chat",\n    ],\n}',
    ],
)
def test_a_table_of_names_and_modules_says_where_they_come_from(entries: bytes):
    text = b"from importlib import import_module\n\n_LAZY = " + entries + b"\n\n\n" + GETTER
    assert lazy_attributes(text) == {(".chat", "Chat")}


def test_the_name_behind_an_entry_is_none_of_that_entry():
    text = b"from importlib import import_module\n_LAZY = {'A': '.a', 'B': '.b'}\n\n\n" + GETTER
    assert lazy_attributes(text) == {(".a", "A"), (".b", "B")}


def test_an_import_in_the_function_counts():
    body = b"    if name == 'Chat':\n        from .chat import Chat\n\n        return Chat\n"
    text = b"def __getattr__(name):\n" + body
    assert lazy_attributes(text + b"\n\nfrom .other import Other\n") == {(".chat", "Chat")}


@pytest.mark.parametrize(
    "text",
    [
        b"from importlib import import_module\n_LAZY = {'Chat': '.chat'}\n",
        b"class A:\n    def __getattr__(self, name):\n        import_module\n\n_LAZY = {'Chat': '.chat'}\n",
        b"from importlib import import_module\n_LAZY = {'Chat': '.chat:Other'}\n\n\n" + GETTER,
    ],
    ids=["no function", "a class's own", "under another name"],
)
def test_nothing_else_does(text: bytes):
    assert lazy_attributes(text) == frozenset()

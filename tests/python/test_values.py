"""Where values come from. Each case asks for the argument of `use(...)`."""

from __future__ import annotations

import pytest

from portside.lint.source import SourceFile, Span
from portside.python.names.names import Names
from portside.python.source.nodes import nodes_of
from portside.python.source.syntax import arguments, parse
from portside.python.values.value_types import nothing_outside
from portside.python.values.values import (
    CommandLine,
    Environment,
    Literal,
    Parameter,
    Through,
    Unknown,
    trace,
)


def _trace(text: str, outside=nothing_outside):
    names = Names(parse(SourceFile("a.py", text)))
    for call in nodes_of(names.tree.root, "call"):
        if names.tree.text(call.child_by_field_name("function")) == "use":
            return trace(names, arguments(call).positional[0], outside)
    raise AssertionError("nothing is used")


def _plain(value):
    """The value without the places."""
    match value:
        case Literal():
            return value.value
        case Environment(variable, default, integer):
            return ("env", variable, _plain(default) if default else None, integer)
        case CommandLine(option, default):
            return ("option", option, _plain(default) if default else None)
        case Parameter(name, _, default):
            return ("parameter", name, _plain(default) if default else None)
    return Unknown


LITERALS = {
    "a number": ("use(8000)", 8000),
    "a number with underscores": ("use(8_000)", 8000),
    "a hexadecimal number": ("use(0x1F40)", 8000),
    "in parentheses": ("use(((8000)))", 8000),
    "a string": ("use('8000')", "8000"),
    "none": ("use(None)", None),
    "converted to int": ("use(int('8000'))", 8000),
    "converted to str": ("use(str(8000))", "8000"),
    "an f-string of one thing": ("P = 8000\nuse(f'{P}')", "8000"),
    "a constant": ("PORT = 8000\nuse(PORT)", 8000),
    "an annotated constant": ("PORT: int = 8000\nuse(PORT)", 8000),
    "a constant of a constant": ("A = 8000\nB = A\nuse(B)", 8000),
    "a constant read in a function": ("PORT = 8000\ndef f():\n    use(PORT)", 8000),
    "a local": ("def f():\n    port = 8000\n    use(port)", 8000),
    "two at once": ("HOST, PORT = '0.0.0.0', 8000\nuse(PORT)", 8000),
    "a walrus": ("use(port := 8000)", 8000),
    "bound twice to one value": ("if x:\n    P = 8000\nelse:\n    P = 8000\nuse(P)", 8000),
    "overwritten before": ("P = 1\nP = 8000\nuse(P)", 8000),
    "falls back": ("use(None or 8000)", 8000),
    "never falls back": ("use(8000 or 9000)", 8000),
    "both branches the same": ("use(8000 if x else 8000)", 8000),
    "a class attribute": ("class S:\n    PORT = 8000\nuse(S.PORT)", 8000),
    "a class attribute of an instance": ("class S:\n    PORT = 8000\ns = S()\nuse(s.PORT)", 8000),
    "an inherited attribute": ("class A:\n    PORT = 8000\nclass B(A):\n    pass\nuse(B.PORT)", 8000),
    "an attribute that __init__ sets": (
        "class S:\n    def __init__(self):\n        self.port = 8000\nuse(S().port)",
        8000,
    ),
    "self in a method": (
        "class S:\n    port = 8000\n    def run(self):\n        use(self.port)",
        8000,
    ),
    "passed to __init__ by name": (
        "class S:\n    def __init__(self, port):\n        self.port = port\ns = S(port=8000)\nuse(s.port)",
        8000,
    ),
    "passed to __init__ by position": (
        "class S:\n    def __init__(self, host, port):\n        self.port = port\ns = S('h', 8000)\n"
        "use(s.port)",
        8000,
    ),
    "a data class field": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    port: int = 8000\nc = C()\nuse(c.port)",
        8000,
    ),
    "a field with field()": (
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n"
        "    port: int = field(default=8000)\n"
        "use(C().port)",
        8000,
    ),
    "a field passed by name": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass C:\n    port: int = 1\n"
        "use(C(port=8000).port)",
        8000,
    ),
    "a field passed by position": (
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    host: str\n    port: int\n"
        "use(C('h', 8000).port)",
        8000,
    ),
    "a model field": (
        "from pydantic import BaseModel, Field\nclass C(BaseModel):\n"
        "    port: int = Field(8000, ge=1)\nuse(C().port)",
        8000,
    ),
    "an item": ("config = {'host': 'h', 'port': 8000}\nuse(config['port'])", 8000),
    "an item with get": ("config = {'port': 8000}\nuse(config.get('port', 1))", 8000),
    "an item of an item": ("config = {'server': {'port': 8000}}\nuse(config['server']['port'])", 8000),
    "an item of dict()": ("config = dict(port=8000)\nuse(config['port'])", 8000),
    "what a function returns": ("def port():\n    return 8000\nuse(port())", 8000),
}

ENVIRONMENT = {
    "get": ("import os\nuse(os.environ.get('PORT'))", ("env", "PORT", None, False)),
    "get with a default": ("import os\nuse(os.environ.get('PORT', '8000'))", ("env", "PORT", "8000", False)),
    "getenv": ("import os\nuse(int(os.getenv('PORT', 8000)))", ("env", "PORT", 8000, True)),
    "getenv by name": (
        "from os import getenv\nuse(int(getenv('PORT', default='8000')))",
        ("env", "PORT", 8000, True),
    ),
    "environ by name": ("from os import environ\nuse(environ['PORT'])", ("env", "PORT", None, False)),
    "an alias": ("import os as _os\nuse(int(_os.environ['PORT']))", ("env", "PORT", None, True)),
    "__import__": (
        "use(int(__import__('os').environ.get('PORT', 8000)))",
        ("env", "PORT", 8000, True),
    ),
    "the name in a constant": (
        "import os\nNAME = 'PORT'\nuse(os.environ.get(NAME))",
        ("env", "PORT", None, False),
    ),
    "or": ("import os\nuse(int(os.environ.get('PORT') or 8000))", ("env", "PORT", 8000, True)),
    "a default that is no default": (
        "import os\nuse(os.environ.get('PORT', None))",
        ("env", "PORT", None, False),
    ),
    "a condition on itself": (
        "import os\nuse(int(os.environ['PORT']) if 'PORT' in os.environ else 8000)",
        ("env", "PORT", 8000, True),
    ),
    "a condition with getenv": (
        "import os\nuse(int(os.getenv('PORT')) if os.getenv('PORT') else 8000)",
        ("env", "PORT", 8000, True),
    ),
    "through a constant": (
        "import os\nPORT = int(os.environ.get('PORT', '8000'))\ndef f():\n    use(PORT)",
        ("env", "PORT", 8000, True),
    ),
    "the default in a constant": (
        "import os\nD = 8000\nuse(os.environ.get('PORT', D))",
        ("env", "PORT", 8000, False),
    ),
    "settings": (
        "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    port: int = 8000\n"
        "use(S().port)",
        ("env", "PORT", 8000, True),
    ),
    "settings with a prefix": (
        "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n"
        "    model_config = SettingsConfigDict(env_prefix='app_')\n    port: int = 8000\ns = S()\n"
        "use(s.port)",
        ("env", "APP_PORT", 8000, True),
    ),
    "a class attribute": (
        "import os\nclass C:\n    PORT = int(os.getenv('PORT', '8000'))\nuse(C.PORT)",
        ("env", "PORT", 8000, True),
    ),
    "decouple": (
        "from decouple import config\nuse(config('PORT', default=8000, cast=int))",
        ("env", "PORT", 8000, False),
    ),
    "environs": (
        "from environs import Env\nenv = Env()\nuse(env.int('PORT', 8000))",
        ("env", "PORT", 8000, False),
    ),
}

OTHERS = {
    "argparse": (
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--port', '-p', type=int, default=8000)\n"
        "args = p.parse_args()\nuse(args.port)",
        ("option", "--port", 8000),
    ),
    "argparse with dest": (
        "p.add_argument('-P', dest='port', default=1)\nargs = p.parse_args()\nuse(args.port)",
        ("option", "-P", 1),
    ),
    "parse_known_args": (
        "p.add_argument('--port')\nargs, rest = p.parse_known_args()\nuse(args.port)",
        ("option", "--port", None),
    ),
    "an option nobody added": ("args = p.parse_args()\nuse(args.port)", ("option", None, None)),
    "argparse or a literal": (
        "p.add_argument('--port')\nargs = p.parse_args()\nuse(args.port or 8000)",
        ("option", "--port", 8000),
    ),
    "sys.argv": ("import sys\nuse(int(sys.argv[1]))", ("option", None, None)),
    "a parameter": ("def f(port):\n    use(port)", ("parameter", "port", None)),
    "a parameter with a default": ("def f(port=8000):\n    use(port)", ("parameter", "port", 8000)),
    "a typed parameter": ("def f(port: int = 8000):\n    use(port)", ("parameter", "port", 8000)),
    "click": (
        "import click\n@click.command()\n@click.option('--port', default=8000)\ndef f(port):\n    use(port)",
        ("option", "--port", 8000),
    ),
    "typer": (
        "import typer\ndef f(port: int = typer.Option(8000)):\n    use(port)",
        ("option", "--port", 8000),
    ),
}

UNKNOWN = {
    "a call": "use(find_free_port())",
    "bound to two values": "if x:\n    P = 8000\nelse:\n    P = 9000\nuse(P)",
    "changed when a condition holds": "P = 8000\nif x:\n    P = 9000\nuse(P)",
    "counted up": "P = 8000\nP += 1\nuse(P)",
    "computed": "P = 8000\nuse(P + 1)",
    "in a loop": "for P in (8000, 8001):\n    use(P)",
    "set by a function through global": "P = 8000\ndef f():\n    global P\n    P = 9000\nuse(P)",
    "an item that is changed": "c = {'port': 8000}\nc['port'] = 9000\nuse(c['port'])",
    "an item that is updated": "c = {'port': 8000}\nc.update(port=9000)\nuse(c['port'])",
    "an item behind a splat": "c = {'port': 8000, **other}\nuse(c['port'])",
    "an attribute set from outside": "class S:\n    port = 8000\ns = S()\ns.port = 9000\nuse(s.port)",
    "an attribute that is set twice": (
        "class S:\n    def __init__(self):\n        self.port = 1\n    def f(self):\n"
        "        self.port = 2\nuse(S().port)"
    ),
    "a condition": "use(8000 if x else 9000)",
    "and": "use(x and 8000)",
    "an unknown name": "use(PORT)",
    "imported": "from config import PORT\nuse(PORT)",
    "itself": "a = b\nb = a\nuse(a)",
    "assigned after parsing": "args = p.parse_args()\nargs.port = 8000\nuse(args.port)",
    "a function with two answers": "def p():\n    if x:\n        return 1\n    return 2\nuse(p())",
    "a generator": "def p():\n    yield 1\n    return 8000\nuse(p())",
    "no number": "use(int('eight'))",
    "deleted": "P = 8000\ndel P\nuse(P)",
}


@pytest.mark.parametrize(("text", "value"), LITERALS.values(), ids=LITERALS)
def test_a_literal_is_found_through(text, value):
    traced = _trace(text)
    assert isinstance(traced, Literal), traced
    assert traced.value == value
    assert type(traced.value) is type(value)


FROM_OUTSIDE = {**ENVIRONMENT, **OTHERS}


@pytest.mark.parametrize(("text", "expected"), FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_what_decides_from_outside_is_recognised(text, expected):
    assert _plain(_trace(text)) == expected


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_certain_is_unknown(text):
    traced = _trace(text)
    assert isinstance(traced, Unknown), traced
    assert traced.reason
    assert not traced.reason.endswith(".")


def test_names_that_are_each_bound_twice_do_not_double_the_work():
    steps = "".join(f"if x:\n    n{i + 1} = n{i}\nelse:\n    n{i + 1} = n{i}\n" for i in range(60))
    assert isinstance(_trace(f"n0 = 8000\n{steps}use(n60)"), Unknown)
    assert _trace(f"n0 = 8000\n{steps}use(n6)").value == 8000


def test_the_span_is_that_of_the_literal_not_of_the_use():
    text = "PORT = 8000\nuse(int(PORT))"
    assert _trace(text) == Literal(8000, Span(7, 11), Through.VARIABLE, "PORT")


def test_a_literal_at_its_use_says_so():
    assert _trace("use(8000)") == Literal(8000, Span(4, 8))


def test_spans_count_characters():
    assert _trace("s = '😀é'; P = 8000\nuse(P)").span == Span(14, 18)


def test_a_field_default_can_be_told_from_a_constant():
    text = "from dataclasses import dataclass\n@dataclass\nclass C:\n    port: int = 8000\nuse(C().port)"
    assert _trace(text).through is Through.FIELD
    assert _trace("class C:\n    port = 8000\nuse(C.port)").through is Through.CLASS_ATTRIBUTE
    assert _trace("c = {'port': 8000}\nuse(c['port'])").through is Through.ITEM


@pytest.mark.parametrize(
    "text",
    [
        "from config import PORT\nuse(PORT)",
        "import config\nuse(config.PORT)",
        "import config as c\nuse(c.PORT)",
    ],
)
def test_a_constant_of_another_file_is_followed(text):
    there = Literal(8000, Span(7, 11), Through.VARIABLE, "PORT", "config.py")
    assert _trace(text, {"config.PORT": there}.get) == there

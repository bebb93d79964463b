"""Modules that are not installed, as objects that put up with everything that a server does with them."""

from __future__ import annotations

import abc
import argparse
import dis
import importlib.abc
import importlib.machinery
import pathlib
import symtable
import sys
import types

MADE: set[str] = set()
# Of what is installed, these can't do without what they import: drivers of databases.
_NEEDY = ("sqlalchemy", "alembic")


class _Kind(abc.ABCMeta):
    """A made-up class: it can be subclassed, subscripted, and has whatever is asked of it."""

    def __getattr__(cls, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = make(name)
        setattr(cls, name, made)
        return made

    def __iter__(cls):
        return iter(())

    def __getitem__(cls, key):
        return cls

    def __len__(cls):
        return 0

    def __bool__(cls):
        return True

    def __contains__(cls, key):
        return False

    def __fspath__(cls):
        return "1"

    def __instancecheck__(cls, instance):
        """Whoever asks wants one of its kind, and nothing tells the made-up kinds apart."""
        return any(isinstance(kind, _Kind) for kind in type(instance).__mro__)

    def register(cls, *args, **kwargs):
        return Thing()


_Parser = argparse.ArgumentParser


class Nothing:
    """An iterator without items, of which `next` gives one all the same."""

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration


class Thing(metaclass=_Kind):
    """A made-up value: a number, text, a list, a context, a decorator, something to await."""

    def __new__(cls, *args, **kwargs):
        made = object.__new__(cls)
        object.__setattr__(made, "_made_of", (*args, *kwargs.values()))
        return made

    def __init__(self, *args, **kwargs):
        pass

    def __init_subclass__(cls, **kwargs):
        pass

    def __getattr__(self, name):
        if name == "__base__":
            return object
        if name == "_contains_router":
            # FastAPI asks it of a router that it is to include.
            return lambda router: False
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = make(name)
        object.__setattr__(self, name, made)
        return made

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType | type | _Parser):
            return args[0]
        if not args and not kwargs and any(hasattr(each, "routes") for each in self.__dict__["_made_of"]):
            # uvicorn calls what it takes for a factory; an app around another one is none.
            return self
        return Thing(*args, **kwargs)

    def __iter__(self):
        wanted = _unpacked()
        return iter([Thing() for _ in range(wanted)]) if wanted else Nothing()

    def __next__(self):
        raise StopIteration

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    def __await__(self):
        return self
        yield

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        return False

    def __getitem__(self, key):
        return Thing()

    def __setitem__(self, key, value):
        pass

    def __delitem__(self, key):
        pass

    def __contains__(self, key):
        return False

    def __len__(self):
        return 1

    def __bool__(self):
        return True

    def __int__(self):
        return 1

    __index__ = __trunc__ = __floor__ = __ceil__ = __int__

    def __round__(self, digits=None):
        return 1

    def __float__(self):
        return 1.0

    def __str__(self):
        return "1"

    __repr__ = __str__

    def __format__(self, spec):
        return "1"

    def __fspath__(self):
        return "1"

    def __bytes__(self):
        return b"1"

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return isinstance(other, Thing)

    def _same(self, *others):
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _same
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _same
    __neg__ = __pos__ = __abs__ = __invert__ = _same

    def _less(self, other):
        return False

    __lt__ = __gt__ = __le__ = __ge__ = _less

    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        from pydantic_core import core_schema

        return core_schema.any_schema()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema, handler):
        return {}

    @classmethod
    def __get_validators__(cls):
        yield lambda value: value

    @classmethod
    def __modify_schema__(cls, schema):
        pass


def _unpacked() -> int:
    """How many values the caller unpacks into names; 0 for a loop."""
    frame = sys._getframe(2)
    code = frame.f_code.co_code
    at = frame.f_lasti
    while dis.opname[code[at]] == "EXTENDED_ARG":  # where Python 3.10 takes an instruction to begin
        at += 2
    if dis.opname[code[at]].startswith("UNPACK_SEQUENCE"):
        return code[at + 1]
    if dis.opname[code[at]] == "UNPACK_EX":
        # `a, *rest, b`: what comes after the star stands in the instruction before.
        is_extended = dis.opname[code[at - 2]] == "EXTENDED_ARG"
        return code[at + 1] + (code[at - 1] if is_extended else 0)
    return 0


# One process of one, as without a launcher.
_ALONE = {"get_rank": 0, "get_world_size": 1, "local_rank": 0}


def make(name: str) -> object:
    if name in _ALONE:
        return lambda *args, **kwargs: _ALONE[name]
    if name.endswith(("Error", "Exception", "Timeout", "Warning")):
        return type(name, (Exception,), {})
    if name.endswith("ArgumentParser"):
        return type(name, (argparse.ArgumentParser,), {})
    if name.startswith("FastAPI"):
        return _web_app(name)
    if name[:1].isupper() and not name.isupper():
        return _Kind(name, (Thing,), {})
    return Thing()


def _web_app(name: str) -> type:
    """A FastAPI that others have made more of: it has the routes that it is given."""
    from fastapi import FastAPI

    def made(self, *args, **kwargs):
        FastAPI.__init__(self, **{key: kwargs[key] for key in kwargs.keys() & {"title", "lifespan"}})

    return type(name, (FastAPI,), {"__init__": made})


class Module(types.ModuleType):
    def __getattr__(self, name):
        if name == "__all__":
            return _undefined(sys._getframe(1))
        if name == "__version__":
            return "9.9.9"
        if name == "__file__":
            return f"/{self.__name__.replace('.', '/')}/__init__.py"
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = make(name)
        setattr(self, name, made)
        return made


def _undefined(frame) -> list[str]:
    """What a file reads and never binds: a star import is where it would come from."""
    while frame is not None and not frame.f_code.co_filename.startswith("/srv/"):
        frame = frame.f_back
    if frame is None:
        raise AttributeError("__all__")
    path = pathlib.Path(frame.f_code.co_filename)
    table = symtable.symtable(path.read_text("utf-8"), str(path), "exec")
    bound = {name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()}
    return sorted(_read(table) - bound - set(dir(__builtins__)) - set(__builtins__))


def _read(table) -> set[str]:
    names = {
        name.get_name() for name in table.get_symbols() if name.is_global() or table.get_type() == "module"
    }
    for child in table.get_children():
        names |= _read(child)
    return {name for name in names if not name.startswith("__")}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last of all finders: what nobody else finds is made up."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.stdlib_module_names or _is_optional():
            return None
        parent = sys.modules.get(name.rpartition(".")[0])
        if "." in name and not isinstance(parent, Module) and not _of_the_tree(parent):
            return None
        MADE.add(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        made = Module(spec.name)
        made.__path__ = []
        return made

    def exec_module(self, module):
        pass


def _is_optional() -> bool:
    """Whether an installed package asks, which does without: a stand-in would be taken for the real thing."""
    frame = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if "importlib" not in path:
            is_installed = "site-packages" in path and not path.startswith("/srv/")
            return is_installed and not any(f"/{each}/" in path for each in _NEEDY)
        frame = frame.f_back
    return True


def _of_the_tree(module) -> bool:
    """A package of the repository: a module of it may have been left out on purpose (settings, secrets)."""
    return any(str(each).startswith("/srv/") for each in getattr(module, "__path__", ()))

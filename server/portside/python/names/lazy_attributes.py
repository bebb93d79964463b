"""What a package imports only when somebody asks it for the name, by a `__getattr__` of the module.

_LAZY = {"Engine": ".engine"}             ->  `Engine` of `.engine`, as with an import

def __getattr__(name):
    return getattr(import_module(_LAZY[name], __name__), name)
"""

from __future__ import annotations

import re

from portside.python.names.import_text import imports_in

_GETTER = re.compile(rb"^(?:def __getattr__\(|__getattr__\s*[=,])", re.MULTILINE)
_BODY = re.compile(rb"^def __getattr__\(.*\n(?:[ \t]+.*\n|[ \t]*\r?\n)*", re.MULTILINE)
# `"Engine": ".engine"`, `"Engine": (".engine", "Engine")`, `"Engine": ".engine:Engine"`
_ENTRY = re.compile(
    rb"[\"'](?P<name>[A-Za-z_]\w*)[\"'][ \t]*:\s*(?P<open>[(\[])?\s*[\"'](?P<module>\.*[A-Za-z_][\w.]*)"
    rb"(?::(?P<inner>\w+))?[\"'](?(open)(?:\s*,\s*[\"'](?P<second>\w+)[\"'])?)"
)


def lazy_attributes(data: bytes) -> frozenset[tuple[str, str]]:
    """Module and name as an import has them; only names that are the same in both files."""
    if b"__getattr__" not in data or _GETTER.search(data) is None:
        return frozenset()
    body = _BODY.search(data)
    imported = imports_in(body[0]) if body is not None else frozenset()
    found = {(module, name) for module, name in imported if name is not None}
    for entry in _ENTRY.finditer(data) if b"import_module" in data else ():
        name = entry["name"].decode()
        if (entry["inner"] or entry["second"] or entry["name"]) == entry["name"]:
            found.add((entry["module"].decode(), name))
    return frozenset(found)

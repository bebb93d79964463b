"""Configuration files in Python that a server reads: `gunicorn.conf.py`, `hypercorn_conf.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.knowledge.listeners import Argument, Takes
from portside.python.ports.port_use import Found, Listener, read
from portside.python.values.values import Tracer

# gunicorn takes `gunicorn.conf.py` by itself; the other names are what people write after `-c`.
_FILE = re.compile(r"(?:^|[/\\])(?P<server>gunicorn|hypercorn)(?:[._-]?conf(?:ig)?)?\.py$")


def of_configuration(tracer: Tracer) -> Iterator[Found]:
    """The port of the module's `bind`, if the file is such a configuration."""
    named = _FILE.search(tracer.names.tree.source.path)
    bindings = tracer.names.module_bindings("bind") if named is not None else ()
    if named is None or len(bindings) != 1 or bindings[0].value is None:
        return
    yield from read(tracer, bindings[0].value, Listener(named["server"], Argument(takes=Takes.BIND)))

"""What the `.env` of a workspace says of where its servers listen. No other line of it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from portside.lint.source import lines_of
from portside.workspace.text_file import read_start

_LARGEST_BYTES = 100_000
# Names of addresses and switches; what else stands in such a file is nobody's business.
_OF_LAUNCH = re.compile(r"(?i)(^|_)(host|port|bind|address|workers|reload|debug|level|root_path)($|_)")
_SECRET = re.compile(r"(?i)key|secret|token|password|pass$|pwd|credential|url|uri|dsn")
_LINE = re.compile(r"""\s*(?:export\s+)?(\w+)\s*=\s*("[^"\n]*"|'[^'\n]*'|[^#\n]*?)\s*(?:#.*)?""")


def launch_variables(folders: Iterable[Path]) -> dict[str, str]:
    """The variables of the first `.env` among these folders. Effect: reads that file."""
    for folder in folders:
        data = read_start(str(folder / ".env"), _LARGEST_BYTES)
        if data is not None:
            return dict(_entries(data.decode("utf-8", "replace")))
    return {}


def _entries(text: str) -> Iterable[tuple[str, str]]:
    for line in lines_of(text):
        found = _LINE.fullmatch(line)
        if found is not None and _OF_LAUNCH.search(found[1]) and not _SECRET.search(found[1]):
            value = found[2]
            quoted = len(value) > 1 and value[0] in "\"'" and value[0] == value[-1]
            yield found[1], value[1:-1] if quoted else value

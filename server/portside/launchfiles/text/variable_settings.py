"""Lines of a launch file that set an environment variable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.lint.source import lines_of


def lines_setting(variable: str, text: str) -> Iterator[tuple[int, str]]:
    """Each line, counted from 1, that gives the variable a value, in whatever kind of launch file.

    `ENV PORT=9000`, `PORT: 9000`, `export PORT=9000`, `PORT=9000 python …`, and a Kubernetes
    `name: PORT`. Not `${PORT:-8000}`, which reads it, nor a Dockerfile's ARG, which ends with the build.
    """
    name = re.escape(variable)
    sets = re.compile(
        rf"(?<![\w$\{{(%/.-]){name}['\"]?[ \t]*[=:](?![=:])|^\s*ENV[ \t]+{name}[ \t]"
        rf"|\bname:[ \t]*['\"]?{name}['\"]?[ \t]*$"
    )
    for number, line in enumerate(lines_of(text), start=1):
        if sets.search(line) and not line.lstrip().startswith(("#", "//", ";", "ARG ")):
            yield number, line.strip()

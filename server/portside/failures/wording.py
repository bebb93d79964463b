"""A failure as rows for a person: the same in the console of the dev server and in `portside explain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portside.failures.failure import UNKNOWN, Failure, Place

Row = tuple[str, str]
"""A label, empty where the row goes on with the one above, and the text."""

_OF_TRACEBACK = "unknown: read what the log says just above that line"


def rows_of(fields: Mapping[str, Any]) -> list[Row]:
    """The same from `Failure.fields`, without the line of the log: that has just been printed."""
    where = fields["where"]
    values = {key: value for key, value in fields.items() if key != "where"}
    values["remedies"], values["rules"] = tuple(fields["remedies"]), tuple(fields["rules"])
    return rows(Failure(**values, where=Place(**where) if where else None), evidence=False)


def rows(failure: Failure, *, evidence: bool = True) -> list[Row]:
    """What stands below `failure.happened`. evidence: with the line of the log, and its number."""
    found: list[Row] = []
    if failure.where is not None:
        source = f"   {failure.where.source}" if failure.where.source else ""
        found.append(("your line", f"{failure.where}{source}"))
    cause = failure.cause or (_OF_TRACEBACK if failure.name == UNKNOWN and evidence else "")
    if cause:
        found.append(("because", cause))
    if evidence:
        who = f", {failure.process}" if failure.process else ""
        times = f", {failure.count} times" if failure.count > 1 else ""
        found.append(("log says", f"{failure.evidence}   (line {failure.line}{who}{times})"))
    found += [("you can" if index == 0 else "", remedy) for index, remedy in enumerate(failure.remedies)]
    if failure.rules:
        found.append(("in code", f"portside check --select {','.join(failure.rules)}"))
    return found

"""The table of ports, for people."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portside.devserver.ports.conflict_lines import short_age
from portside.devserver.ports.holder_kinds import HolderKind
from portside.devserver.ports.port_table import Row, address_text
from portside.report.ink import Ink, printable

if TYPE_CHECKING:
    from portside.devserver.ports.project_ports import PlanRow

_HEAD = ("PORT", "ADDRESS", "STATE", "PID", "AGE", "USER", "PROCESS")
_PLAN_HEAD = ("SERVER", "PORT", "WHAT", "FROM", "NOW")
_GAP = "  "


def text(rows: Sequence[Row], plan: Sequence[PlanRow], ink: Ink) -> str:
    cells = [line for row in rows for line in _cells(row)]
    shown = table(_HEAD, cells, ink) if cells else "nobody listens on a port that you could see\n"
    if not plan:
        return shown
    planned = [_plan_cells(row) for row in plan]
    return f"{shown}\n{ink.bold('The ports of this project')}\n{table(_PLAN_HEAD, planned, ink)}"


def _cells(row: Row) -> list[tuple[str, ...]]:
    """One line for each process that has the port; the first with the port."""
    more = f" and {len(row.more)} more" if row.more else ""
    addresses = " ".join(map(address_text, row.addresses))
    head = (f"{row.port}{more}", addresses, row.state.value)
    lines: list[tuple[str, ...]] = []
    for holder in row.occupancy.holders:
        lead = head if not lines else ("", "", "inherited" if holder.inherited_from else "")
        process = shortened(holder.command)
        if holder.kind in (HolderKind.SERVER, HolderKind.EARLIER_RUN) and holder.server:
            process = f"{holder.server.label} ({holder.kind.value}): {process}"
        user = "you" if holder.mine else holder.user
        lines.append((*lead, str(holder.pid), short_age(holder.age_s), user, process))
    for user in row.occupancy.unseen or ("",):
        if not lines or user:
            lines.append((*head, "?", "", user, "not visible from here"))
    return lines


def plain_lines(row: Row) -> list[str]:
    """The same without what changes by itself."""
    return [
        "  ".join(cell for index, cell in enumerate(cells) if cell and index != 4) for cells in _cells(row)
    ]


def _plan_cells(row: PlanRow) -> tuple[str, ...]:
    setting = row.planned.setting or "settings"
    default = " (default)" if row.planned.is_default else ""
    return (row.server, str(row.port or "-"), row.planned.what, setting + default, row.text)


def shortened(command: str) -> str:
    """Without the folders of the interpreter, of the home and of this one."""
    first, space, rest = command.partition(" ")
    rest = rest.replace(os.getcwd() + os.sep, "")  # noqa: PTH109
    home = os.path.expanduser("~")  # noqa: PTH111
    if len(home) > 1:
        rest = rest.replace(home + os.sep, "~/")
    return first.rpartition("/")[2] + space + rest


def table(head: Sequence[str], rows: Sequence[Sequence[str]], ink: Ink) -> str:
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [head, *clean]) for column in range(len(head) - 1)]
    room = _columns() - sum(widths) - len(_GAP) * len(widths)
    lines = [ink.dim(_line(head, widths, None)), *(_line(row, widths, room) for row in clean)]
    return "".join(line + "\n" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], room: int | None) -> str:
    last = cells[-1]
    if room is not None and sys.stdout.isatty() and len(last) > max(room, 20):
        last = last[: max(room, 20) - 1] + "…"
    fixed = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=True)]
    return _GAP.join([*fixed, last]).rstrip()


def _columns() -> int:
    return shutil.get_terminal_size().columns

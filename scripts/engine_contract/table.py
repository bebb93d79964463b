"""The version table of docs/warm-reload.md: with which releases of vLLM the engine is kept, and why not."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from packaging.version import Version

from engine_contract import shapes as points
from engine_contract.contract import verdict
from engine_contract.observations import Observations
from portside.inside import engine_hooks as hooks

INSTALLER = Path(__file__).resolve().parents[2] / ".ci/install-vllm"


def table(known: Observations) -> str:
    rows = ["| vLLM | engine kept | how that is known |", "|---|---|---|"]
    ran = versions_run()
    described = [(version, *_described(version, known, ran)) for version in reversed(known.versions())]
    for (kept, how), members in groupby(described, key=lambda row: row[1:]):
        rows.append(f"| {_span([version for version, *_ in members])} | {kept} | {how} |")
    oldest = known.versions()[0]
    rows.insert(2, f"| {_dotted(hooks.BEYOND)} and later | no | nobody has read it yet |")
    rows.append(f"| before {oldest} | no | the engine has no process of its own |")
    return "\n".join(rows) + "\n"


def versions_run() -> set[Version]:
    """Those that the tests install and run."""
    found = re.findall(r"^version=(\S+)$", INSTALLER.read_text(encoding="utf-8"), re.MULTILINE)
    return {Version(one) for one in found}


def _described(version: Version, known: Observations, ran: set[Version]) -> tuple[str, str]:
    shapes = known.at(version)
    found = verdict(version, shapes)
    if found.refused:
        return "no", _reason(shapes)
    if found.moved:
        return "no", "; ".join(found.moved)
    return "yes", "run, on a CPU, in the tests" if version in ran else f"read: {_launched(shapes)}"


def _reason(shapes: points.Shapes) -> str:
    if shapes[points.KEYS] is None:
        return "read: a client can't be told where its engine is"
    if shapes[points.YIELDS] is None:
        return "read: an engine can't be started apart from its client"
    return "read: as the next ones, but too old to be taken on"


def _launched(shapes: points.Shapes) -> str:
    """What differs between releases: how an engine is started, and what it says once it is up."""
    parameters = shapes[points.parameters_of(hooks.LAUNCH_MODULE, "launch_core_engines")]
    given = ", ".join(f"`{one.rstrip('=')}`" for one in parameters[len(hooks.LAUNCH_PARAMETERS) :])
    (yielded,) = shapes[points.YIELDS]
    ready = "empty" if shapes[points.READY] == "ignored" else f"`{shapes[points.READY]}`"
    shown = yielded if yielded.endswith("values") else f"`{yielded}`"
    return f"`launch_core_engines` takes {given}, yields {shown}; READY is {ready}"


def _span(versions: list[Version]) -> str:
    """versions: newest first."""
    newest, oldest = versions[0], versions[-1]
    return str(newest) if newest == oldest else f"{oldest} to {newest}"


def _dotted(version: hooks.Version) -> str:
    return ".".join(map(str, version))

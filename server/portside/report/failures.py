"""The failures that a log tells of, for terminals and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from portside.failures import Failure
from portside.failures.wording import rows
from portside.knowledge.failures import Known
from portside.knowledge.pages import failure_url
from portside.lint.finding import Severity
from portside.report.ink import Ink, printable


def render(failures: Sequence[Failure], ink: Ink) -> str:
    return "\n".join(_one(failure, ink) for failure in failures)


def render_json(failures: Sequence[Failure], count: int) -> str:
    """One object. count: how many lines the log has."""
    listed = [{**failure.fields(), "url": failure_url(failure.name)} for failure in failures]
    return json.dumps({"lines": count, "failures": listed}, indent=2) + "\n"


def page(entry: Known, ink: Ink) -> str:
    """What is known of one way to fail."""
    parts = [f"{ink.bold(entry.name)} ({entry.topic})", _filled(entry.bare or entry.what), ""]
    parts += [_filled(entry.why), ""]
    parts += [f"- {_filled(remedy)}" for remedy in entry.do]
    if entry.rules:
        parts += ["", f"in code: portside check --select {','.join(entry.rules)}"]
    parts += ["", ink.dim(f"from {'; '.join(entry.sources)}"), ink.dim(failure_url(entry.name))]
    return "\n".join(parts) + "\n"


def page_json(entry: Known) -> str:
    fields = {
        "name": entry.name,
        "topic": entry.topic,
        "happened": _filled(entry.bare or entry.what),
        "cause": _filled(entry.why),
        "remedies": [_filled(remedy) for remedy in entry.do],
        "rules": list(entry.rules),
        "sources": list(entry.sources),
        "url": failure_url(entry.name),
    }
    return json.dumps(fields, indent=2) + "\n"


def _one(failure: Failure, ink: Ink) -> str:
    mark = ink.severity(Severity.ERROR, "✗")
    name = ink.dim(f"   [{failure.name}]")
    lines = [f"{mark} {ink.bold(printable(failure.happened))}{name}"]
    lines += [f"  {ink.dim(f'{label:<9}')} {printable(text)}" for label, text in rows(failure)]
    return "\n".join(lines) + "\n"


def _filled(text: str) -> str:
    return text.replace("{", "<").replace("}", ">")

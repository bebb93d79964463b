"""A rule's page, where one of its findings is; who else is on a port, where one is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portside.knowledge.pages import rule_url
from portside.lint.finding import Finding
from portside.lsp.documents import Document

if TYPE_CHECKING:
    from portside.workspace.project import Project

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_HEADING = re.compile(r"^#+ *(.+)$", re.MULTILINE)


def hover(
    project: Project,
    document: Document,
    found: Sequence[Finding],
    position: Mapping[str, int],
    *,
    markdown: bool,
) -> dict[str, Any] | None:
    """What is to be said at this position; None where there is nothing."""
    from portside.lsp.port_hover import port_at, section

    offset = document.buffer.offset(position)
    here = [finding for finding in found if finding.span.start <= offset <= finding.span.end]
    port = port_at(project, document, offset)
    parts = [section(project, port.number)] if port is not None else []
    if not markdown:
        parts = [_plain(part) for part in parts]
    parts += dict.fromkeys(_page(finding, markdown=markdown) for finding in here)
    spans = [finding.span for finding in here] + ([port.span] if port is not None else [])
    if not parts:
        return None
    return {
        "contents": {"kind": "markdown" if markdown else "plaintext", "value": "\n\n---\n\n".join(parts)},
        "range": document.buffer.range(spans[0]),
    }


def _plain(text: str) -> str:
    """The text without emphasis, and of its links what they say."""
    return _LINK.sub(r"\1", text).replace("**", "")


def _page(finding: Finding, *, markdown: bool) -> str:
    from portside.rules import by_name

    rule = by_name(finding.code)
    documentation = rule.documentation.strip() if rule is not None else ""
    if not markdown:
        return f"{finding.code} {finding.name}\n{finding.message}\n\n{documentation}"
    # Headings fill an editor's hover with large type; bold lines say as much.
    body = _HEADING.sub(r"**\1**", documentation)
    link = f"[{finding.code} {finding.name}]({rule_url(finding.code, finding.name)})"
    return f"**{link}**\n\n{finding.message}\n\n{body}"

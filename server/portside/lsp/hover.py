"""A rule's page, where one of its findings is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from portside.knowledge.pages import rule_url
from portside.lint.finding import Finding
from portside.lsp.documents import Document

_HEADING = re.compile(r"^#+ *(.+)$", re.MULTILINE)


def hover(
    document: Document, found: Sequence[Finding], position: Mapping[str, int], *, markdown: bool
) -> dict[str, Any] | None:
    """The pages of the findings at this position; None where there are none."""
    offset = document.buffer.offset(position)
    here = [finding for finding in found if finding.span.start <= offset <= finding.span.end]
    if not here:
        return None
    pages = dict.fromkeys(_page(finding, markdown=markdown) for finding in here)
    return {
        "contents": {"kind": "markdown" if markdown else "plaintext", "value": "\n\n---\n\n".join(pages)},
        "range": document.buffer.range(here[0].span),
    }


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

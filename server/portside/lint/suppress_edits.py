"""Edits that write, extend and take out `# portside: ignore[…]` comments."""

from __future__ import annotations

from collections.abc import Sequence

from portside.lint.directives import Directive, Word, directives
from portside.lint.finding import Applicability, Edit, Finding, Fix
from portside.lint.layout import Layout
from portside.lint.source import SourceFile, Span


def removal(directive: Directive, source: SourceFile, rest: tuple[Word, ...]) -> Fix:
    """Take out the directive, or leave only these words in it."""
    if rest and directive.words:
        inside = Span(directive.words[0].span.start, directive.words[-1].span.end)
        edit = Edit(source.path, inside, ", ".join(word.text for word in rest))
        return Fix("Remove what this comment need not ignore", (edit,), Applicability.SAFE)
    span = _removed_span(directive, source)
    above = source.text[: span.start]
    if above.endswith(("\n", "\r")) and above.rstrip("\r\n").endswith("\\"):
        # A statement that goes on in this line needs one to end in.
        edit = Edit(source.path, directive.span, "#")
    else:
        edit = Edit(source.path, span, "")
    return Fix("Remove the unused ignore comment", (edit,), Applicability.SAFE)


def _removed_span(directive: Directive, source: SourceFile) -> Span:
    """The directive with the blanks before it; its whole line where nothing else stands on it."""
    text, line = source.text, source.line_span(directive.line)
    start, end = directive.span.start, directive.span.end
    before = text[line.start : start].rstrip(" \t\f")
    after = text[end : line.end].strip()
    if not before.strip(" \t\f\ufeff") and not after:
        return Span(line.start + len(before), line.end)
    if after and directive.span.start == directive.comment.start:
        return Span(start, end)  # another tool's comment moves up to this place
    return Span(line.start + len(before), end if not after else start + len(text[start:end].rstrip()))


def ignore_fix(
    finding: Finding, source: SourceFile, layout: Layout, present: Sequence[Directive] | None = None
) -> Fix | None:
    """An action that silences this finding where it stands; None where no comment can be put.

    present: all directives of the file, where they have been looked for.
    """
    title = f"Ignore {finding.name} on this line"
    lines = layout.lines_of(finding.span)
    for directive in directives(source, layout) if present is None else present:
        extendable = directive.is_known and directive.closed and not directive.whole_file
        extendable = extendable and directive.words is not None
        if extendable and directive.line in lines:
            return Fix(title, (_extension(directive, finding.name, source),), Applicability.SAFE)
    place = layout.comment_place(finding.span)
    if place is None:
        return None
    comment = f"{place.before}{layout.mark} portside: ignore[{finding.name}]{place.after}"
    return Fix(title, (Edit(source.path, place.span, comment),), Applicability.SAFE)


def _extension(directive: Directive, name: str, source: SourceFile) -> Edit:
    if directive.words:
        end = directive.words[-1].span.end
        return Edit(source.path, Span(end, end), f", {name}")
    place = source.text.index("[", directive.span.start) + 1
    return Edit(source.path, Span(place, place), name)

"""Comments that silence findings: `# portside: ignore[hardcoded-port]`.

    port = 8000  # portside: ignore[hardcoded-port, PS101]   these two, on this line
    port = 8000  # portside: ignore                          whatever is found on this line
    # portside: ignore-file[hardcoded-port]                  this one, in the whole file

The comment counts on the line where a finding starts, and on the last line of
the statement that holds it. In a launch file it counts on a line of its own above
that statement, too: many of those formats know no other comments. Text in strings
is no comment. A comment that silences nothing is itself reported (`unused-suppression`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import takewhile

from portside.lint.directives import KINDS, Directive, Word, directives
from portside.lint.finding import Applicability, Edit, Finding, Fix, Severity
from portside.lint.layout import Layout
from portside.lint.selection import RuleNames, Selection
from portside.lint.source import SourceFile, Span
from portside.lint.suppress_edits import removal
from portside.records import dataclass

_CLOSING = re.compile(r"[\"'`)}\]]*")
# What has more words that name no rule is no list of rules, and is one finding.
_MOST_UNKNOWN = 20
UNUSED_SUPPRESSION = "PS001"
UNUSED_SUPPRESSION_NAME = "unused-suppression"


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is left of some findings, and what the comments themselves give rise to."""

    kept: tuple[Finding, ...]
    about_comments: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What a comment is judged by.

    failed: codes of rules that gave no answer; whether a comment for them is
    needed isn't known, so nothing is said of it.
    """

    source: SourceFile
    layout: Layout
    names: RuleNames
    selection: Selection
    failed: frozenset[str] = frozenset()


def sift(findings: Iterable[Finding], context: Context) -> Sifted:
    """Separate what the file's comments silence from what is left."""
    present = directives(context.source, context.layout)
    if not present:
        return Sifted(tuple(findings), ())
    used: dict[Span, set[str]] = {directive.span: set() for directive in present}
    whole = [directive for directive in present if directive.whole_file]
    by_line: defaultdict[int, list[Directive]] = defaultdict(list)
    for directive in present:
        if not directive.whole_file:
            by_line[directive.line].append(directive)

    def silenced(finding: Finding) -> bool:
        lines = context.layout.lines_of(finding.span)
        near = (d for line in dict.fromkeys(lines) for d in by_line.get(line, ()))
        silencing = [d for d in (*whole, *near) if _speaks_of(d, finding, context.names)]
        for directive in silencing:
            used[directive.span].add(finding.code)
        return bool(silencing)

    kept = tuple(finding for finding in findings if not silenced(finding))
    said = [finding for d in present for finding in _judge(d, used[d.span], context)]
    about = tuple(finding for finding in said if not silenced(finding))
    return Sifted(kept, about if context.selection.enables(UNUSED_SUPPRESSION) else ())


def _speaks_of(directive: Directive, finding: Finding, names: RuleNames) -> bool:
    """Of one that counts where the finding is."""
    if not directive.is_known or _outside(directive, names):
        return False
    if directive.words is None:
        # A bare comment must not be able to hide that it is itself unused.
        return finding.code != UNUSED_SUPPRESSION
    return directive.closed and any(names.code(word.text) == finding.code for word in directive.words)


def _outside(directive: Directive, names: RuleNames) -> tuple[Word, ...]:
    """The rules that a comment names without brackets: it must not silence others, too."""
    return tuple(takewhile(lambda word: names.code(word.text) is not None, directive.outside))


def _judge(directive: Directive, used: set[str], context: Context) -> Iterator[Finding]:
    """What is wrong with a comment that has silenced these codes."""
    if not directive.is_known:
        yield _misspelt(directive, context)
    elif named := _outside(directive, context.names):
        inside = f"[{', '.join(word.text for word in named)}]"
        closing = _CLOSING.match(context.source.text, named[-1].span.end)
        behind = closing.end() if closing else named[-1].span.end
        edit = Edit(context.source.path, Span(directive.kind.span.end, behind), inside)
        fix = Fix(f"Change to {directive.kind.text}{inside}", (edit,), Applicability.UNSAFE)
        message = f"this comment names `{named[0].text}` outside of brackets, so it ignores nothing"
        yield _finding(directive.span, message, (fix,))
    elif not directive.closed:
        yield _finding(directive.span, "this comment has no closing `]`, so it ignores nothing", ())
    elif directive.words is None:
        # A rule that is off, or failed, might have been what it was written for.
        if not used and not context.failed and context.selection.enabled is None:
            message = f"nothing is found {_where(directive)}, so this comment ignores nothing"
            yield _finding(directive.span, message, (removal(directive, context.source, ()),))
    else:
        yield from _judge_idle(directive, used, context)
        unknown = [word for word in directive.words if context.names.code(word.text) is None]
        if len(unknown) > _MOST_UNKNOWN:
            yield _unknown(directive, tuple(unknown), context)
        else:
            yield from (_unknown(directive, (word,), context) for word in unknown)


def _misspelt(directive: Directive, context: Context) -> Finding:
    from difflib import get_close_matches  # noqa: PLC0415 - few ask, and every start would wait for it

    kind = directive.kind
    message = f"`{kind.text}` is nothing that a comment can say here, so it ignores nothing"
    near = next(iter(get_close_matches(kind.text.lower(), KINDS, 1)), None)
    if near is None:
        return _finding(directive.span, f"{message}; `ignore` and `ignore-file` are", ())
    edit = Edit(context.source.path, kind.span, near)
    fix = Fix(f"Change to {near}", (edit,), Applicability.UNSAFE)
    return _finding(directive.span, f"{message}; `{near}` is", (fix,))


def _judge_idle(directive: Directive, used: set[str], context: Context) -> Iterator[Finding]:
    words = directive.words or ()
    idle = tuple(word for word in words if _idle(word, used, context))
    if not idle and words:
        return
    gone = frozenset(idle)
    rest = tuple(word for word in words if word not in gone)
    fix = removal(directive, context.source, rest)
    yield _finding(directive.span, _idle_message(directive, idle), (fix,))


def _idle(word: Word, used: set[str], context: Context) -> bool:
    code = context.names.code(word.text)
    if code is None or code in used or code in context.failed or code == UNUSED_SUPPRESSION:
        return False
    return context.selection.enables(code)


def _idle_message(directive: Directive, idle: tuple[Word, ...]) -> str:
    if not idle:
        return "this comment names no rule, so it ignores nothing"
    named = ", ".join(f"`{word.text}`" for word in idle)
    verb = "is" if len(idle) == 1 else "are"
    return f"{named} {verb} not found {_where(directive)}, so there is nothing to ignore"


def _where(directive: Directive) -> str:
    return "in this file" if directive.whole_file else "on this line"


def _unknown(directive: Directive, words: tuple[Word, ...], context: Context) -> Finding:
    word, gone = words[0], frozenset(words)
    rest = tuple(other for other in directive.words or () if other not in gone)
    fixes: tuple[Fix, ...] = (removal(directive, context.source, rest),)
    if len(words) > 1:
        message = f"{len(words)} words of this comment name no rule, so they ignore nothing"
        return _finding(directive.span, message, fixes)
    message = f"`{word.text}` names no rule, so it ignores nothing"
    near = context.names.nearest(word.text)
    if near is not None:
        edit = Edit(context.source.path, word.span, near)
        fixes = (Fix(f"Change to {near}", (edit,), Applicability.UNSAFE), *fixes)
        message += f"; `{near}` does"
    return _finding(word.span, message, fixes)


def _finding(span: Span, message: str, fixes: tuple[Fix, ...]) -> Finding:
    name = UNUSED_SUPPRESSION_NAME
    return Finding(UNUSED_SUPPRESSION, name, span, message, Severity.INFORMATION, fixes=fixes)

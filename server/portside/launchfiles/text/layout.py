"""Where comments are, and may be, in a launch file.

Dockerfiles, systemd units, `.env` files and Procfiles know comments on lines of their own only, and in the
others a comment may not follow everything. So in each of them a comment speaks of the statement below it.
"""

from __future__ import annotations

import re

from portside.launchfiles.facts import Format
from portside.lint.layout import CommentPlace
from portside.lint.source import SourceFile, Span
from portside.records import cached_property, dataclass

_JSON = frozenset({Format.VSCODE_LAUNCH, Format.VSCODE_TASKS})
_YAML = frozenset({Format.COMPOSE, Format.KUBERNETES})
# Here a `#` behind something else is a part of it.
_OWN_LINES_ONLY = frozenset({Format.DOCKERFILE, Format.SYSTEMD, Format.PROCFILE})
# A line that ends in a backslash goes on in the next one.
_CONTINUED = frozenset({Format.DOCKERFILE, Format.SYSTEMD, Format.SHELL, Format.MAKEFILE})
_QUOTED = r"'[^'\n]*'|\"(?:\\.|[^\"\\\n])*\""
_HASH = re.compile(rf"{_QUOTED}|\\.|(?P<comment>(?:(?<=[ \t;&|])|^)#[^\r\n]*)", re.MULTILINE)
_SLASHES = re.compile(r'"(?:\\.|[^"\\\n])*"|(?P<comment>//[^\r\n]*|/\*.*?\*/)', re.DOTALL)


@dataclass(frozen=True)
class LaunchLayout:
    """The `Layout` of one launch file; costs nothing until a comment is in question."""

    source: SourceFile
    format: Format

    @property
    def mark(self) -> str:
        return "//" if self.format in _JSON else "#"

    def comment_at(self, offset: int) -> Span | None:
        if self.format is Format.PACKAGE_JSON:
            return None
        line = self.source.line_of(offset)
        if self.format in _OWN_LINES_ONLY:
            return self._own_line(line)
        return next((c for c in self._comments if c.start <= offset < c.end), None)

    def lines_of(self, span: Span) -> tuple[int, ...]:
        if self.format is Format.PACKAGE_JSON:
            return ()
        line = self.source.line_of(span.start)
        first, last = self._statement(line)
        return tuple(dict.fromkeys((line, last, first, *self._above(line), *self._above(first))))

    def comment_place(self, span: Span) -> CommentPlace | None:
        if self.format is Format.PACKAGE_JSON:
            return None
        line, _ = self._statement(self.source.line_of(span.start))
        start = self.source.line_span(line).start
        # In a recipe an indented comment would be the shell's, and shown.
        indent = "" if self.format is Format.MAKEFILE else self._indent(line)
        return CommentPlace(Span(start, start), indent, self.source.newline)

    @cached_property
    def _comments(self) -> tuple[Span, ...]:
        pattern = _SLASHES if self.format in _JSON else _HASH
        found = pattern.finditer(self.source.text)
        return tuple(Span(*match.span("comment")) for match in found if match["comment"])

    def _above(self, line: int) -> range:
        """The comments that stand directly above a line."""
        first = line
        while first > 0 and self._own_line(first - 1) is not None:
            first -= 1
        return range(first, line)

    def _own_line(self, line: int) -> Span | None:
        """The comment that this line is."""
        whole = self.source.line_span(line)
        text = self.source.slice(whole)
        content = text.strip()
        if not content.startswith(self.mark):
            return None
        start = whole.start + text.index(content)
        return Span(start, start + len(content))

    def _statement(self, line: int) -> tuple[int, int]:
        """The first and the last line of the statement that holds this line."""
        if self.format in _YAML:
            return next(
                ((first, last) for first, last in self._scalars if first <= line <= last), (line, line)
            )
        if self.format not in _CONTINUED:
            return line, line
        first = last = line
        while first > 0 and self._continues(first - 1):
            first -= 1
        while self._continues(last):
            last += 1
        return first, last

    def _continues(self, line: int) -> bool:
        """Whether the next line belongs to this one's statement."""
        if line + 1 >= len(self.source.line_starts):
            return False
        while line > 0 and self._is_passed_over(line):
            line -= 1
        return self._line(line).endswith("\\") and not self._is_passed_over(line)

    def _is_passed_over(self, line: int) -> bool:
        """Blank lines and comments don't end a Dockerfile's instruction that goes on."""
        text = self._line(line).lstrip()
        return self.format is Format.DOCKERFILE and (not text or text.startswith("#"))

    @cached_property
    def _scalars(self) -> tuple[tuple[int, int], ...]:
        """The first and the last line of every YAML scalar that goes over several lines."""
        import yaml  # noqa: PLC0415 - takes as long to load as checking a few files

        found: list[tuple[int, int]] = []
        unmarked = self.source.text.startswith("\ufeff")  # libyaml does not count a byte order mark
        try:
            for token in yaml.scan(self.source.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if isinstance(token, yaml.ScalarToken):
                    # By offsets: YAML knows more line ends than an editor.
                    first = self.source.line_of(token.start_mark.index + unmarked)
                    end = token.end_mark.index + unmarked - (token.end_mark.column == 0)
                    last = self.source.line_of(min(end, len(self.source.text)))
                    if last > first:
                        found.append((first, last))
        except yaml.YAMLError:
            pass  # what comes before the error counts
        return tuple(found)

    def _line(self, line: int) -> str:
        return self.source.slice(self.source.line_span(line)).rstrip("\r\n")

    def _indent(self, line: int) -> str:
        text = self._line(line)
        return text[: len(text) - len(text.lstrip())]

"""Every command of a launch file of any format, ready to be replaced (command_sites.py)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from portside.launchfiles.lines.line_commands import code_blocks, inline_code
from portside.launchfiles.moving.command_sites import Holder, Piece, Site, list_sites, text_sites
from portside.launchfiles.moving.writing import (
    Pen,
    as_it_is,
    doubled_dollars,
    doubled_percents,
    in_json,
    in_unit,
    json_string,
    pen,
)
from portside.launchfiles.names import Kind, is_shell_by_first_line, kind_of, name_of
from portside.launchfiles.text.words import Word, exec_words
from portside.lint.source import Span

Reader = Callable[[str], Iterator[Site]]


def command_sites(path: str, text: str) -> Iterator[Site]:
    """The commands of the file at `path`; none where its kind is not known, or has no place for others."""
    kind = kind_of(name_of(path))
    if kind is Kind.NO_SUFFIX and is_shell_by_first_line(text):
        kind = Kind.SHELL
    reader = _READERS.get(kind) if kind is not None else None
    if reader is not None:
        yield from reader(text)


def _stretch(text: str, start: int, end: int) -> Word:
    return Word(text[start:end], start, end, start)


def _shell(text: str) -> Iterator[Site]:
    yield from text_sites(_stretch(text, 0, len(text)), Pen())


def _makefile(text: str) -> Iterator[Site]:
    """Recipes; each line, with those that it goes on in, has a shell and a folder of its own."""
    for recipe in re.finditer(r"^\t(?P<line>(?:\\\r?\n|[^\n])*)", text, re.MULTILINE):
        yield from text_sites(
            _stretch(text, *recipe.span("line")), pen(as_it_is, doubled_dollars), shape=_of_make
        )


def _of_make(site: Site) -> Site:
    return replace(site, make=True)


def _justfile(text: str) -> Iterator[Site]:
    for recipe in re.finditer(r"^[ \t]+(?P<line>(?:\\\r?\n|[^\n])*)", text, re.MULTILINE):
        yield from text_sites(_stretch(text, *recipe.span("line")), Pen())


def _procfile(text: str) -> Iterator[Site]:
    for line in re.finditer(r"^[\w-]+:[ \t]*(?P<command>[^\r\n]*)", text, re.MULTILINE):
        yield from text_sites(_stretch(text, *line.span("command")), Pen())


# Units and ini files

_SETTING = re.compile(
    r"^[ \t]*(?P<key>Exec\w+|command)[ \t]*=[ \t]*(?P<before>[@\-:+!]*)(?P<value>(?:\\\r?\n|[^\r\n])*)",
    re.MULTILINE,
)
_ENVIRONMENT = re.compile(r"^[ \t]*Environment[ \t]*=(?P<value>.*)$", re.MULTILINE)


def _unit(text: str) -> Iterator[Site]:
    """Systemd's `ExecStart=`, supervisor's `command=`: split into words as a shell would, run by none."""
    names = (re.findall(r"(\w+)=", found["value"]) for found in _ENVIRONMENT.finditer(text))
    variables = frozenset(name for found in names for name in found)
    folder = re.search(r"^[ \t]*(?:WorkingDirectory|directory)[ \t]*=[ \t]*(?P<path>\S+)", text, re.MULTILINE)
    for found in _SETTING.finditer(text):
        is_unit = found["key"] != "command"

        def shape(site: Site, known: frozenset[str] = variables if is_unit else frozenset()) -> Site:
            return replace(site, variables=known, variable_form="${{{}}}", sh="/bin/sh")

        own = pen(as_it_is, in_unit if is_unit else doubled_percents)
        directory = folder["path"] if folder else None
        yield from text_sites(
            _stretch(text, *found.span("value")), own, shape=shape, shell=False, directory=directory
        )


# Dockerfiles

_INSTRUCTION = re.compile(
    r"^[ \t]*(?:ONBUILD[ \t]+)?(?P<name>[A-Za-z]+)[ \t]+"
    r"(?P<rest>(?:\\[ \t]*\r?\n(?:[ \t]*\#[^\n]*\n)*|[^\r\n])*)",
    re.MULTILINE,
)
_OPTIONS = re.compile(r"(?:--\S+[ \t]+|\\\r?\n[ \t]*)*(?:CMD[ \t]+)?")


def _dockerfile(text: str) -> Iterator[Site]:
    entrypoint: tuple[Piece, ...] = ()
    directory: str | None = None
    for found in _INSTRUCTION.finditer(text):
        name, (start, end) = found["name"].upper(), found.span("rest")
        if name == "FROM":
            entrypoint = ()
        elif name == "WORKDIR":
            directory = found["rest"].strip()
        if name not in {"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"}:
            continue
        options = _OPTIONS.match(text, start, end)
        start = options.end() if options is not None else start
        if not text.startswith("[", start):
            yield from text_sites(_stretch(text, start, end), Pen(), directory=directory)
            continue
        holder = Holder(False, pen(json_string), ", ", takes_more=name == "ENTRYPOINT")
        pieces = _items(text, start, end)
        if name == "ENTRYPOINT":
            entrypoint = pieces
        if pieces:
            yield from list_sites(Site(pieces, (holder,), False, directory=directory))
        if name == "CMD" and entrypoint:
            first = Holder(False, pen(json_string), ", ", takes_more=True)
            behind = tuple(replace(piece, holder=1) for piece in pieces)
            yield Site((*entrypoint, *behind), (first, holder), False, directory=directory)


def _items(text: str, start: int, end: int) -> tuple[Piece, ...]:
    return tuple(
        Piece(word, word.text, Span(word.start, word.end), inside=pen(in_json))
        for word in exec_words(text, start, end)
    )


# Markdown


def _markdown(text: str) -> Iterator[Site]:
    for start, end in code_blocks(text):
        yield from text_sites(_stretch(text, start, end), Pen())


def _readme(text: str) -> Iterator[Site]:
    for start, end in (*code_blocks(text), *inline_code(text)):
        yield from text_sites(_stretch(text, start, end), Pen())


# YAML and JSON are read late: PyYAML takes as long to import as checking a few files.


def _yaml(text: str) -> Iterator[Site]:
    from portside.launchfiles.moving.yaml_sites import yaml_sites  # noqa: PLC0415

    yield from yaml_sites(text)


def _json(text: str) -> Iterator[Site]:
    from portside.launchfiles.moving.yaml_sites import json_sites  # noqa: PLC0415

    yield from json_sites(text)


_READERS: Mapping[Kind, Reader] = {
    Kind.DOCKERFILE: _dockerfile,
    Kind.COMPOSE: _yaml,
    Kind.PROCFILE: _procfile,
    Kind.MAKEFILE: _makefile,
    Kind.SHELL: _shell,
    Kind.SYSTEMD: _unit,
    Kind.PACKAGE_JSON: _json,
    Kind.VSCODE_TASKS: _json,
    Kind.YAML: _yaml,
    Kind.YAML_TEMPLATE: _yaml,
    Kind.JUSTFILE: _justfile,
    Kind.INI: _unit,
    Kind.JSON: _json,
    Kind.README: _readme,
    Kind.MARKDOWN: _markdown,
}

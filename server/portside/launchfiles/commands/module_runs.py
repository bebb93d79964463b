"""Launches of vLLM's server as a module (`python -m vllm.entrypoints.…`), and the command of today."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portside.knowledge.vllm_entrypoints import COMMAND, DEMO
from portside.launchfiles.facts import Launch
from portside.launchfiles.moving.word_edits import (
    follow_each_other,
    quoted_like,
    rewritten,
    without,
    word_span,
    written,
)
from portside.launchfiles.text.words import Command, Word
from portside.lint.finding import Edit
from portside.lint.source import SourceFile, Span
from portside.records import dataclass

_PYTHON = re.compile(r"(?P<folder>.*/)?(python|pypy)[\d.]*", re.IGNORECASE)
_MODEL = "--model"


@dataclass(frozen=True, slots=True)
class ModuleRun:
    """python, module: the places of these words in the launch's command."""

    launch: Launch
    python: int
    module: int

    @property
    def name(self) -> str:
        return self.launch.command[self.module].text

    def span(self, source: SourceFile) -> Span:
        """Where the module is named, or what stands for it: a variable."""
        named = self.word.span(0, len(self.name))
        return named if source.slice(named) == self.name else Span(self.word.start, self.word.end)

    @property
    def word(self) -> Word:
        return self.launch.command[self.module]


def module_run(launch: Launch) -> ModuleRun | None:
    """Where the command runs one of the modules that `vllm serve` has replaced."""
    words = launch.command
    for index in range(len(words) - 1):
        if words[index].text == "-m" and words[index + 1].text in (COMMAND, DEMO):
            python = next((at for at in range(index) if _PYTHON.fullmatch(words[at].text)), None)
            return ModuleRun(launch, index if python is None else python, index + 1)
    return None


def serve_edits(source: SourceFile, run: ModuleRun) -> tuple[Edit, ...] | None:
    """`vllm serve MODEL …` in its place, word for word; None where the command does not name the model.

    A model that stands elsewhere than the module (in CMD behind an ENTRYPOINT, in `args`) stays there.
    """
    words = run.launch.command
    # Not what a variable stands for: it may name an interpreter of an environment that is not on the path.
    python = _PYTHON.fullmatch(source.text[words[run.python].start : words[run.python].end].strip("\"'"))
    options = [*_model_options(words, run.module + 1)]
    if python is None or len(options) != 1 or run.module < run.python + 2:
        return None
    first, last = options[0]
    value = _value(source, words, first, last)
    edits: list[Edit | None] = [
        rewritten(source, words[run.python], f"{python['folder'] or ''}vllm"),
        rewritten(source, words[run.module - 1], "serve"),
    ]
    if run.module > run.python + 2:  # options of the interpreter
        edits.append(without(source, words, run.python + 1, run.module - 2))
    if follow_each_other(source, words, run.module, last):
        edits += (Edit(source.path, word_span(source, run.word), value), without(source, words, first, last))
    else:
        edits.append(without(source, words, run.module, run.module))
        whole = Edit(source.path, word_span(source, words[last]), value)
        edits.append(whole if first == last else without(source, words, first, first))
    found = tuple(edit for edit in edits if edit is not None)
    return found if len(found) == len(edits) else None


def _value(source: SourceFile, words: Command, first: int, last: int) -> str:
    """The model as it is to be written."""
    raw = written(source, words[last])
    if first != last:
        return raw
    quotes = quoted_like(raw, "")
    edge = len(quotes) // 2
    return quoted_like(raw, raw[edge + len(_MODEL) + 1 : len(raw) - edge])


def _model_options(words: Command, start: int) -> Iterator[tuple[int, int]]:
    """The first and the last word of each option that names the model."""
    for index in range(start, len(words)):
        if words[index].text.startswith(f"{_MODEL}="):
            yield index, index
        elif words[index].text == _MODEL and index + 1 < len(words):
            yield index, index + 1

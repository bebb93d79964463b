"""A service's `command` behind the ENTRYPOINT of the image it is built from: one command of two files."""

from __future__ import annotations

import dataclasses

from portside.launchfiles.commands.commands import launches
from portside.launchfiles.facts import LaunchFile, Unit
from portside.launchfiles.graph.around import Place
from portside.launchfiles.graph.listeners import Listener, Process
from portside.launchfiles.text.words import Command, Word
from portside.lint.source import Span


def behind(
    process: Process, file: LaunchFile, unit: Unit, entry: Command, path: str
) -> tuple[list[Listener], bool]:
    """The listeners, each with the file that its port stands in. entry: words of the file at `path`.

    Those words are moved behind the end of the service while they are read, so that places can be told apart.
    """
    command = unit.command or ()
    far = max((word.end for word in command), default=0) + unit.span.end + 1
    words = (*(_moved(word, far) for word in entry), *command)
    started = list(launches(words, unit.command_form, {}, unit.folder))
    heard, known = process.listeners(started, file)
    return [_told_apart(one, far, path) for one in heard], known


def _moved(word: Word, by: int) -> Word:
    places = tuple(place + by for place in word.places)
    return Word(word.text, word.start + by, word.end + by, word.inner + by, places)


def _told_apart(listener: Listener, far: int, path: str) -> Listener:
    digits = _back(listener.digits, far, path) if listener.digits is not None else None
    place, launch = _back(listener.place, far, path), _back(listener.launch, far, path)
    return dataclasses.replace(listener, place=place, digits=digits, launch=launch)


def _back(place: Place, far: int, path: str) -> Place:
    if place.span.start < far:
        return place
    start = place.span.start - far
    return Place(path, Span(start, max(place.span.end - far, start)))

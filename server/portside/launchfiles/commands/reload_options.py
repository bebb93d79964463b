"""The words of a command that make a server watch its files, and those that only say how."""

from __future__ import annotations

from portside.launchfiles.facts import Launch

# uvicorn, granian, gunicorn, hypercorn, fastapi: which of them take a value.
_FLAGS = frozenset({"--reload", "--reload-ignore-worker-failure"})
_VALUED = frozenset(
    {"--reload-dir", "--reload-include", "--reload-exclude", "--reload-delay", "--reload-engine"}
    | {"--reload-extra-file", "--reload-paths", "--reload-ignore-dirs", "--reload-ignore-patterns"}
    | {"--reload-ignore-paths", "--reload-tick"}
)


def reload_words(launch: Launch) -> tuple[tuple[int, int], ...]:
    """The first and the last index of each stretch of words; next to each other they are one."""
    found: list[tuple[int, int]] = []
    for index, word in enumerate(launch.command):
        option, _, _ = word.text.partition("=")
        if option in _FLAGS or (option in _VALUED and "=" in word.text):
            found.append((index, index))
        elif option in _VALUED and index + 1 < len(launch.command):
            found.append((index, index + 1))
    return tuple(_merged(found))


def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in stretches:
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = merged[-1][0], last
        else:
            merged.append((first, last))
    return merged

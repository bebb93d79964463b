"""What the workspace says of the Python code that a launch starts."""

from __future__ import annotations

from portside.records import dataclass


@dataclass(frozen=True, slots=True)
class Launched:
    """path: the one file that it means, relative to the workspace; None where that can't be told.

    missing: the path that would have to exist, where it is certain that there is none. names: what the
    module binds; None where its source does not tell. apps: those of them that are web apps. ends_at_once:
    whether the file defines an app and does nothing else, so that running it as a script ends without a word.
    is_vllm_code: whether it, or what it imports, imports vLLM.
    """

    path: str | None = None
    missing: str | None = None
    names: frozenset[str] | None = None
    apps: tuple[str, ...] = ()
    ends_at_once: bool = False
    is_vllm_code: bool = False


UNKNOWN = Launched()

"""One attempt -> what failed in it: the cause, not what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from portside.failures import place
from portside.failures.evidence import Attempt, Sighting
from portside.failures.failure import UNKNOWN, Failure, Place
from portside.failures.tracebacks import Raised
from portside.knowledge import failures_ports as ports
from portside.knowledge import secrets
from portside.knowledge.failures import Rank, by_name

OWN_CODE = "exception-in-your-code"
"""The name of a failure that the user's own code raised."""

_LONGEST_EVIDENCE = 400
# Not failures: somebody ended it.
_ENDINGS = ("KeyboardInterrupt", "SystemExit", "CancelledError", "GeneratorExit", "EngineDeadError")


def diagnose(attempt: Attempt, folder: str | None) -> list[Failure]:
    """The failures of the attempt, the first to be told of first; none where nothing failed."""
    causes = _causes(attempt)
    if causes:
        return [_described(attempt, sighting, folder) for sighting in causes]
    if (main := _symptom_or_exception(attempt)) is not None:
        if isinstance(main, Sighting):
            return [_described(attempt, main, folder)]
        return [_unknown(attempt, main, folder)]
    if pointers := _of_rank(attempt, Rank.POINTER):
        return [_described(attempt, pointers[-1], folder)]
    return _complained(attempt)


def _of_rank(attempt: Attempt, rank: Rank) -> list[Sighting]:
    return [sighting for sighting in attempt.sightings if sighting.entry.rank is rank]


# -- which ---------------------------------------------------------------------------------


def _causes(attempt: Attempt) -> list[Sighting]:
    """What says why: one for each kind, and of a chain of exceptions the last, which was meant for people."""
    found = _of_rank(attempt, Rank.CAUSE)
    chosen: list[Sighting] = []
    for sighting in found:
        if any(_leads_to(sighting, other) for other in found):
            continue
        if all(other.entry is not sighting.entry for other in chosen):
            chosen.append(sighting)
    guarded = {sighting.entry.name for sighting in chosen}
    if "no-main-guard" in guarded or _ran_twice(attempt):
        chosen = [
            sighting for sighting in chosen if sighting.entry.name != "port-taken" or _ran_twice(attempt)
        ]
    return _children_first(attempt, chosen)


def _leads_to(sighting: Sighting, other: Sighting) -> bool:
    """Whether the exception of one was printed as the reason of the other's, which knows more."""
    if sighting.raised is None or other.raised is None or other.raised is sighting.raised:
        return False
    return sighting.raised in other.raised.chain()


def _children_first(attempt: Attempt, chosen: list[Sighting]) -> list[Sighting]:
    """Where the engine failed, what its processes said before that comes first."""
    pointers = _of_rank(attempt, Rank.POINTER)
    if not pointers:
        return chosen
    before = [sighting for sighting in chosen if sighting.line.number <= pointers[-1].line.number]
    return before + [sighting for sighting in chosen if sighting not in before]


def _symptom_or_exception(attempt: Attempt) -> Sighting | Raised | None:
    pointers = _of_rank(attempt, Rank.POINTER)
    symptoms = _of_rank(attempt, Rank.SYMPTOM)
    raised = [one for one in attempt.raised if not _is_explained(one, pointers) and not _is_ending(one)]
    if pointers and pointers[0].entry.name == "engine-failed":
        outside = [one for one in raised if one.line.process[0] != "APIServer"]
        raised = _before(raised, pointers[-1].line.number) or outside
        children = [one for one in raised if one.line.process[0] not in ("", "APIServer")]
        return _earliest([*symptoms, *(_root(one) for one in (children or raised)[:1])])
    if not raised:
        return symptoms[0] if symptoms else None
    last = raised[-1]
    of_last = [
        sighting for sighting in symptoms if sighting.raised is not None and sighting.raised in last.chain()
    ]
    if of_last:
        return of_last[-1]
    return _earliest([*symptoms, _root(last)]) if not last.frames else _root(last)


def _is_explained(raised: Raised, sightings: Iterable[Sighting]) -> bool:
    return any(sighting.raised is raised for sighting in sightings)


def _is_ending(raised: Raised) -> bool:
    return raised.type.rpartition(".")[2] in _ENDINGS


def _before(raised: list[Raised], number: int) -> list[Raised]:
    return [one for one in raised if one.number < number]


def _root(raised: Raised) -> Raised:
    """What it was raised from; an exception in the handling of another stands for itself."""
    while raised.direct and raised.before is not None and raised.before.frames:
        raised = raised.before
    return raised


def _earliest(found: list[Sighting | Raised]) -> Sighting | Raised | None:
    def number(one: Sighting | Raised) -> int:
        return one.line.number

    return min(found, key=number, default=None)


def _ran_twice(attempt: Attempt) -> bool:
    """Whether a child of the program's own started the same server again, and met its parent's port."""
    names = {sighting.entry.name for sighting in attempt.sightings}
    return len(attempt.started) > 1 and {"port-taken", "engine-failed"} <= names


# -- in which words ------------------------------------------------------------------------


def _described(attempt: Attempt, sighting: Sighting, folder: str | None) -> Failure:
    entry, groups = sighting.entry, sighting.groups
    failure = Failure(
        name=entry.name,
        happened=_safe(entry.said(groups)),
        cause=_safe(entry.filled(entry.why, groups)),
        evidence=_evidence(sighting.line.text),
        line=sighting.line.number,
        where=_where(attempt, sighting.raised, folder),
        process=_process(sighting.line.process),
        remedies=tuple(_safe(text) for do in entry.do if (text := entry.filled(do, groups))),
        rules=entry.rules,
    )
    return _in_sequence(attempt, sighting, failure) if entry.name == "port-taken" else failure


def _in_sequence(attempt: Attempt, sighting: Sighting, failure: Failure) -> Failure:
    """A taken port tells more by what came before it."""
    port = sighting.groups.get("port")
    itself = (
        f"port {port} is taken by this program itself" if port else "the port is taken by this program itself"
    )
    if _ran_twice(attempt):
        guard = by_name("no-main-guard")
        assert guard is not None
        return replace(
            failure,
            name=guard.name,
            happened=itself,
            cause=ports.TWICE_WHY,
            remedies=guard.do,
            rules=guard.rules,
        )
    if port is not None and port in attempt.rendezvous:
        failure = replace(failure, remedies=("unset VLLM_PORT; the API's port is `--port`",))
        return replace(failure, happened=itself, cause=ports.SELF_WHY, rules=("vllm-port-misuse",))
    if attempt.ready_at is not None and attempt.ready_at.number < failure.line:
        return replace(failure, cause=ports.TAKEN_LATE_WHY, rules=("uvicorn-run-in-main", *failure.rules))
    return failure


def _unknown(attempt: Attempt, raised: Raised, folder: str | None) -> Failure:
    where = _where(attempt, raised, folder)
    own = bool(raised.frames) and place.is_users(raised.frames[-1].file)
    process = _process(raised.line.process)
    who = f"{process} ended with " if process else "your code raised " if own else "it ended with "
    return Failure(
        name=OWN_CODE if own else UNKNOWN,
        happened=_safe(who + _shortened(raised.title)),
        cause="it was raised in your own code, not in a library" if own else "",
        evidence=_evidence(f"{raised.type}: {raised.message}" if raised.message else raised.type),
        line=raised.number,
        where=where,
        process=process,
    )


def _complained(attempt: Attempt) -> list[Failure]:
    """Nothing was raised and nothing is known: what the log calls an error, then."""
    if not attempt.complaints:
        return []
    line = attempt.complaints[0]
    text = _safe(_shortened(line.text))
    return [Failure(UNKNOWN, text, "", text, line.number, None, _process(line.process))]


def _where(attempt: Attempt, raised: Raised | None, folder: str | None) -> Place | None:
    """The user's line: in what was raised, what it came from, or what the parent made of it."""
    chain = raised.chain() if raised is not None else []
    number = raised.number if raised is not None else 0
    later = [one for one in attempt.raised if one.number > number and one not in chain]
    for one in (*reversed(chain), *later):
        if found := place.innermost(one.frames, folder):
            return Place(found.file, found.line, found.function, _safe(found.source))
    return None


def _process(process: tuple[str, str]) -> str | None:
    return process[0] or None


def _evidence(text: str) -> str:
    return _safe(_shortened(text.strip()))


def _shortened(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= _LONGEST_EVIDENCE else text[: _LONGEST_EVIDENCE - 1] + "…"


def _safe(text: str) -> str:
    return secrets.redact(text)

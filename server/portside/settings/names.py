"""The rules as settings and command lines name them."""

from __future__ import annotations

import difflib
import functools
import re

from portside.lint.selection import RuleNames

_PREFIX = re.compile(r"ps\d{0,3}")


@functools.cache
def known_names() -> RuleNames:
    """Every code and name of a rule."""
    from portside import rules

    return RuleNames.of(rules.ALL)


def every_code() -> frozenset[str]:
    return frozenset(known_names().codes.values())


def codes_of(word: str) -> frozenset[str]:
    """The rules that a word stands for: a code, a name, `ALL`, or the beginning of codes (`PS2`)."""
    names, lowered = known_names(), word.strip().lower()
    if lowered == "all":
        return every_code()
    exact = names.code(lowered)
    if exact is not None:
        return frozenset({exact})
    if _PREFIX.fullmatch(lowered):
        return frozenset(code for code in every_code() if code.lower().startswith(lowered))
    return frozenset()


def suggestion(word: str) -> str | None:
    """The name, or for something like a code the code, that was most likely meant."""
    lowered = word.strip().lower()
    if re.match(r"ps\d", lowered):
        close = difflib.get_close_matches(word.strip().upper(), sorted(every_code()), n=1)
    else:
        close = difflib.get_close_matches(lowered, sorted(known_names().codes), n=1)
    return close[0] if close else None


def unknown_rule(word: str) -> str:
    """What to say of a word that names no rule."""
    near = suggestion(word)
    hint = f"; did you mean `{near}`?" if near else "; `portside rules` lists them"
    return f"there is no rule `{word}`{hint}"

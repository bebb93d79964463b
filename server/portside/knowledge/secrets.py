"""What must never be shown: the one place where secrets are taken out of text, for every surface."""

from __future__ import annotations

import re
from collections.abc import Sequence

MASK = "***"

_WORD = (
    r"(?:api[-_]?key|auth[-_]?token|access[-_]?token|token(?!s)"
    r"|secret|passw(?:or)?d|passphrase|credential|bearer)"
)
_NAME = rf"[\w-]*{_WORD}s?(?:[-_](?:id|key))?"

# Tokens that tell by their form what they are.
_FORMS = re.compile(
    r"\b(?:hf_|sk-|sk_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|nvapi-|pypi-|AKIA|AIza|eyJ[\w-]{5,}\.)[\w.+/=-]{6,}"
)
_ASSIGNED = re.compile(rf"(?i)(?P<name>\b{_NAME}\b[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s\"',;]+)")
_OPTION = re.compile(rf"(?i)^--?{_NAME}$")
_AUTHORIZATION = re.compile(r"(?i)\b(?P<name>(?:bearer|basic)\s+)[\w.+/=-]{6,}")
_URL = re.compile(r"(?P<name>\b[a-z][a-z0-9+.-]*://[^\s/@:]*:)[^\s/@]+(?=@)")


def redact(text: str) -> str:
    """The text with keys, tokens and passwords masked."""
    text = _URL.sub(rf"\g<name>{MASK}", text)
    text = _AUTHORIZATION.sub(rf"\g<name>{MASK}", text)
    text = _ASSIGNED.sub(rf"\g<name>{MASK}", text)
    return _FORMS.sub(MASK, text)


def redact_command(arguments: Sequence[str]) -> list[str]:
    """A command's arguments, also masking what follows an option such as `--api-key`."""
    shown: list[str] = []
    secret = False
    for argument in arguments:
        if secret and not argument.startswith("--"):
            shown.append(MASK)
            continue  # vllm's --api-key takes several
        secret = bool(_OPTION.match(argument))
        shown.append(argument if secret else redact(argument))
    return shown

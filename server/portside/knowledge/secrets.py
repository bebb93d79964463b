"""What must never be shown: the one place where secrets are taken out of text, for every surface.

A secret is known by its form (`hf_…`), by the name that it is given (`HF_TOKEN=…`, `--api-key …`,
`"password": "…"`), by its place (`Authorization: …`, `scheme://user:…@host`), or because it was
remembered: the values of such variables in the environment are masked wherever they turn up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MASK = "***"

# Tokens that tell by their form what they are.
_FORMS = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{8,}|(?:sk-|sk_|pk_live_|rk_live_|ghp_|gho_|ghs_|ghu_|ghr_|github_pat_"
    r"|glpat-|xox[abeprs]-|nvapi-|pypi-|npm_|dckr_pat_|gsk_|r8_|AKIA|ASIA|AIza|ya29\.|eyJ[\w-]{5,}\.)"
    r"[\w.+/-]{6,}=*)"
)
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:(?=-----END [A-Z ]*PRIVATE KEY-----)|\Z)", re.DOTALL
)
# A password may hold `@`: it goes on to the last one before the path.
_URL = re.compile(r"(?P<name>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:)(?!//)[^\s/]+(?=@)")
_URL_TOKEN = re.compile(r"(?P<name>\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@:]{16,}(?=@)")
_HEADER = re.compile(
    r"(?i)(?P<name>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z][\w-]*\s+(?=[^\s\"',;]))?)[^\s\"',;]+"
)
_COOKIE = re.compile(r"(?i)(?P<name>\b(?:set-)?cookie[\"']?\s*:\s*[\"']?)[^\"'\n]+")
_AUTHORIZATION = re.compile(r"(?i)\b(?P<name>(?:bearer|basic)\s+)[\w.+/=~-]{6,}")

_QUOTED = r"(?P<quote>[\"'])(?:\\.|(?!(?P=quote))[^\\\n])*(?P=quote)?"
_ASSIGNED = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]{1,80})(?P<between>\\?[\"']?\]?\s?[=:]\s*)"
    rf"(?P<value>{_QUOTED}|\[[^\]\n]*\]?|\([^)\n]*\)?|[^\s\"',;)\]}}]+)"
)
_OPTION = re.compile(
    rf"(?<![\w-])(?P<name>--?[A-Za-z][\w-]{{1,60}})(?P<between>[ \t]+)(?P<value>{_QUOTED}|[^\s\"'-]\S*)"
)
# Most lines hold none of these, and need no further look.
_WORTH_A_LOOK = re.compile(
    r"(?i)key|token|secret|passw|passphrase|pwd|credential|auth|cookie|bearer|basic\s|://"
)

_ALWAYS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "credential", "credentials", "apikey",
     "apikeys", "apitoken", "accesstoken", "authtoken", "privatekey", "secretkey", "accesskey", "bearer"}
)  # fmt: skip
_BEFORE_KEY = frozenset(
    {"api", "secret", "access", "private", "auth", "encryption", "signing", "master", "subscription",
     "license",
     "account", "client", "admin", "service", "hf", "openai", "session", "storage", "app", "server"}
)  # fmt: skip
# Tokens of a language model, and of a parser.
_NOT_BEFORE_TOKEN = frozenset(
    {"eos", "bos", "pad", "unk", "mask", "sep", "cls", "image", "video", "audio", "stop", "special", "next",
     "start", "end", "first", "last", "per", "prompt", "max", "min", "new", "single", "unexpected", "invalid",
     "vision", "tool", "think", "num", "each", "input", "output", "text", "s"}
)  # fmt: skip
_NO_VALUES = frozenset(
    {"", "none", "null", "true", "false", MASK, "[]", "()", "{}", "str", "string", "required", "yes", "no"}
)
_SHORTEST_REMEMBERED = 8

_remembered: dict[str, re.Pattern[str]] = {}


def remember(environment: Mapping[str, str]) -> None:
    """Mask the values of these variables' secrets, wherever they turn up from now on in this process."""
    values = {
        value.strip()
        for name, value in environment.items()
        if is_secret(name) and len(value.strip()) >= _SHORTEST_REMEMBERED and "/" not in value[:1]
    }
    known = values | set(_remembered)
    if known:
        longest_first = sorted(known, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, longest_first)))
        _remembered.clear()
        _remembered.update(dict.fromkeys(known, pattern))


def remember_command(arguments: Sequence[str]) -> None:
    """The same for what follows options such as `--api-key`."""
    shown = redact_command(arguments)
    hidden = [word for word, seen in zip(arguments, shown, strict=True) if seen == MASK != word]
    remember({f"HIDDEN_{number}_SECRET": word for number, word in enumerate(hidden)})


def redact(text: str) -> str:
    """The text with keys, tokens and passwords masked."""
    if _remembered:
        text = next(iter(_remembered.values())).sub(MASK, text)
    if _WORTH_A_LOOK.search(text):
        text = _PRIVATE_KEY.sub(rf"\1{MASK}", text)
        text = _URL.sub(rf"\g<name>{MASK}", text)
        text = _URL_TOKEN.sub(rf"\g<name>{MASK}", text)
        text = _HEADER.sub(rf"\g<name>{MASK}", text)
        text = _COOKIE.sub(rf"\g<name>{MASK}", text)
        text = _AUTHORIZATION.sub(rf"\g<name>{MASK}", text)
        text = _ASSIGNED.sub(_without_value, text)
        text = _OPTION.sub(_without_value, text)
    return _FORMS.sub(MASK, text)


def redact_command(arguments: Sequence[str]) -> list[str]:
    """A command's arguments, also masking what follows an option such as `--api-key`."""
    shown: list[str] = []
    secret = False
    for argument in arguments:
        if secret and not argument.startswith("--"):
            shown.append(MASK)
            continue  # vllm's --api-key takes several
        secret = argument.startswith("-") and "=" not in argument and is_secret(argument.lstrip("-"))
        shown.append(argument if secret else _whole_value_masked(argument))
    return shown


def _whole_value_masked(argument: str) -> str:
    """An argument of its own ends where it ends: what a text would end at belongs to the value."""
    name, equals, _ = argument.partition("=")
    if equals and re.fullmatch(r"-{0,2}[\w.-]+", name) and is_secret(name.lstrip("-")):
        return f"{name}={MASK}"
    return redact(argument)


def _without_value(found: re.Match[str]) -> str:
    name, between, value = found["name"], found["between"], found["value"]
    inner = value.strip("\"'")
    if not is_secret(name.lstrip("-")) or inner.lower() in _NO_VALUES or inner.startswith(("$", "<", "{")):
        return found[0]
    if value[0] in "\"'":
        return (
            f"{name}{between}{value[0]}{MASK}{value[0] if value[-1] == value[0] and len(value) > 1 else ''}"
        )
    if value[0] in "[(":
        return f"{name}{between}{value[0]}{MASK}{value[-1] if value[-1] in '])' else ''}"
    return f"{name}{between}{MASK}"


def is_secret(name: str) -> bool:
    """Whether what has this name, of a variable, an option, a field, is not for everybody's eyes."""
    parts = [part.lower() for part in re.split(r"[-_.]+|(?<=[a-z])(?=[A-Z])", name) if part]
    if not parts:
        return False
    if not _ALWAYS.isdisjoint(parts) or any(
        part.endswith(("password", "passwd", "apikey")) for part in parts
    ):
        return not parts[-1].startswith(("file", "path", "length", "count"))
    shouted = name.isupper() and len(parts) > 1
    before = parts[-2] if len(parts) > 1 else ""
    match parts[-1]:
        case "key" | "keys":
            return shouted or before in _BEFORE_KEY
        case "token" | "auth":
            return (parts[-1] == "token" or shouted) and before not in _NOT_BEFORE_TOKEN
        case "tokens" | "id":
            return (
                before in ("auth", "access", "api") if parts[-1] == "tokens" else "key" in parts and shouted
            )
    return False

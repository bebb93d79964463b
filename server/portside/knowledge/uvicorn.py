"""uvicorn's options: what `run()` and `Config()` call them, what the command line calls them.

Source: uvicorn 0.54.0, `uvicorn/main.py` and `uvicorn/config.py`; a test compares
this table with the uvicorn that is installed. Options whose default differs between
`run()` and the command line carry a `no_form` for the value that gets lost.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from portside.records import dataclass

VERSION = "0.54.0"

# `uvicorn.Config` takes its arguments by position too. Only these come first in
# every release (0.34 has no `http2`, which follows `http` in 0.54).
CONFIG_POSITIONAL = ("app", "host", "port", "uds", "fd", "loop", "http")
RUN_POSITIONAL = ("app",)

# `uvicorn.Server(config).run()` starts neither the reloader nor workers: they live
# in `uvicorn.run()` alone, and these arguments of `Config` do nothing there.
WITHOUT_EFFECT_IN_SERVER = frozenset(
    {"reload", "reload_dirs", "reload_includes", "reload_excludes", "reload_delay", "workers"}
)

# Options of earlier releases that no longer exist.
REMOVED = frozenset({"debug"})


class Kind(enum.Enum):
    """How an option is written on the command line."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"  # takes the word true or false
    FLAG = "flag"  # stands for True; False is its absence
    PAIR = "pair"  # --x and --no-x
    REPEATED = "repeated"  # once per value
    PATH = "path"
    NONE = "none"  # can't be said on the command line


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    default: the default of both `run()` and the command line. choices: the words that
    the command line accepts, empty for any. none_is_default: whether passing None is the
    same as leaving the option out; where it is not, None has no form.
    """

    keyword: str
    flag: str
    kind: Kind
    default: object = None
    choices: tuple[str, ...] = ()
    none_is_default: bool = True
    env: str = ""

    @property
    def environment(self) -> str:
        """The variable that the command line reads it from (`run()` never does)."""
        return self.env or f"UVICORN_{self.keyword.upper()}"


_LEVELS = ("critical", "error", "warning", "info", "debug", "trace")

# `run()` takes the numbers of `logging` too, the command line takes words alone.
LOGGING_LEVELS: Mapping[str, int] = {
    "logging.CRITICAL": 50,
    "logging.FATAL": 50,
    "logging.ERROR": 40,
    "logging.WARNING": 30,
    "logging.WARN": 30,
    "logging.INFO": 20,
    "logging.DEBUG": 10,
}
_LEVELS_BY_NUMBER = {50: "critical", 40: "error", 30: "warning", 20: "info", 10: "debug", 5: "trace"}

_TABLE = (
    # host=None binds 0.0.0.0 and ::, which the command line can't say; see launch_command.
    Option("host", "--host", Kind.TEXT, "127.0.0.1", none_is_default=False),
    Option("port", "--port", Kind.INTEGER, 8000, none_is_default=False),
    Option("uds", "--uds", Kind.TEXT),
    Option("fd", "--fd", Kind.INTEGER),
    Option("loop", "--loop", Kind.TEXT, "auto", none_is_default=False),
    Option("http", "--http", Kind.TEXT, "auto", none_is_default=False),
    Option("http2", "--http2", Kind.FLAG, False),
    Option("ws", "--ws", Kind.TEXT, "auto", none_is_default=False),
    Option("ws_max_size", "--ws-max-size", Kind.INTEGER, 16777216, none_is_default=False),
    Option("ws_max_queue", "--ws-max-queue", Kind.INTEGER, 32, none_is_default=False),
    # None switches the ping off, and click has no word for that.
    Option("ws_ping_interval", "--ws-ping-interval", Kind.NUMBER, 20.0, none_is_default=False),
    Option("ws_ping_timeout", "--ws-ping-timeout", Kind.NUMBER, 20.0, none_is_default=False),
    Option("ws_per_message_deflate", "--ws-per-message-deflate", Kind.BOOLEAN, True, none_is_default=False),
    Option("lifespan", "--lifespan", Kind.TEXT, "auto", ("auto", "on", "off"), none_is_default=False),
    Option(
        "interface",
        "--interface",
        Kind.TEXT,
        "auto",
        ("auto", "asgi3", "asgi2", "wsgi"),
        none_is_default=False,
    ),
    Option("env_file", "--env-file", Kind.PATH),
    # run() takes None for "configure no logging"; the command line then uses its own dictionary.
    Option("log_config", "--log-config", Kind.PATH, none_is_default=False),
    Option("log_level", "--log-level", Kind.TEXT, choices=_LEVELS),
    Option("access_log", "--access-log", Kind.PAIR, True, none_is_default=False),
    Option("use_colors", "--use-colors", Kind.PAIR),
    Option("reload", "--reload", Kind.FLAG, False),
    Option("reload_dirs", "--reload-dir", Kind.REPEATED),
    Option("reload_delay", "--reload-delay", Kind.NUMBER, 0.25, none_is_default=False),
    Option("reload_includes", "--reload-include", Kind.REPEATED),
    Option("reload_excludes", "--reload-exclude", Kind.REPEATED),
    Option("workers", "--workers", Kind.INTEGER),
    Option("proxy_headers", "--proxy-headers", Kind.PAIR, True, none_is_default=False),
    Option("server_header", "--server-header", Kind.PAIR, True, none_is_default=False),
    Option("date_header", "--date-header", Kind.PAIR, True, none_is_default=False),
    Option("forwarded_allow_ips", "--forwarded-allow-ips", Kind.TEXT),
    Option("root_path", "--root-path", Kind.TEXT, "", none_is_default=False),
    Option("limit_concurrency", "--limit-concurrency", Kind.INTEGER),
    Option("limit_max_requests", "--limit-max-requests", Kind.INTEGER),
    Option(
        "limit_max_requests_jitter", "--limit-max-requests-jitter", Kind.INTEGER, 0, none_is_default=False
    ),
    Option("backlog", "--backlog", Kind.INTEGER, 2048, none_is_default=False),
    Option("timeout_keep_alive", "--timeout-keep-alive", Kind.INTEGER, 5, none_is_default=False),
    Option("timeout_graceful_shutdown", "--timeout-graceful-shutdown", Kind.INTEGER),
    Option(
        "timeout_worker_healthcheck", "--timeout-worker-healthcheck", Kind.INTEGER, 5, none_is_default=False
    ),
    Option("ssl_keyfile", "--ssl-keyfile", Kind.PATH),
    Option("ssl_certfile", "--ssl-certfile", Kind.PATH),
    Option("ssl_keyfile_password", "--ssl-keyfile-password", Kind.TEXT),
    Option("ssl_version", "--ssl-version", Kind.INTEGER, 17, none_is_default=False),
    Option("ssl_cert_reqs", "--ssl-cert-reqs", Kind.INTEGER, 0, none_is_default=False),
    Option("ssl_ca_certs", "--ssl-ca-certs", Kind.PATH),
    Option("ssl_ciphers", "--ssl-ciphers", Kind.TEXT),
    Option("headers", "--header", Kind.REPEATED),
    Option("app_dir", "--app-dir", Kind.PATH),
    Option("factory", "--factory", Kind.FLAG, False),
    Option("h11_max_incomplete_event_size", "--h11-max-incomplete-event-size", Kind.INTEGER),
    Option("reset_contextvars", "--reset-contextvars", Kind.FLAG, False),
    Option("ssl_context_factory", "", Kind.NONE),
    Option("callback_notify", "", Kind.NONE),
    Option("timeout_notify", "", Kind.NONE, 30),
)

OPTIONS: Mapping[str, Option] = {option.keyword: option for option in _TABLE}


@dataclass(frozen=True, slots=True)
class NoForm:
    """A value that can't be written on the command line. reason: why, as part of a sentence."""

    reason: str


def words(option: Option, value: object) -> tuple[str, ...] | NoForm:
    """The words, unquoted, that give `option` this value; none where leaving it out says it.

    value: what a literal in the source evaluates to.
    """
    if value is None:
        return () if option.none_is_default else NoForm(f"`{option.keyword}=None` has no command line form")
    match option.kind:
        case Kind.NONE:
            return () if value == option.default else NoForm(f"`{option.keyword}` has no command line form")
        case Kind.FLAG:
            return (option.flag,) if value else ()
        case Kind.PAIR:
            return (option.flag if value else f"--no-{option.flag[2:]}",)
        case Kind.BOOLEAN:
            return (option.flag, "true" if value else "false")
        case Kind.REPEATED:
            return _repeated(option, value)
        case Kind.INTEGER | Kind.NUMBER:
            return _number(option, value)
        case _:
            return _text(option, value)


def _number(option: Option, value: object) -> tuple[str, ...] | NoForm:
    accepted = (int, float) if option.kind is Kind.NUMBER else int
    if isinstance(value, bool) or not isinstance(value, accepted):
        return NoForm(f"`{option.flag}` takes a number, and `{option.keyword}={value!r}` is none")
    return (option.flag, str(value))


def _text(option: Option, value: object) -> tuple[str, ...] | NoForm:
    if option.keyword == "forwarded_allow_ips" and _is_strings(value):
        value = ",".join(value)
    if option.keyword == "log_level" and isinstance(value, int):
        value = _LEVELS_BY_NUMBER.get(value, value)
    if not isinstance(value, str):
        return NoForm(f"`{option.flag}` takes text, and `{option.keyword}={value!r}` is none")
    if option.keyword == "log_level":
        value = value.lower()
    if option.choices and value not in option.choices:
        return NoForm(f"`{option.flag}` does not take `{value}`")
    return (option.flag, value)


def _repeated(option: Option, value: object) -> tuple[str, ...] | NoForm:
    values: Sequence[str] | None = None
    if isinstance(value, str) and option.keyword != "headers":
        values = (value,)
    elif option.keyword == "headers":
        values = _header_lines(value)
    elif _is_strings(value):
        values = value
    if values is None:
        return NoForm(f"`{option.keyword}={value!r}` has no command line form")
    return tuple(word for text in values for word in (option.flag, text))


def _header_lines(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    if not all(_is_strings(pair) and len(pair) == 2 and ":" not in pair[0] for pair in value):
        return None
    return tuple(f"{name}:{text}" for name, text in value)


def _is_strings(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)

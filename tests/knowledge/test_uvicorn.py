"""The option table against the uvicorn that is installed."""

from __future__ import annotations

import inspect
import sys

import click
import pytest
import uvicorn
import uvicorn.main

from portside.knowledge.uvicorn import CONFIG_POSITIONAL, OPTIONS, Kind, NoForm, words

COMMAND: click.Command = sys.modules["uvicorn.main"].main  # type: ignore[attr-defined]
PARAMETERS = {parameter.name: parameter for parameter in COMMAND.params if parameter.name != "version"}


def test_every_keyword_of_run_and_config_is_in_the_table() -> None:
    known = set(OPTIONS) | {"app", "self"}
    assert set(inspect.signature(uvicorn.run).parameters) <= known
    assert set(inspect.signature(uvicorn.Config).parameters) <= known


@pytest.mark.parametrize("keyword", [k for k, option in OPTIONS.items() if option.kind is not Kind.NONE])
def test_the_command_line_knows_the_option_by_this_flag_and_default(keyword: str) -> None:
    option, parameter = OPTIONS[keyword], PARAMETERS[keyword]
    assert option.flag in parameter.opts
    assert (option.kind is Kind.REPEATED) == parameter.multiple
    assert (option.kind is Kind.PAIR) == bool(parameter.secondary_opts)
    assert (option.kind is Kind.FLAG) == (
        bool(getattr(parameter, "is_flag", False)) and not parameter.secondary_opts
    )
    if isinstance(parameter.type, click.Choice):
        assert tuple(parameter.type.choices) == option.choices
    if keyword != "app_dir" and option.kind is not Kind.REPEATED:
        assert parameter.default == option.default


def test_an_option_without_a_flag_is_unknown_to_the_command_line() -> None:
    without = {keyword for keyword, option in OPTIONS.items() if option.kind is Kind.NONE}
    assert without.isdisjoint(PARAMETERS)


def test_the_first_positions_of_config_are_those_of_the_release() -> None:
    names = tuple(inspect.signature(uvicorn.Config).parameters)
    assert names[: len(CONFIG_POSITIONAL)] == CONFIG_POSITIONAL


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("port", 8010, ("--port", "8010")),
        ("reload", True, ("--reload",)),
        ("reload", False, ()),
        ("access_log", False, ("--no-access-log",)),
        ("use_colors", None, ()),
        ("log_level", "INFO", ("--log-level", "info")),
        ("ws_per_message_deflate", False, ("--ws-per-message-deflate", "false")),
        ("ws_ping_interval", 5, ("--ws-ping-interval", "5")),
        ("reload_dirs", ["core", "web"], ("--reload-dir", "core", "--reload-dir", "web")),
        ("reload_dirs", "core", ("--reload-dir", "core")),
        ("headers", [("X-A", "b:c")], ("--header", "X-A:b:c")),
        ("forwarded_allow_ips", ["10.0.0.1", "10.0.0.2"], ("--forwarded-allow-ips", "10.0.0.1,10.0.0.2")),
        ("ssl_context_factory", None, ()),
    ],
)
def test_a_value_is_written_as_the_command_line_takes_it(
    keyword: str, value: object, expected: tuple[str, ...]
) -> None:
    assert words(OPTIONS[keyword], value) == expected


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("log_config", None),
        ("log_level", 15),
        ("log_level", "verbose"),
        ("ws_ping_interval", None),
        ("port", "http"),
        ("headers", {"X-A": "b"}),
        ("log_config", {"version": 1}),
    ],
)
def test_a_value_without_a_form_says_so(keyword: str, value: object) -> None:
    refused = words(OPTIONS[keyword], value)
    assert isinstance(refused, NoForm)
    assert keyword in refused.reason or OPTIONS[keyword].flag in refused.reason

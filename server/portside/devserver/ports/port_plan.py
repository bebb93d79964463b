"""All ports of a run, and which of them are taken: known before a model is loaded, not after."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portside.devserver.ports import ports
from portside.devserver.ports.ports import PortState, Refusal
from portside.devserver.ports.run import Run
from portside.knowledge import server_commands, vllm_ports
from portside.knowledge.vllm_ports import PlannedPort

_READS = ("VLLM_PORT", "_SIDE_CHANNEL_PORT", "VLLM_DP_MASTER_PORT", "VLLM_MOONCAKE_BOOTSTRAP_PORT")
# A port of another machine, or a name that only a resolver could tell about: not ours to try.
_NOT_HERE = (PortState.NOT_LOCAL, PortState.UNKNOWN_HOST)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A planned port that can't be had. text: one sentence. own: the run itself wants it twice."""

    planned: PlannedPort
    refusal: Refusal
    text: str
    own: bool = False


def of_run(run: Run) -> list[PlannedPort]:
    """All ports besides the API's."""
    environment = os.environ if run.environment is None else run.environment
    found = [PlannedPort("another server of the program", run.host, port) for port in run.aside if port]
    if is_vllm(run.words) or any(name.endswith(_READS) for name in environment):
        more = _config(run.words, run.folder)
        found += vllm_ports.planned(run.words, environment, run.host, run.port, more)
    return found


def is_vllm(words: Sequence[str]) -> bool:
    """Also behind `env`, `uv run` and their like."""
    for index, word in enumerate(words):
        name = os.path.basename(word)
        following = words[index + 1] if index + 1 < len(words) else ""
        command = server_commands.by_program(name, following)
        if name == "-m":
            command = server_commands.by_module(following, "")
        if command is not None:
            return command.vllm
    return False


def _config(words: Sequence[str], folder: Path) -> dict[str, Any]:
    """The options in the YAML file that `vllm serve --config` names; those of the command come first."""
    name = vllm_ports.options_of(words).get("config")
    if not isinstance(name, str):
        return {}
    import yaml

    try:
        content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return (
        {str(key).replace("_", "-"): value for key, value in content.items()}
        if isinstance(content, dict)
        else {}
    )


def troubles(planned: Sequence[PlannedPort], port: int) -> list[Trouble]:
    """What is in the way of these, with the API at this port. Those that vLLM moves by itself are not."""
    taken = {port: "the API"}
    found = []
    for one in planned:
        if one.mistake:
            refusal = Refusal(one.host, one.port, PortState.INVALID, one.mistake)
            found.append(Trouble(one, refusal, one.mistake))
        for number in () if one.mistake or one.moves else one.ports:
            if trouble := _trouble(one, number, taken.get(number)):
                found.append(trouble)
            taken.setdefault(number, one.what)
    return found


def _trouble(one: PlannedPort, port: int, other: str | None) -> Trouble | None:
    """other: what of the same run wants the port as well."""
    if other is not None:
        text = f"{_subject(one, port)} is the port of {other} as well: this run would get into its own way"
        return Trouble(one, Refusal(one.host, port, PortState.INVALID, text), text, own=True)
    refusal = _refusal(one.host, port)
    return Trouble(one, refusal, f"{_subject(one, port)} can't be had: {refusal.text}") if refusal else None


def _refusal(host: str, port: int) -> Refusal | None:
    refusal = ports.probe(host, port) if _is_here(host) else None
    return None if refusal is None or refusal.state in _NOT_HERE else refusal


def _is_here(host: str) -> bool:
    """Whether it can be tried without asking a name server."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in ("localhost", "")
    return True


def _subject(one: PlannedPort, port: int) -> str:
    setting = f" ({one.setting})" if one.setting else ""
    return f"port {port}, {one.what}{setting},"


def remedy(trouble: Trouble) -> str:
    """What to set, with a port that can be had."""
    one = trouble.planned
    if one.mistake:
        return f"unset {one.setting}, or set a number"
    other = free_near(one)
    if other is None or not one.setting:
        return ""
    if one.setting.startswith("--kv") or one.setting.startswith("--ec"):
        return f"another port there, such as {other}"
    return f"{one.setting}={other}" if one.setting.isupper() else f"{one.setting} {other}"


def free_near(one: PlannedPort) -> int | None:
    """The next port from which on as many can be had."""
    for port in range(one.port + one.count, min(one.port + 200, 65536 - one.count)):
        if all(_refusal(one.host, number) is None for number in range(port, port + one.count)):
            return port
    return None

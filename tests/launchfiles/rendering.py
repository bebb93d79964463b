"""A launch file's facts as lines: what tests and the documentation compare and show.

unit | program target port … in folder &     a launch; a default port in brackets, `?` for unknown
unit | URL 8000                              a mention
unit | NAME=value                            a setting
unit | reads .env, runs ./start.sh, starts other, image x, on the host's network, …
"""

from __future__ import annotations

from collections.abc import Iterator

from portside.launchfiles.facts import Format, Launch, LaunchFile, Port, Unit


def lines_of(file: LaunchFile, text: str) -> list[str]:
    """Also checks that every place lies where the text says what the fact says."""
    return [f"{unit.name} | {line}" for unit in file.units for line in _unit(unit, file, text)]


def _unit(unit: Unit, file: LaunchFile, text: str) -> Iterator[str]:
    for launch in unit.launches:
        yield _launch(launch, text)
    for mention in unit.mentions:
        yield f"{mention.kind.value} {_port(mention.port, text)}"
    if file.format is Format.DOTENV:
        for setting in unit.settings.values():
            value = "?" if setting.value is None else setting.value.replace("\n", "\\n")
            yield f"{setting.name}={value}"
    yield from (f"reads {name}" for name in unit.env_files)
    yield from (f"runs {word.text}" for word in unit.runs)
    if unit.starts:
        yield f"starts {' '.join(unit.starts)}"
    if unit.image is not None:
        yield f"image {unit.image}"
    if unit.kind == "container" and unit.host_network:
        yield "on the host's network"


def _launch(launch: Launch, text: str) -> str:
    parts = [launch.program]
    if launch.target is not None:
        parts.append(launch.target.text)
    for one in launch.ports:
        count = f"-{one.port.number + one.count - 1}" if one.count > 1 and one.port.number else ""
        what = "" if one.what == "API" else f"{one.what}: "
        parts.append(f"{what}{_port(one.port, text)}{count}")
    if launch.folder is not None and launch.folder not in {".", "${workspaceFolder}"}:
        parts.append(f"in {launch.folder}")
    if launch.background:
        parts.append("&")
    return " ".join(parts)


def _port(port: Port, text: str) -> str:
    assert 0 <= port.span.start <= port.span.end <= len(text)
    if port.digits is not None:
        assert int(text[port.digits.start : port.digits.end]) == port.number
    number = "?" if port.number is None else str(port.number)
    variable = f"${port.variable}" if port.variable else ""
    if not port.is_default:
        return f"{number}{variable}"
    return f"({number}{variable})"

"""A launch file's facts as lines: what tests and the documentation compare and show.

unit | program target port … in folder &     a launch; a default port in brackets, `?` for unknown
unit | URL 8000                              a mention
unit | NAME=value                            a setting
unit | reads .env, runs ./start.sh, starts other, image x, on the host's network, …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portside.launchfiles.facts import Format, Launch, LaunchFile, Port, PortMention, Unit


def lines_of(file: LaunchFile, text: str) -> list[str]:
    """Also checks that every place lies where the text says what the fact says."""
    return [f"{unit.name} | {line}" for unit in file.units for line in _unit(unit, file, text)]


def _unit(unit: Unit, file: LaunchFile, text: str) -> Iterator[str]:
    for launch in unit.launches:
        yield _launch(launch, text)
    yield from (_mention(mention, unit, text) for mention in unit.mentions)
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
    if unit.kind in {"container", "service"} and unit.host_network:
        yield "on the host's network"
    yield from _together(unit)


def _together(unit: Unit) -> Iterator[str]:
    """What it is made of, and what it runs beside."""
    if unit.build is not None:
        arguments = [f"{name}={one.value}" for name, one in unit.build.arguments.items()]
        parts = (unit.build.folder, unit.build.dockerfile, unit.build.stage and f"stage {unit.build.stage}")
        yield " ".join(["built from", *(part for part in parts if part), *arguments])
    if unit.extends is not None:
        yield f"extends {unit.extends[1]}" + (f" of {unit.extends[0]}" if unit.extends[0] else "")
    if unit.network is not None and not unit.host_network:
        yield f"network {unit.network}"
    if unit.profiles:
        yield f"profiles {' '.join(unit.profiles)}"
    if unit.replicas != 1:
        yield f"{unit.replicas} of it"
    if unit.replaces:
        yield f"replaces {' '.join(unit.replaces)}"
    yield from _of_pod(unit)
    yield from (f"has {' '.join(copy.sources)} at {copy.target}" for copy in unit.copies)


def _of_pod(unit: Unit) -> Iterator[str]:
    if unit.first:
        yield "ends before the others start"
    if unit.labels and unit.kind == "container":
        yield f"labels {_pairs(unit.labels)}"
    if unit.selector:
        yield f"selects {_pairs(unit.selector)}"
    if unit.namespace:
        yield f"in namespace {unit.namespace}"
    if not unit.service_links:
        yield "no service links"


def _pairs(table: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in table.items())


def _mention(mention: PortMention, unit: Unit, text: str) -> str:
    port = mention.refers or _port(mention.port, text)
    count = f"-{mention.port.number + mention.count - 1}" if mention.count > 1 and mention.port.number else ""
    parts = [mention.kind.value, port + count]
    if mention.address:
        parts.append(f"on {mention.address}")
    if mention.protocol != "tcp":
        parts.append(mention.protocol)
    if mention.name:
        parts.append(f"called {mention.name}")
    if mention.leads_to is not None and unit.kind != "container":
        other = unit.mentions[mention.leads_to]
        parts.append(f"to {other.refers or _port(other.port, text)}")
    return " ".join(parts)


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

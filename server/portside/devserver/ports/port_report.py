"""Everything that can be said of one port: what `portside ports PORT` prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portside.devserver.ports import holders, namespaces, ports, sockets
from portside.devserver.ports.conflict_lines import fields_of, holder_rows
from portside.devserver.ports.holders import Occupancy
from portside.devserver.ports.port_sentences import headline
from portside.devserver.ports.port_states import in_the_way, lowest_unprivileged, state_of
from portside.devserver.ports.ports import Refusal
from portside.devserver.registry import procfs


@dataclass(frozen=True, slots=True)
class PortReport:
    """found: the address, what is the matter with it, and the sockets at it, also where it is free.

    notes: what else to know.
    """

    found: Refusal
    is_free: bool
    occupancy: Occupancy
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.found.text

    @property
    def name(self) -> str:
        return str(self.found.port)

    @property
    def state_name(self) -> str:
        return self.found.state.value

    @property
    def can_be_freed(self) -> bool:
        return bool(self.occupancy.stoppable)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Label and text of what stands below the headline."""
        yield from holder_rows(self.found, self.occupancy)
        for note in self.notes:
            yield "note", note

    def fields(self) -> dict[str, object]:
        return {**fields_of(self.found, self.occupancy), "notes": list(self.notes), "free": self.is_free}


def report(host: str, port: int) -> PortReport:
    """Effect: binds to the address for a moment, without listening."""
    refusal = ports.probe(host, port)
    found = refusal or _free(host, port)
    occupancy = holders.occupancy(port, found.rows) if found.taken else holders.NOBODY
    return PortReport(found, refusal is None, occupancy, tuple(_elsewhere(port, found.addresses)))


def _free(host: str, port: int) -> Refusal:
    addresses = ports.addresses_of(host, port)
    rows = tuple(in_the_way(addresses, port))
    state = state_of(rows)
    text = headline(state, addresses[0], port, rows)
    if state.is_held:  # left of an earlier server that asked for SO_REUSEADDR: in nobody's way
        text += "; it can be bound all the same"
    return Refusal(host, port, state, text, addresses, rows)


def _elsewhere(port: int, addresses: tuple[str, ...]) -> Iterator[str]:
    """Who has the port at an address that does not conflict, or in another network."""
    if not addresses:
        return
    rows = [row for row in sockets.at_port(port) if row.is_listening]
    others = [row for row in rows if not any(sockets.overlaps(address, row) for address in addresses)]
    for row in others:
        holder = holders.occupancy(port, [row]).holders[:1]
        by = f" by pid {holder[0].pid} ({holder[0].command})" if holder else ""
        yield f"{row.local} is held{by}, which does not conflict; `localhost:{port}` may reach that one"
    for pid in namespaces.listeners_elsewhere(port):
        process = procfs.read(pid)
        name = " ".join(process.arguments[:3]) if process else ""
        yield (
            f"pid {pid} ({name}) listens on port {port} in another network namespace: it does not conflict, "
            "and can't be reached at this one's addresses"
        )
    if port and port < lowest_unprivileged():
        yield f"port {port} is below {lowest_unprivileged()}: only root may bind it"

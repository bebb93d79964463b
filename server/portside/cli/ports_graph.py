"""The plan of ports as a Mermaid graph: from the ports of the machine to what listens in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portside.devserver.ports.launch_plan import Listening

_HEAD = "flowchart LR"


def mermaid(rows: Sequence[Listening]) -> str:
    """The text of a ```mermaid block. A port that two want at the same time says so."""
    graph = _Graph()
    for row in rows:
        _draw(graph, row)
    return "".join(f"{line}\n" for line in (_HEAD, *graph.lines()))


class _Graph:
    """Nodes by what they stand for, each once, and the arrows between them."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, ...], str] = {}
        self._edges: dict[tuple[str, str, str], None] = {}

    def node(self, *means: str, text: str, round_: bool = False) -> str:
        """The name of the node for what these words mean."""
        if means not in self._nodes:
            opening, closing = ("([", "])") if round_ else ("[", "]")
            self._nodes[means] = f'n{len(self._nodes) + 1}{opening}"{_escaped(text)}"{closing}'
        return self._nodes[means].partition("[")[0].rstrip("(")

    def edge(self, start: str, end: str, text: str = "") -> None:
        self._edges[start, end, text] = None

    def lines(self) -> Iterator[str]:
        yield from (f"  {node}" for node in self._nodes.values())
        for start, end, text in self._edges:
            yield f'  {start} -->|"{_escaped(text)}"| {end}' if text else f"  {start} --> {end}"


def _draw(graph: _Graph, row: Listening) -> None:
    number = f"{row.port}-{row.port + row.count - 1}" if row.count > 1 else str(row.port)
    place = f"<br>in {row.network}" if row.network else ""
    port = graph.node("port", row.network, number, text=f"port {number}{place}", round_=True)
    unit = graph.node("unit", row.who, row.file, text=f"{row.who}<br>{row.file}".replace("`", ""))
    graph.edge(port, unit, _label(row))
    last = unit
    for file in row.through:
        following = graph.node("file", file, text=file)
        graph.edge(last, following)
        last = following
    if row.runs:
        graph.edge(last, graph.node("runs", row.runs, last, text=row.runs))


def _label(row: Listening) -> str:
    """What the arrow from a port says: where it leads, and who wants it as well."""
    conflicts = [f"conflict with {other.partition(' (')[0]}".replace("`", "") for other in row.against]
    if row.what not in ("API", "published"):
        return "<br>".join([row.what, *conflicts])
    leads = [f"to {row.inner}"] if row.inner is not None and row.inner != row.port else []
    return "<br>".join([*leads, *conflicts])


def _escaped(text: str) -> str:
    """Mermaid ends a label at a quote, and takes what it knows of HTML for that."""
    clean = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    return clean.replace("&lt;br&gt;", "<br>")

"""What a client gets while nothing can serve it: 503 and how far it is, as JSON or as a page."""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass

_LONGEST_RETRY_S = 60

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 15vh auto; padding: 0 1rem }}
progress {{ width: 100% }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
small {{ opacity: .7 }}
</style>
<h1>{title}</h1>
{body}
<p><small>Portside holds this port and shows the app as soon as it serves.</small></p>
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a start is. phase: in the words of the registry. done: from 0 to 1. eta_s: seconds, guessed."""

    phase: str
    target: str
    message: str | None = None
    step: str | None = None
    done: float | None = None
    eta_s: float | None = None

    @property
    def retry_after_s(self) -> int:
        """When it is worth asking again; clients of the OpenAI API wait that long by themselves."""
        return min(max(1, math.ceil(self.eta_s or 0)), _LONGEST_RETRY_S)


def answer(head: bytes, progress: Progress) -> bytes:
    """The whole response to a request with this head."""
    method, _, _ = head.partition(b" ")
    wants_page = _accepts_html(head)
    body = (_page(progress) if wants_page else _json(progress)).encode()
    kind = "text/html; charset=utf-8" if wants_page else "application/json"
    lines = (
        "HTTP/1.1 503 Service Unavailable",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
        f"retry-after: {progress.retry_after_s}",
        "cache-control: no-store",
        "connection: close",
    )
    start = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return start if method == b"HEAD" else start + body


def _accepts_html(head: bytes) -> bool:
    """Whether the client names HTML: a browser does, `*/*` of curl and of libraries does not."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"accept":
            return b"text/html" in value.lower()
    return False


def _json(progress: Progress) -> str:
    return json.dumps(
        {
            "phase": progress.phase,
            "message": progress.message,
            "step": progress.step,
            "progress": progress.done,
            "eta_seconds": None if progress.eta_s is None else round(progress.eta_s, 1),
            "retry_after_s": progress.retry_after_s,
        }
    )


def _page(progress: Progress) -> str:
    parts = []
    if progress.step is not None:
        parts.append(f"<p>{html.escape(progress.step)}</p>")
    if progress.done is not None:
        parts.append(f'<progress max="1" value="{progress.done:.3f}"></progress>')
    if progress.eta_s is not None:
        parts.append(f"<p>About {math.ceil(progress.eta_s)} s to go.</p>")
    if progress.message is not None:
        parts.append(f"<pre>{html.escape(progress.message)}</pre>")
    title = html.escape(f"{progress.target} · {progress.phase}")
    return _PAGE.format(title=title, body="\n".join(parts))

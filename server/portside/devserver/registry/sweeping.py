"""At the start of a server: what dead ones have left behind is ended, and said."""

from __future__ import annotations

from portside.devserver.console.console import Console
from portside.devserver.registry import registry

_GPU_S = 3.0


def sweep(console: Console) -> None:
    """End what is left of this user's dead servers, whose memory and ports the new one may need.

    Only what is proved to be theirs (tree.py). Takes no time where every record is of a server that runs.
    """
    if not registry.has_dead():
        return
    from portside.devserver.ports import gpu
    from portside.devserver.registry import orphans

    remains = {remnant.pid for one in orphans.find() for remnant in one.remnants}
    on_gpu = gpu.held_by(remains) if remains else {}
    for one in orphans.sweep():
        mine = {remnant.pid for remnant in one.remnants}
        held = gpu.wait_until_released(mine & set(on_gpu), _GPU_S) if mine & set(on_gpu) else {}
        console.emit(
            "swept",
            target=one.record.label,
            url=one.record.url,
            folder=one.record.folder,
            processes=[{"pid": remnant.pid, "command": remnant.command} for remnant in one.remnants],
            left=list(one.left),
            memory_bytes=sum(remnant.memory for remnant in one.remnants),
            gpu_memory_bytes=sum(on_gpu.get(pid, 0) for pid in mine),
            gpu_memory_held_bytes=sum(held.values()),
        )

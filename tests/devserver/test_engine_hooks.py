"""Which versions of vLLM have an engine that can be kept."""

from __future__ import annotations

import pytest

from portside.inside import engine_hooks
from portside.inside.engine_hooks import UnknownVersionError


@pytest.mark.parametrize(
    ("version", "first"),
    [
        ("0.10.2", (0, 10, 2)),
        ("0.16.0", (0, 10, 2)),
        ("0.17.0", (0, 17, 0)),
        ("0.26.0", (0, 17, 0)),
        ("0.27.0", (0, 27, 0)),
        ("0.28.0", (0, 28, 0)),
        ("0.32.0+cpu", (0, 28, 0)),
        ("0.33.0.post1", (0, 28, 0)),
    ],
)
def test_a_known_version_has_a_layout(version: str, first: engine_hooks.Version) -> None:
    assert engine_hooks.layout_of(version).first == first


@pytest.mark.parametrize(
    "version", ["0.8.5", "0.10.1", "0.34.0", "1.0.0", "0.32.1rc1", "0.32.0.dev3+g1", "dev", ""]
)
def test_any_other_is_refused(version: str) -> None:
    with pytest.raises(UnknownVersionError):
        engine_hooks.layout_of(version)

"""Every output that the documentation shows is what the command prints."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("console_blocks", ROOT / "scripts" / "console_blocks.py")
assert spec is not None
assert spec.loader is not None
console_blocks = importlib.util.module_from_spec(spec)
sys.modules["console_blocks"] = console_blocks  # dataclasses look their module up
spec.loader.exec_module(console_blocks)

CASES = [
    pytest.param(name, block, id=f"{name}: {' && '.join(block.commands())}")
    for name in console_blocks.PAGES
    if (ROOT / name).exists()
    for block in console_blocks.blocks((ROOT / name).read_text(encoding="utf-8"))
]

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="portside serve is for Linux")


@pytest.mark.parametrize(("name", "block"), CASES)
def test_the_page_shows_what_is_printed(name: str, block: console_blocks.Block) -> None:
    assert console_blocks.differences(name, block) == "", "run: python scripts/console_blocks.py"

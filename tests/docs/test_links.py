"""Every page, picture and heading that a page links to exists."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def tracked_pages() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return sorted(listed.stdout.split())


def anchors(page: pathlib.Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", tracked_pages())
def test_what_a_page_links_to_exists(name: str) -> None:
    page = ROOT / name
    for found in LINK.finditer(CODE.sub("", page.read_text(encoding="utf-8"))):
        target = page.parent / found["path"] if found["path"] else page
        assert target.exists(), f"{name} links to {found['path']}"
        if found["heading"]:
            assert found["heading"] in anchors(target), f"{name} links to {found[0]}"

"""The configurations of docs/editors.md: what each editor knows, and nothing that it does not.

Neovim's and Emacs' are run by tests/editors. Helix and Zed are not started, so these names are checked
against what their documentation lists:
https://docs.helix-editor.com/languages.html, https://zed.dev/docs/configuring-languages
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portside.lsp.client import Client
from portside.lsp.outbox import Outbox
from portside.lsp.preferences import EditorSettings, Preferences

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "editors.md").read_text("utf-8")

HELIX_SERVER = {"command", "args", "config", "timeout", "environment", "required-root-patterns"}
HELIX_LANGUAGE = {"name", "language-servers", "file-types", "scope", "roots", "formatter", "auto-format"}
ZED_LSP = {"binary", "initialization_options", "settings", "enable_lsp_tasks", "fetch"}
ZED_BINARY = {"path", "arguments", "env", "ignore_system_version"}
ZED_LANGUAGE = {"language_servers", "code_actions_on_format", "formatter", "format_on_save", "tab_size"}
# Those that Zed has for Python without an extension.
ZED_PYTHON = {"basedpyright", "pyright", "pylsp", "ruff", "ty"}


def blocks(section: str, language: str) -> list[str]:
    body = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", body, re.DOTALL)


def test_helix_knows_every_key() -> None:
    config = _helix()
    assert config.keys() == {"language-server", "language"}
    for server in config["language-server"].values():
        assert server.keys() <= HELIX_SERVER
    for language in config["language"]:
        assert language.keys() <= HELIX_LANGUAGE
        assert "portside" in language["language-servers"]
    assert config["language-server"]["portside"]["args"] == ["lsp"]


def _helix() -> Any:
    """The blocks on the language server, as one file."""
    return tomllib.loads("\n".join(b for b in blocks("Helix", "toml") if "[language-server" in b))


def _zed() -> Any:
    return next(json.loads(block) for block in blocks("Zed", "json") if '"lsp"' in block)


def test_zed_knows_every_key() -> None:
    config = _zed()
    assert config.keys() == {"lsp", "languages"}
    (name,) = config["lsp"]
    assert name in ZED_PYTHON
    assert config["lsp"][name].keys() <= ZED_LSP
    assert config["lsp"][name]["binary"].keys() <= ZED_BINARY
    python = config["languages"]["Python"]
    assert python.keys() <= ZED_LANGUAGE
    assert {server.removeprefix("!") for server in python["language_servers"]} <= ZED_PYTHON
    assert name in python["language_servers"]
    assert list(python["code_actions_on_format"]) == ["source.fixAll.portside"]


@pytest.mark.parametrize("section", ["Helix", "Zed", "Neovim"])
def test_the_settings_that_are_shown_count(section: str) -> None:
    said = _settings(section)
    settings = EditorSettings(Outbox(sys.stdout.buffer), lambda: None)
    settings.start(said)
    assert settings.of(Path("/work")).port_hints is True
    assert settings.of(Path("/work")) != Preferences()
    settings.sent({"portside": {"inlayHints": {"ports": False}}}, Client())
    assert settings.of(Path("/work")).port_hints is False


def _settings(section: str) -> Any:
    if section == "Helix":
        return _helix()["language-server"]["portside"]["config"]
    if section == "Zed":
        return _zed()["lsp"]["pylsp"]["initialization_options"]
    lua = next(block for block in blocks("Neovim", "lua") if "settings" in block)
    assert "settings = { portside = { inlayHints = { ports = true } } }" in lua
    return {"settings": {"portside": {"inlayHints": {"ports": True}}}}


def test_all_settings_are_in_the_table() -> None:
    table = PAGE.split("### Settings in the editor")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\S+)` \|", table, re.MULTILINE) == [
        "enable",
        "diagnosticMode",
        "codeLens.enable",
        "inlayHints.ports",
    ]


@pytest.mark.parametrize("block", blocks("Neovim", "lua"), ids=lambda block: block.split("\n")[0][:40])
@pytest.mark.skipif(shutil.which("nvim") is None, reason="there is no Neovim to read it")
def test_neovim_can_read_every_block(block: str, tmp_path: Path) -> None:
    (tmp_path / "block.lua").write_text(block)
    script = "lua local f, e = loadfile('block.lua'); if not f then io.stderr:write(e); vim.cmd('cquit') end"
    command = ["nvim", "--headless", "--clean", "-n", "-c", script, "-c", "qa!"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert run.returncode == 0, run.stderr

"""The debuggers of docs/editors.md: each configuration is read as its editor would, and runs a session."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.devserver.conftest import Start
from tests.loopback import free_port

from .conftest import Debug
from .test_attach import attach
from .test_session import BODY, Request

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (Path(__file__).parents[3] / "docs" / "editors.md").read_text("utf-8")
HELIX_DEBUGGER = {"name", "transport", "command", "args", "port-arg", "templates", "quirks"}
HELIX_TEMPLATE = {"name", "request", "completion", "args"}

LUA = """
local dap = { adapters = {}, configurations = {} }
package.preload.dap = function() return dap end
vim.fn.input = function() return '8010' end
dofile('block.lua')
for _, each in ipairs(dap.configurations.python) do
  for key, value in pairs(each) do
    if type(value) == 'function' then each[key] = value() end
  end
end
local adapter = dap.adapters.portside
local command = { adapter.command, unpack(adapter.args) }
local file = io.open('found.json', 'w')
file:write(vim.fn.json_encode({ command = command, found = dap.configurations.python }))
file:close()
vim.cmd('qa!')
"""
ELISP = """
(require 'json) (require 'cl-lib)
(defvar dape-configs nil)
(provide 'dape)
(load (expand-file-name "block.el") nil t)
(let* ((config (cdar dape-configs)) (arguments nil))
  (cl-loop for (key value) on config by #'cddr
           when (keywordp key) do (setq arguments (append arguments (list key value))))
  (with-temp-file "found.json"
    (insert (json-encode `((command . ,(vconcat (list (plist-get config 'command))
                                                (plist-get config 'command-args)))
                           (found . ,(vector arguments)))))))
"""


def block(language: str, word: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(each for each in found if word in each)


def neovim(folder: Path) -> Any:
    (folder / "block.lua").write_text(block("lua", "dap.adapters"))
    (folder / "read.lua").write_text(LUA)
    command = ["nvim", "--headless", "--clean", "-n", "-c", "luafile read.lua", "-c", "cquit"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return json.loads((folder / "found.json").read_text())


def emacs(folder: Path) -> Any:
    (folder / "block.el").write_text(block("elisp", "dape-configs"))
    (folder / "read.el").write_text(ELISP)
    subprocess.run(["emacs", "--batch", "--load", "read.el"], cwd=folder, check=True, capture_output=True)
    return json.loads((folder / "found.json").read_text())


def helix(_: Path) -> Any:
    language = tomllib.loads(f"[[language]]\n{block('toml', '[language.debugger]')}")["language"][0]
    debugger = language["debugger"]
    assert debugger.keys() <= HELIX_DEBUGGER
    assert debugger["transport"] == "stdio"
    assert all(template.keys() <= HELIX_TEMPLATE for template in debugger["templates"])
    found = [
        {"request": template["request"], **_filled(template["args"])} for template in debugger["templates"]
    ]
    return {"command": [debugger["command"], *debugger["args"]], "found": found}


def _filled(arguments: dict[str, str]) -> dict[str, str]:
    return {key: "8010" if value == "{0}" else value for key, value in arguments.items()}


EDITORS = [
    pytest.param(read, id=read.__name__, marks=pytest.mark.skipif(missing, reason="there is none to read it"))
    for read, missing in (
        (neovim, shutil.which("nvim") is None),
        (emacs, shutil.which("emacs") is None),
        (helix, False),
    )
]


@pytest.mark.parametrize("read", EDITORS)
def test_what_the_page_shows_runs_a_session(
    read: Callable[[Path], Any], debug: Debug, serve: Start, project: Path, tmp_path: Path
) -> None:
    shown = read(tmp_path)
    assert shown["command"] == ["portside", "debug-adapter"]
    requests = {config.pop("request"): config for config in shown["found"]}
    editor, port = debug(terminals=True), free_port()
    launch = {**requests["launch"], "target": "app:app", "port": port}
    editor.launch({project / "app.py": [BODY]}, **launch)
    editor.server("ready", generation=1)
    request = Request(port)
    thread, _ = editor.stopped_at()
    editor.ask("continue", threadId=thread)
    assert request.wait() == (200, "1")
    editor.stop()
    if "attach" not in requests:
        return
    assert requests["attach"]["server"] == "8010"
    served = serve("app:app", "--debug", "--debug-port", str(free_port()))
    served.wait_for("ready", generation=1)
    other = debug()
    attach(other, project / "app.py", **{**requests["attach"], "server": str(served.port)})
    other.event("process")
    other.ask("disconnect")
    served.stop()

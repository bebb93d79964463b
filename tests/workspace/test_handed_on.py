"""What other files hand on is known by its own name, as far as that is sure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from portside.workspace.local_modules import LocalModules


def handed_on(tmp_path: Path, code: str, files: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "app.py").write_text(code)
    return LocalModules(tmp_path).handed_on(tmp_path / "app.py", code.encode())


@pytest.mark.parametrize(
    "text",
    [
        "from vllm import LLM\n",
        "from vllm import *\n",
        "from other import LLM\n",
        "from other import *\n",
        "try:\n    from vllm import LLM\nexcept ImportError:\n    LLM = None\n",
    ],
)
def test_an_import_hands_it_on(tmp_path: Path, text: str) -> None:
    files = {"engine.py": text, "other.py": "from vllm import LLM\n"}
    assert handed_on(tmp_path, "from engine import LLM\nLLM('m')\n", files) == {"engine.LLM": "vllm.LLM"}


def test_a_star_import_brings_what_the_text_names(tmp_path: Path) -> None:
    files = {"common.py": "import uvicorn\nfrom fastapi import FastAPI\nfrom vllm import LLM\n"}
    assert handed_on(tmp_path, "from common import *\napp = FastAPI()\nuvicorn.run(app)\n", files) == {
        "common.FastAPI": "fastapi.FastAPI",
        "common.uvicorn": "uvicorn",
    }


@pytest.mark.parametrize(
    "text",
    [
        "class LLM: ...\n",
        "from lmdeploy import LLM\n",
        "LLM = None\n",
        "from vllm import LLM\nLLM = make(LLM)\n",
        "from app import LLM\n",
        "x = 1\n",
    ],
)
def test_what_is_something_else_is_not(tmp_path: Path, text: str) -> None:
    assert handed_on(tmp_path, "from engine import LLM\nLLM('m')\n", {"engine.py": text}) == {}


def test_an_edit_of_the_other_file_counts(tmp_path: Path) -> None:
    code = "from engine import LLM\nLLM('m')\n"
    assert handed_on(tmp_path, code, {"engine.py": "class LLM: ...\n"}) == {}
    assert handed_on(tmp_path, code, {"engine.py": "from vllm import LLM  # now\n"}) != {}

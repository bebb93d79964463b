"""Hours of typing in a few seconds: a session says what one says that has just begun."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.folders import lay_out
from tests.lsp.sessions import Window, Work


@pytest.mark.parametrize("seed", range(12))
def test_a_session_says_what_a_new_one_says_of_the_same_texts(seed: int, tmp_path: Path) -> None:
    work = Work(seed, tmp_path)
    for step in range(15):
        for name, said, fresh in work.step():
            assert said == fresh, f"step {step}: {name}"


def test_once_saved_a_file_is_judged_by_what_others_take_from_its_new_text(tmp_path: Path) -> None:
    app = "from fastapi import FastAPI\nfrom engine import Engine\n\napp = FastAPI()\n"
    after = 'from vllm import LLM\n\n\nclass Engine:\n    llm = LLM("m")\n'
    texts = {"engine.py": "import os\n", "app.py": app, "run.sh": "uvicorn app:app\n"}
    lay_out(tmp_path, texts)
    window = Window(tmp_path, texts)
    for name in texts:
        window.said(name)
    window.type("engine.py", texts["engine.py"], after)
    lay_out(tmp_path, texts := {**texts, "engine.py": after})
    window.save("engine.py")
    assert window.said("engine.py") == Window(tmp_path, texts).said("engine.py")

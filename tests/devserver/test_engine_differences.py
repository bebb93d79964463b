"""Why an engine is loaded again, as the console says it."""

from __future__ import annotations

import pytest

from portside.devserver.engines.differences import differences, in_words


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {"model_config.max_model_len": "512", "scheduler_config.max_model_len": "512"},
            {"model_config.max_model_len": "256", "scheduler_config.max_model_len": "256"},
            ["max_model_len 512 → 256"],
            id="one argument at two places",
        ),
        pytest.param(
            {},
            {"environment VLLM_ATTENTION_BACKEND": "TORCH_SDPA"},
            ["VLLM_ATTENTION_BACKEND unset → TORCH_SDPA"],
            id="a variable",
        ),
        pytest.param(
            {"file /m/model.safetensors": "1 bytes, 2"},
            {"file /m/model.safetensors": "1 bytes, 3"},
            ["model.safetensors of the model has changed"],
            id="a file of the model",
        ),
        pytest.param(
            {"code /p/mine.py": "a"},
            {"code /p/mine.py": "b"},
            ["mine.py, which the engine imports, has changed"],
            id="code of the project",
        ),
        pytest.param(
            {"model_config.hf_token": "hf_abcdefghijklmnop"},
            {"model_config.hf_token": "hf_qrstuvwxyzabcdef"},
            ["hf_token has changed"],
            id="a secret by its name",
        ),
        pytest.param(
            {"model_config.revision": "main"},
            {"model_config.revision": "hf_abcdefghijklmnop"},
            ["revision main → ***"],
            id="a secret by its form",
        ),
        pytest.param(
            {"a.deep.down": "1", "compilation_config.level": "1", "environment HF_HOME": "/a"},
            {"a.deep.down": "2", "compilation_config.level": "2", "environment HF_HOME": "/b"},
            ["HF_HOME /a → /b", "level 1 → 2", "down 1 → 2"],
            id="what was asked for comes before what follows from it",
        ),
    ],
)
def test_what_differs_is_named(before: dict[str, str], after: dict[str, str], shown: list[str]) -> None:
    assert differences(before, after) == shown


def test_a_long_value_is_cut() -> None:
    (shown,) = differences({"x.overrides": "a" * 500}, {"x.overrides": "b"})
    assert len(shown) < 100


def test_the_first_three_are_shown() -> None:
    assert in_words(["a", "b"]) == "a, b"
    assert in_words(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"

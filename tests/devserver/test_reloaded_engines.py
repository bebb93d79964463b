"""What a reload loaded again though it was there: told from what vLLM prints."""

from __future__ import annotations

import pytest

from portside.devserver.workers.reloaded_engines import ReloadedEngines

HEAD = "(EngineCore pid=7) INFO 11-22 08:00:00 [core.py:140] "
ENGINE = HEAD + (
    "Initializing a V1 LLM engine (v0.32.0) with config: model='Qwen/Qwen2.5-0.5B', dtype=torch.float32, "
    "max_seq_len=128, tensor_parallel_size=1, data_parallel_size=1, seed=0"
)


def load(engines: ReloadedEngines, generation: int, *lines: str) -> str | None:
    """The model that was loaded again."""
    engines.begin(generation)
    for line in lines:
        engines.heard(line)
    found = engines.loaded(generation)
    return found.model if found else None


def test_the_same_engine_is_named() -> None:
    engines = ReloadedEngines()
    assert load(engines, 1, "INFO: Started server process", ENGINE) is None
    assert load(engines, 2, ENGINE) == "Qwen/Qwen2.5-0.5B"
    assert load(engines, 3, ENGINE) == "Qwen/Qwen2.5-0.5B"


def test_the_time_counts_from_the_first_sign_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = ReloadedEngines()
    load(engines, 1, ENGINE)
    clock = iter([100.0, 118.5])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    engines.begin(2)
    engines.heard("INFO 11-22 08:00:00 [model.py:9] Resolved architecture: LlamaForCausalLM")
    engines.heard(ENGINE)
    found = engines.loaded(2)
    assert found is not None
    assert found.seconds == 18.5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(ENGINE, ENGINE.replace("max_seq_len=128", "max_seq_len=256"), id="other arguments"),
        pytest.param(ENGINE, "INFO: Started server process", id="no engine any more"),
        pytest.param("INFO: Started server process", ENGINE, id="an engine for the first time"),
        pytest.param(*[ENGINE.replace("v0.32.0", "v0.8.5")] * 2, id="a version whose engine can't be kept"),
        pytest.param(
            *[ENGINE.replace("data_parallel_size=1", "data_parallel_size=2")] * 2, id="several engines"
        ),
    ],
)
def test_nothing_is_said_of_what_had_to_be_loaded(first: str, second: str) -> None:
    engines = ReloadedEngines()
    assert load(engines, 1, first) is None
    assert load(engines, 2, second) is None


def test_of_two_engines_the_one_that_was_there_is_named() -> None:
    engines = ReloadedEngines()
    embedding = ENGINE.replace("Qwen/Qwen2.5-0.5B", "BAAI/bge-m3")
    load(engines, 1, ENGINE, embedding)
    assert load(engines, 2, ENGINE.replace("seed=0", "seed=1"), embedding) == "BAAI/bge-m3"


def test_a_generation_that_was_overtaken_counts_for_nothing() -> None:
    engines = ReloadedEngines()
    load(engines, 1, ENGINE)
    engines.begin(2)
    engines.heard(ENGINE)
    engines.begin(3)
    assert engines.loaded(2) is None

"""How far a start is, from the logs of real ones; and how long it may take, from earlier ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.devserver.console import estimates
from portside.devserver.console.folding import Folding
from portside.devserver.console.loading import Loading, status_text

LOGS = Path(__file__).parent.parent / "failures" / "logs"


def steps(name: str) -> list[str]:
    loading, found = Loading(0.0), ["imports"]
    for line in (LOGS / f"{name}.log").read_text(encoding="utf-8").splitlines():
        if loading.hear(line, 1.0) and found[-1] != loading.step:
            found.append(loading.step)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vllm-good", ["imports", "engine", "weights", "cache"]),
        ("t1-boot-final", ["imports", "engine", "weights", "cache"]),
        ("2b-guard-port-taken", ["imports", "startup", "engine", "weights", "cache"]),
        ("vllm-compile", ["imports", "engine", "weights", "compile"]),
        ("uvicorn-lifespan", ["imports", "startup"]),
    ],
)
def test_the_steps_of_a_real_start(name: str, expected: list[str]) -> None:
    assert steps(name) == expected


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  1.9it/s]", 0.5),
        ("(Worker pid=7) Loading pt checkpoint shards:  25% Completed | 1/4 [00:01<?, ?it/s]", 0.25),
        ("Loading safetensors checkpoint shards:  50%|█████     | 2/4 [00:01<00:01,  1.9it/s]", 0.5),
    ],
)
def test_a_bar_tells_how_far_the_step_is(line: str, done: float) -> None:
    loading = Loading(0.0)
    assert loading.hear(line, 5.0)
    assert (loading.step, loading.done) == ("weights", done)


def test_a_step_is_not_left_backwards_and_another_steps_bar_does_not_count() -> None:
    loading = Loading(0.0)
    loading.hear(
        "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  50%|█████     | 5/10 [00:01<00:01]", 5.0
    )
    assert not loading.hear("Loading safetensors checkpoint shards: 100% Completed | 4/4", 6.0)
    assert (loading.step, loading.done) == ("graphs", 0.5)


def test_the_rest_is_estimated_by_what_earlier_starts_took() -> None:
    history = [{"imports": 6.0, "engine": 4.0, "weights": 20.0, "graphs": 5.0}] * 2 + [{"imports": 60.0}]
    loading = Loading(0.0, history)
    assert loading.eta_s(0.0) == 35.0
    assert loading.eta_s(10.0) == 29.0  # later than usual: the other steps are still to come
    loading.hear("non-default args: {}", 10.0)
    assert loading.eta_s(12.0) == 27.0
    loading.hear("Loading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]", 14.0)
    loading.hear("Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:00<?, ?it/s]", 24.0)
    assert loading.eta_s(24.0) == 15.0  # the bar knows better than the past
    assert loading.durations(30.0) == {"imports": 10.0, "engine": 4.0, "weights": 16.0}


def test_nothing_is_estimated_the_first_time() -> None:
    assert Loading(0.0).eta_s(3.0) is None


def test_the_status_line_fits_the_terminal() -> None:
    loading = Loading(0.0, [{"imports": 100.0}])
    assert status_text(loading, 14.0, 80) == "… importing · 14 s · about 86 s to go"
    assert status_text(loading, 14.0, 80, plain=True) == "- importing - 14 s - about 86 s to go"
    loading.hear("Loading pt checkpoint shards:  25% Completed | 1/4 [", 20.0)
    assert "loading weights ·  25% ━━━━━╌╌" in status_text(loading, 20.0, 80)
    for width in (0, 1, 10, 40):
        assert len(status_text(loading, 20.0, width)) <= width


@pytest.mark.parametrize(
    "text", ["", "{", "[[[", '{"a": 1}', "[1, null]", '[{"imports": "x"}]', "\0", '[{"imports": -1}]']
)
def test_a_broken_file_of_estimates_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert estimates.load(path) == []
    estimates.save(path, [], {"imports": 1.234})
    assert estimates.load(path) == [{"imports": 1.23}]


def test_only_the_last_starts_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "starts" / "x.json"
    for number in range(8):
        estimates.save(path, estimates.load(path), {"imports": float(number)})
    assert [run["imports"] for run in estimates.load(path)] == [3.0, 4.0, 5.0, 6.0, 7.0]


def test_a_state_folder_that_can_not_be_written_costs_only_the_estimate(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    estimates.save(tmp_path / "file" / "x.json", [], {"imports": 1.0})


# -- folding -------------------------------------------------------------------------------

INFO = b"\x1b[0;36m(APIServer pid=7)\x1b[0;0m INFO 11-21 18:42:37 [model.py:733] Resolved architecture\n"
WARNING = b"(Worker pid=9) WARNING 11-21 18:42:37 [cpu.py:224] Triton is not installed.\n"
BAR = b"Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<?, ?it/s]\n"


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_engines_noise_is_left_out_and_the_rest_stays(size: int) -> None:
    said = [
        b"hello\n",
        INFO,
        WARNING,
        b"\n",
        BAR,
        b"(mine) note\n",
        b"INFO:     Started server process [7]\n",
        b"> ",
    ]
    folding, shown, data = Folding(), b"", b"".join(said)
    for start in range(0, len(data), size):
        shown += folding.pass_on(data[start : start + size])
    assert (
        shown + folding.rest()
        == b"hello\n" + WARNING + b"\n(mine) note\nINFO:     Started server process [7]\n> "
    )
    assert folding.folded == 2


@pytest.mark.parametrize("size", [1, 100_000])
def test_the_empty_line_above_each_bar_goes_with_it(size: int) -> None:
    data = b"\n" + INFO + b"\n" + BAR + b"\r\n" + BAR + b"hello\n\n"
    folding, shown = Folding(), b""
    for start in range(0, len(data), size):
        shown += folding.pass_on(data[start : start + size])
    assert shown + folding.rest() == b"\nhello\n\n"
    assert folding.folded == 3


@pytest.mark.parametrize(
    "prompt", [b"(Pdb) ", b"name? ", b"\r 50%|#####     |", b"\x1b[32mIn [1]: \x1b[0m", b"(venv) $ "]
)
def test_a_prompt_is_shown_at_once(prompt: bytes) -> None:
    assert Folding().pass_on(prompt) == prompt


def test_of_a_real_start_only_what_matters_is_left() -> None:
    folding = Folding()
    shown = folding.pass_on((LOGS / "vllm-good.log").read_bytes()) + folding.rest()
    assert b" INFO " not in shown
    assert b"WARNING" in shown
    assert b"Application startup complete." in shown
    assert folding.folded > 80

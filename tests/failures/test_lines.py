"""What a log says, whatever wrote it down."""

from __future__ import annotations

import json

import pytest

from portside.failures import explain
from portside.failures.lines import Line, lines

SAID = "OSError: [Errno 98] Address already in use"


def one(raw: str) -> Line:
    (line,) = lines(raw, 1)
    return line


@pytest.mark.parametrize(
    "raw",
    [
        SAID,
        f"\x1b[31m{SAID}\x1b[0m",
        f"\x1b]0;title\x07{SAID}",
        f"[   7.00] {SAID}",
        f"vllm-1  | {SAID}",
        f"my.service_1 | {SAID}",
        f"0|server  | {SAID}",
        f"2026-01-02T10:00:00.123456789Z {SAID}",
        f"2026-01-02T10:00:00.123456789Z stderr F {SAID}",
        f"vllm-1  | 2026-01-02T10:00:00.123456789Z {SAID}",
        f"Nov 21 17:52:49 gpu-box python[4711]: {SAID}",
        f"2026-11-21T17:52:49+0000 gpu-box python[4711]: {SAID}",
        f"[pod/vllm-7d9f-x2/server] {SAID}",
        f"[rank0]: {SAID}",
        f"(APIServer pid=7) {SAID}",
        f"(EngineCore_DP0 pid=7) ERROR 11-21 18:42:51 [core.py:396] {SAID}",
        f"ERROR 05-23 09:31:47 [core.py:396] {SAID}",
        f"ERROR 10-10 10:23:27 launcher.py:27] {SAID}",
        f"[dev42] (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:396] {SAID}",
        f"\x1b[36m(RayWorkerWrapper pid=9, ip=10.0.0.7)\x1b[0m {SAID}",
        f"(RayWorkerWrapper pid=9) {SAID} [repeated 3x across cluster]",
        f"ERROR:    {SAID}",
        f"ERROR:root:{SAID}",
        f"2026-01-02 10:00:00,123 - server - ERROR - {SAID}",
        f"2026-01-02 10:00:00.123 | ERROR    | server:main:12 - {SAID}",
        f"[2026-01-02 10:00:00 +0000] [7] [ERROR] {SAID}",
        f"[2026-01-02 10:00:00 TP0] {SAID}",
        f"> {SAID}",
        json.dumps({"log": SAID + "\n", "stream": "stderr", "time": "2026-01-02T10:00:00Z"}),
        json.dumps({"severity": "ERROR", "message": SAID}),
        SAID + "\r\n",
        f"Loading:  50%|█████     | 1/2\r{SAID}",
    ],
)
def test_what_carries_a_line_is_taken_off(raw: str) -> None:
    assert [line.text for line in lines(raw, 1)][-1] == SAID
    assert [failure.name for failure in explain([raw])] == ["port-taken"]


def test_the_indentation_of_a_traceback_stays() -> None:
    raw = '(Worker pid=9) ERROR 11-21 18:42:51 [worker.py:8]   File "/srv/app.py", line 7, in run'
    assert one(raw) == Line(
        1, '  File "/srv/app.py", line 7, in run', "ERROR", ("Worker", "9"), "11-21 18:42:51"
    )


@pytest.mark.parametrize(
    "raw",
    [
        "(APIServer pid=7) INFO 11-21 18:42:51 [network_utils.py:250] Port 8123 is already in use, trying port 8124",
        "(APIServer pid=7) WARNING 11-21 18:42:51 [parallel.py:746] Address already in use. Retrying with a new port.",
        "[2026-04-21 06:57:46] box:529525:535668 [0] ras/client_support.cc:160 NCCL WARN Call to bind failed: Address already in use",
        "DEBUG 04-21 06:57:55 [platforms/__init__.py:55] TPU platform is not available because: No module named 'libtpu'",
        'INFO:     127.0.0.1:4 - "GET /errors/Address-already-in-use HTTP/1.1" 404 Not Found',
    ],
)
def test_what_is_said_in_passing_is_no_failure(raw: str) -> None:
    assert explain([raw]) == ()


def test_a_long_line_costs_little() -> None:
    assert len(one("x" * 1_000_000).text) <= 20_000


def test_json_that_nests_too_deep_is_a_line_like_others() -> None:
    nested = '{"log": ' + "[" * 9_000 + "]" * 9_000 + "}"
    assert one(nested).text == nested

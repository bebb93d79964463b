"""Of everything that a log shows, the cause."""

from __future__ import annotations

import textwrap

from portside.failures import Failure, Reader, explain


def of(text: str, folder: str | None = None) -> tuple[Failure, ...]:
    return explain(textwrap.dedent(text).splitlines(keepends=True), folder)


def names(text: str) -> list[str]:
    return [failure.name for failure in of(text)]


ENGINE = """\
    (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510] EngineCore failed to start.
    (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510] Traceback (most recent call last):
    (Worker_TP1 pid=9) INFO 11-21 18:42:51 [multiproc_executor.py:843] Parent process exited, terminating worker queues
    (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510]   File "/srv/venv/lib/python3.11/site-packages/vllm/v1/engine/core.py", line 9, in run
    Traceback (most recent call last):
    (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510]     self.load()
      File "/home/ada/project/server.py", line 12, in <module>
    (EngineCore pid=7) ERROR 11-21 18:42:51 [core.py:1510] ZeroDivisionError: division by zero
        llm = LLM(model="m")
      File "/srv/venv/lib/python3.11/site-packages/vllm/v1/engine/utils.py", line 1431, in wait_for_engine_startup
        raise RuntimeError(
    RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""


def test_above_a_failed_engine_the_childs_exception_is_found_among_other_lines() -> None:
    (failure,) = of(ENGINE, "/home/ada/project")
    assert failure.happened == "EngineCore ended with ZeroDivisionError: division by zero"
    assert failure.process == "EngineCore"
    assert str(failure.where) == "server.py:12"
    assert failure.where is not None
    assert failure.where.source == 'llm = LLM(model="m")'


def test_an_engine_that_failed_without_saying_why_is_said_to_have() -> None:
    (failure,) = of(
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
    )
    assert failure.name == "engine-failed"
    assert "this log does not hold it" in failure.cause


def test_an_engine_that_was_killed_is_told_from_one_that_raised() -> None:
    text = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_DP0': -9}"
    assert names(text) == ["killed"]


def test_what_killed_the_first_worker_counts_and_not_what_the_others_said_then() -> None:
    text = """\
        (Worker_TP0 pid=8) ERROR 11-21 18:42:51 [worker.py:1] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
        (Worker_TP1 pid=9) ERROR 11-21 18:42:52 [worker.py:1] RuntimeError: NCCL error: remote process exited or there was a network error
        (EngineCore pid=7) ERROR 11-21 18:42:53 [core.py:1] RuntimeError: cancelled
        RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}
        """
    assert names(text) == ["gpu-out-of-memory"]


def test_of_a_chain_the_message_for_people_counts() -> None:
    text = """\
        Traceback (most recent call last):
          File "/srv/venv/lib/python3.11/site-packages/huggingface_hub/x.py", line 1, in get
            raise LocalEntryNotFoundError(
        huggingface_hub.errors.LocalEntryNotFoundError: An error happened.

        The above exception was the direct cause of the following exception:

        Traceback (most recent call last):
          File "server.py", line 3, in <module>
            load()
        OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.
        """
    (failure,) = of(text)
    assert failure.name == "model-server-unreachable"
    assert str(failure.where) == "server.py:3"


def test_an_exception_of_the_users_own_is_shown_with_its_line() -> None:
    text = """\
        Traceback (most recent call last):
          File "/srv/venv/bin/uvicorn", line 8, in <module>
            sys.exit(main())
          File "/home/ada/project/app/db.py", line 4, in connect
            return table["x"]
        KeyError: 'x'
        """
    (failure,) = of(text, "/home/ada/project")
    assert failure.name == "exception-in-your-code"
    assert failure.happened == "your code raised KeyError: 'x'"
    assert str(failure.where) == "app/db.py:4"


def test_the_port_that_the_engines_rendezvous_took_is_the_programs_own() -> None:
    text = """\
        (EngineCore pid=7) INFO 11-21 18:42:49 [parallel_state.py:1906] world_size=1 rank=0 local_rank=0 distributed_init_method=tcp://127.0.0.1:8123 backend=gloo
        INFO:     Application startup complete.
        ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8123): address already in use
        """
    (failure,) = of(text)
    assert failure.happened == "port 8123 is taken by this program itself"
    assert failure.rules == ("vllm-port-misuse",)


def test_each_attempt_of_a_restarted_container_is_looked_at_and_like_ones_are_counted() -> None:
    attempt = (
        "api-1  | INFO:     Started server process [{}]\n"
        "api-1  | ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use\n"
    )
    text = (
        attempt.format(7)
        + attempt.format(7)
        + "api-1  | torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB.\n"
    )
    found = of(attempt.format(1) + "api-1 exited with code 3\n" + text)
    assert [(failure.name, failure.count) for failure in found] == [
        ("port-taken", 3),
        ("gpu-out-of-memory", 1),
    ]


def test_requests_that_fail_are_told_apart_and_counted() -> None:
    request = """\
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/home/ada/project/api.py", line {}, in answer
    return {}
{}
"""
    text = "INFO:     Application startup complete.\n" + request.format(3, "a", "KeyError: 'a'") * 3
    text += request.format(9, "b", "ValueError: no")
    found = of(text)
    assert [(failure.happened, failure.count) for failure in found] == [
        ("your code raised KeyError: 'a'", 3),
        ("your code raised ValueError: no", 1),
    ]


def test_a_server_that_somebody_stopped_did_not_fail() -> None:
    text = """\
        INFO:     Application startup complete.
        INFO:     Shutting down
        Traceback (most recent call last):
          File "/srv/venv/lib/python3.11/site-packages/uvicorn/server.py", line 1, in run
            x()
        asyncio.exceptions.CancelledError
        KeyboardInterrupt
        """
    assert names(text) == []


def test_nothing_is_kept_of_a_long_log() -> None:
    reader = Reader()
    for number in range(20_000):
        reader.feed(f"ERROR: worker {number} failed: ValueError: bad value {number}\n")
    assert len(reader.failures()) <= 2


def test_secrets_are_masked() -> None:
    text = "OSError: [Errno 98] Address already in use: --api-key sk-abcdefgh12345678 hf_abcdefghijklmnop"
    (failure,) = of(text)
    assert "sk-abc" not in failure.evidence
    assert "hf_abc" not in failure.evidence

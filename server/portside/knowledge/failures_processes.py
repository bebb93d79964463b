"""Ways for a process to be ended from outside, or to end itself without an exception."""

from __future__ import annotations

from portside.knowledge.failure_entry import Known, Rank

ENTRIES = (
    Known(
        "interrupted",
        "processes",
        (
            r"^SystemExit: (?:15|2)$",
            r"^KeyboardInterrupt(?:: .*)?$",
            r"\[shutdown\] EngineCore: trigger received signal=SIG(?:TERM|INT)",
        ),
        "it was stopped while it started, or while it ran",
        "Ctrl-C, or a signal from whatever started it: a supervisor, a time limit, a container that was stopped",
        ("if nobody meant to: see what sends the signal, such as a readiness probe or a time limit",),
        rank=Rank.SYMPTOM,
        loud=True,
        sources=("CPython", "vLLM 0.32.0 v1/engine/core.py:1454"),
        seen=(
            "(EngineCore pid=27944) INFO 11-21 23:19:03 [core.py:1454] [shutdown] EngineCore: trigger received signal=SIGTERM",
        ),
    ),
    Known(
        "shared-memory-small",
        "processes",
        (
            r"(?i)unable to (?:open|allocate|resize) shared memory",
            r"(?i)\bbus error\b",
            r"DataLoader worker .* is killed by signal: Bus error",
            r"'Engine\w*': -7\b",
        ),
        "the shared memory (/dev/shm) is too small",
        "the engine's processes pass data through it; a container gets 64 MB unless told otherwise",
        (
            "`docker run --ipc=host …` or `--shm-size=8g`; in Kubernetes an emptyDir with medium Memory at /dev/shm",
        ),
        sources=("Linux", "torch 2.13.0"),
        printed=(
            "RuntimeError: unable to open shared memory object </torch_123> in read-write mode: No space left on device (28)",
            "Bus error (core dumped)",
        ),
    ),
    Known(
        "killed",
        "processes",
        (
            r"^(?:.*\d+ )?Killed\b(?: +.*)?$",
            r"(?:exited with code|exit code:?|exit status:?|exited: .*exit status) 137\b",
            r"code=killed, status=9/KILL",
            r"Worker \(pid:\d+\) was sent SIGKILL",
            r"terminated with signal SIGKILL|is killed by signal: Killed",
            r"'Engine\w*': -9\b",
            r"died unexpectedly \(exit code: -9\)",
            r"(?i)\boom-?killed?\b|Out of memory: Killed process",
        ),
        "a process was killed from outside (SIGKILL)",
        "mostly by the kernel, when the machine's or the container's memory (not the GPU's) ran out while the weights loaded",
        (
            "look with `dmesg | grep -i kill` or `kubectl describe pod` (OOMKilled)",
            "give it more memory, or load less: a smaller model, fewer workers, less --swap-space and CPU offload",
        ),
        rank=Rank.SYMPTOM,
        loud=True,
        sources=("Linux", "bash", "systemd", "Docker", "gunicorn 23", "vLLM 0.32.0 v1/engine/utils.py"),
        printed=(
            "Killed",
            "vllm-1 exited with code 137",
            "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_DP0': -9}",
        ),
    ),
    Known(
        "crashed",
        "processes",
        (
            r"(?i)\bsegmentation fault\b|Segfault encountered|SIGSEGV",
            r"(?i)^illegal instruction|SIGILL\b",
            r"'Engine\w*': -(?:11|4|6)\b",
            r"died unexpectedly \(exit code: -(?:11|4|6)\)",
            r"^Fatal Python error: (?!Aborted)",
        ),
        "a process crashed in compiled code",
        "a segmentation fault or an illegal instruction: packages that do not fit together, a driver that does not fit, "
        "or a processor without the instructions that the build needs",
        (
            "install vLLM with its own torch in a fresh environment",
            "get the place: `python -X faulthandler …`",
        ),
        rank=Rank.SYMPTOM,
        sources=("Linux", "CPython faulthandler"),
        printed=("Segmentation fault (core dumped)", "Illegal instruction (core dumped)"),
    ),
)

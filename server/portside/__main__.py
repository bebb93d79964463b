"""Lets `python -m portside` be the `portside` command."""

import gc
import os
import sys


def main() -> None:
    # What is imported stays: to look through it for garbage is a tenth of the time that importing takes.
    gc.disable()
    # Editors start exactly this and wait for it, and the language server needs no command-line parser.
    if sys.argv[1:] == ["lsp"]:
        from portside.lsp.start import serve  # noqa: PLC0415

        serve(None)
    else:
        _end_in_silence_on_ctrl_c()
        _write_nowhere_where_nobody_reads()
        from portside.cli import main as command  # noqa: PLC0415

        command()


def _end_in_silence_on_ctrl_c() -> None:
    """As any program: nothing has to be tidied up yet, and a traceback of imports tells nobody anything."""
    import signal  # noqa: PLC0415

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _write_nowhere_where_nobody_reads() -> None:
    """Python has no stream for an output that was closed before: `portside check >&-`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end


if __name__ == "__main__":
    main()

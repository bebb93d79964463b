"""Lets `python -m portside` be the `portside` command."""

import signal
import sys


def main() -> None:
    # Editors start exactly this and wait for it, and the language server needs no command-line parser.
    if sys.argv[1:] == ["lsp"]:
        from portside.lsp.start import serve  # noqa: PLC0415

        serve(None)
    else:
        # Nothing has to be tidied up yet: a Ctrl-C ends it as any program, without a traceback of imports.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        from portside.cli import main as command  # noqa: PLC0415

        command()


if __name__ == "__main__":
    main()

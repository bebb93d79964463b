"""Lets `python -m portside` be the `portside` command."""

import sys


def main() -> None:
    # Editors start exactly this and wait for it, and the language server needs no command-line parser.
    if sys.argv[1:] == ["lsp"]:
        from portside.lsp.start import serve  # noqa: PLC0415

        serve(None)
    else:
        from portside.cli import main as command  # noqa: PLC0415

        command()


if __name__ == "__main__":
    main()

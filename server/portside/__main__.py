"""Lets `python -m portside` be the `portside` command."""

from portside.cli import main

if __name__ == "__main__":
    main()

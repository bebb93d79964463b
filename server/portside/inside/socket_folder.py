"""A folder for sockets: their paths are short, whatever the folder for temporary files is called."""

from __future__ import annotations

import errno
import os
import tempfile

PATH_LIMIT = 107
"""sockaddr_un has room for 108 bytes with the one that ends it."""


def make(prefix: str, longest_name: int) -> str:
    """A new folder of the user's alone, where names of up to so many bytes fit. Raises OSError."""
    trouble = OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), tempfile.gettempdir())
    for base in filter(None, (tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR"), "/tmp")):  # noqa: S108
        try:
            made = tempfile.mkdtemp(prefix=prefix, dir=base)
        except OSError as error:
            trouble = error
            continue
        if len(os.fsencode(made)) + 1 + longest_name <= PATH_LIMIT:
            return made
        os.rmdir(made)
    raise trouble

"""The certificate that a server is told to use: who answers in its place speaks TLS with the same."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CERTIFICATE, _KEY, _PASSWORD = "--ssl-certfile", "--ssl-keyfile", "--ssl-keyfile-password"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files, as paths from `folder`. key: None where the certificate's file holds it."""

    folder: Path
    certificate: str
    key: str | None = None
    password: str | None = None

    def context(self) -> ssl.SSLContext | None:
        """For a server; None where the files can't be used: the worker will say what is wrong with them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key = None if self.key is None else self.folder / self.key
        # Without a password OpenSSL would ask for it in the terminal.
        password = self.password or ""
        with suppress(OSError, ValueError):
            context.load_cert_chain(self.folder / self.certificate, key, lambda: password)
            return context
        return None


def certificate_of(arguments: Sequence[str], folder: Path) -> Certificate | None:
    """What a command line says of TLS. Uvicorn, vLLM and hypercorn's options have the same names."""
    certificate = _value(arguments, _CERTIFICATE)
    if certificate is None:
        return None
    return Certificate(folder, certificate, _value(arguments, _KEY), _value(arguments, _PASSWORD))


def _value(arguments: Sequence[str], option: str) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
        if argument == option and index + 1 < len(arguments):
            return arguments[index + 1]
    return None

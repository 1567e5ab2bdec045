"""The process's own streams: kept clean, kept from failing, and given up when nobody reads them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

__all__ = ["is_screen", "prepare_streams", "prints_to_stderr", "silence_stdout"]


def prepare_streams() -> None:
    """Let no write fail for a character that a stream's encoding lacks (it is escaped) or a stream that is closed."""
    sys.stdout = sys.stdout or _Nowhere()
    sys.stderr = sys.stderr or _Nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_screen() -> bool:
    """Whether somebody sits there: input and output are a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout)
    can_move = os.environ.get("TERM", "") not in ("dumb", "unknown") or os.name == "nt"
    return can_move and all(stream is not None and stream.isatty() for stream in streams)


@contextlib.contextmanager
def prints_to_stderr() -> Iterator[None]:
    """What others print meanwhile (a plugin at its import) does not mix with what we say on stdout."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def silence_stdout() -> None:
    """Nobody reads stdout any more: what is still written goes nowhere, also at the interpreter's end."""
    if sys.__stdout__ is None:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.__stdout__.fileno())
    finally:
        os.close(nowhere)


class _Nowhere(io.TextIOBase):
    """Takes what is written to a stream that is not there."""

    def write(self, text: str) -> int:
        return len(text)

"""The process's own streams: kept clean, kept from failing, and given up when nobody reads them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

__all__ = ["is_screen", "prints_to_stderr", "silence_stdout", "write_whatever_comes"]


def write_whatever_comes() -> None:
    """Let no character fail that a stream's encoding does not have: it is written as an escape."""
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
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)

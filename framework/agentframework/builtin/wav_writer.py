"""Writes a WAV file of 16-bit mono that can be read at any time, also where its writer was killed."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path
from typing import IO

from agentframework import AudioError

if sys.platform != "win32":
    import fcntl

__all__ = ["WavWriter"]

_BINARY = getattr(os, "O_BINARY", 0)  # Windows

_HEADER_BYTES = 44
_MOST = 0xFFFFFFFF - _HEADER_BYTES


class WavWriter:
    """One file, which is replaced where it is there, unless it `continues` what was written before.

    Once a second what was written is handed to the system and the header says its length. Raises `AudioError` where
    the file cannot be opened; `write` raises `OSError`.
    """

    def __init__(self, path: Path, rate_hz: int, *, continues: bool = False) -> None:
        self._rate_hz = rate_hz
        self._size = self._told = 0
        try:
            path = path.expanduser()
            if path.is_fifo():  # to open one waits for its reader
                raise AudioError(f"cannot write {path}: it is a pipe; the audio backend pipe plays to those")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o666), "r+b")
            try:
                self._claim(path)
                if not continues and path.is_file():
                    self._file.truncate(0)
                self._size = max(0, self._file.seek(0, 2) - _HEADER_BYTES)
                self._tell_size()
            except BaseException:
                with contextlib.suppress(OSError):  # it may have to write what could not be written
                    self._file.close()
                raise
        except OSError as error:
            raise AudioError(f"cannot write {path}: {error.strerror or error}") from error

    def write(self, pcm: bytes) -> None:
        """Append."""
        self._file.write(pcm)
        self._size += len(pcm)
        if self._size - self._told >= 2 * self._rate_hz:
            self._tell_size()

    def close(self) -> None:
        """Say the length, and close the file. May be called twice."""
        if not self._file.closed:
            try:
                self._tell_size()
            finally:
                self._file.close()

    def _claim(self, path: Path) -> None:
        """Let no other conversation write the same file, where the system can see to that."""
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AudioError(
                f"cannot write {path}: another conversation writes it now; give each a file of its own"
            ) from None
        except OSError:  # a file system that knows no locks
            return

    def _tell_size(self) -> None:
        size = min(self._size, _MOST)
        layout = (1, 1, self._rate_hz, 2 * self._rate_hz, 2, 16)  # PCM, mono, its rates, sizes of a frame
        riff = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, *layout)
        self._file.seek(0)
        self._file.write(riff + struct.pack("<4sI", b"data", size))
        self._file.seek(0, 2)
        self._file.flush()
        self._told = self._size

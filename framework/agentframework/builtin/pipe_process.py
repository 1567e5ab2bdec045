"""A program beside the conversation: its pipe, what it complains of, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import struct
import subprocess
import termios
import time
from collections import deque
from collections.abc import Sequence
from pathlib import PurePath
from typing import IO, Literal

from agentframework import AudioError
from agentframework.builtin.pipe_presets import package_of

__all__ = ["Process", "end_all"]

_log = logging.getLogger("agentframework.audio")

_PIPE_BYTES = 16_384
_LINES, _LINE_LENGTH, _READ_BYTES = 3, 200, 65_536
_POLITE, _FIRM, _LAST = 0.05, 0.1, 0.1


class Process:
    """One program, running: in a process group of its own, which ends as a whole. For one thread at a time.

    `pipe` is the end of ours, which never blocks: a microphone's output, or a speaker's input. What the program
    writes to its standard error goes to the log, and the last lines are told when it has died.
    """

    def __init__(self, words: Sequence[str], role: Literal["microphone", "speaker"]) -> None:
        self.name = PurePath(words[0]).name
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._line = b""
        hears = role == "microphone"
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list of words, run without a shell
                list(words),
                stdin=subprocess.DEVNULL if hears else subprocess.PIPE,
                stdout=subprocess.PIPE if hears else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise AudioError(_cannot_run(words[0], role, error)) from error
        pipe, errors = self._process.stdout if hears else self._process.stdin, self._process.stderr
        assert pipe is not None
        assert errors is not None
        self.pipe: IO[bytes] = pipe
        self._errors: IO[bytes] = errors
        for file in (pipe, errors):
            os.set_blocking(file.fileno(), False)
        if not hears and hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def unread(self) -> int:
        """Bytes in the pipe that the program has not read yet; 0 where the system does not tell."""
        try:
            (size,) = struct.unpack("i", fcntl.ioctl(self.pipe.fileno(), termios.FIONREAD, bytes(4)))
        except OSError:
            return 0
        return int(size)

    def read_errors(self) -> None:
        """Take what it has written to its standard error."""
        try:
            data = self._errors.read(_READ_BYTES)
        except (OSError, ValueError):
            return
        if not data:
            return
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[-_LINE_LENGTH:]
        for line in lines:
            self._note(line)

    def status(self, timeout: float = 0.0) -> int | None:
        """Its exit status, once it has ended; a negative one is a signal."""
        if not timeout:
            return self._process.poll()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout)
        return None

    def last_words(self) -> str:
        """How it has ended, for a person."""
        status = self._process.poll()
        if status is None:
            how = "has closed its pipe"
        else:
            how = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
        self.read_errors()
        if self._line:
            self._note(self._line)
            self._line = b""
        return f"{self.name} {how}" + (f": {'; '.join(self._lines)}" if self._lines else "")

    def signal(self, number: int) -> None:
        """Send a signal to it and to all that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def close(self) -> None:
        """Close our ends of its pipes. May be called twice."""
        for file in (self.pipe, self._errors):
            with contextlib.suppress(OSError):
                file.close()

    def kill(self) -> None:
        """End it now."""
        self.signal(signal.SIGKILL)
        self.status(_LAST)
        self.close()

    def _note(self, line: bytes) -> None:
        text = "".join(
            letter if letter.isprintable() else " "
            for letter in line.decode("utf-8", "replace")[-_LINE_LENGTH:].strip()
        )
        if text:
            self._lines.append(text)
            _log.debug("%s: %s", self.name, text)


def end_all(processes: Sequence[Process]) -> None:
    """End them within 0.25 s: a player at the end of its input, the others by a signal, who hangs by force."""
    for process in processes:
        with contextlib.suppress(OSError):
            process.pipe.close()
    alive = [process for process in processes if process.status() is None]
    _wait(alive, _POLITE)
    for number, patience in ((signal.SIGTERM, _FIRM), (signal.SIGKILL, _LAST)):
        for process in alive:  # also one that has just ended: what it has started may live on
            process.signal(number)
        _wait(alive, patience)
    for process in processes:
        process.read_errors()
        process.close()


def _wait(processes: Sequence[Process], patience: float) -> None:
    until = time.monotonic() + patience
    for process in processes:
        process.status(max(0.001, until - time.monotonic()))


def _cannot_run(program: str, role: str, error: OSError | ValueError) -> str:
    sentence = f"the {role}'s command {program!r} cannot be run: "
    if isinstance(error, FileNotFoundError):
        package = package_of(program)
        sentence += "there is no such program"
        return f"{sentence} (Debian, Ubuntu: apt install {package})" if package else sentence
    return sentence + (error.strerror or str(error) if isinstance(error, OSError) else str(error))

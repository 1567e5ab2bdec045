"""Runs another program for its output: bytes in, bytes out, within a time and a size, and no shell."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

__all__ = ["CommandError", "CommandTimeoutError", "run_command"]

_READ_BYTES = 65536
_MOST_COMPLAINT_BYTES = 4096
_COMPLAINT_SHOWN = 200


class CommandError(Exception):
    """The program did not do its work; the text says what happened, after the program's name."""


class CommandTimeoutError(CommandError):
    """The program did not end in time."""


async def run_command(words: Sequence[str], given: bytes | None, *, timeout: float, most_bytes: int) -> bytes:
    """What the program `words` writes when it reads `given`; None is no input at all.

    It is ended, with all that it has started, where it takes longer than `timeout` seconds, writes more than
    `most_bytes`, or is not waited for any more. Raises `CommandError`.
    """
    run = _Run(words, given, timeout, most_bytes)
    # on a thread, for a loop that closes meanwhile would leave a process of its own with open pipes
    performed = asyncio.get_running_loop().run_in_executor(None, run.perform)
    try:
        return await asyncio.shield(performed)
    except asyncio.CancelledError:
        run.give_up()
        performed.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise


class _Run:
    """One run of a program, by the thread that performs it; any other may give it up."""

    def __init__(self, words: Sequence[str], given: bytes | None, timeout: float, most_bytes: int) -> None:
        self._words = words
        self._given = given
        self._timeout = timeout
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_given_up = self._timed_out = False
        self._complaint = b""

    def give_up(self) -> None:
        """End the program, also one that is just being started."""
        with self._lock:
            self._is_given_up = True
            if self._process is not None:
                _kill(self._process)

    def perform(self) -> bytes:
        """What it writes. Raises `CommandError`."""
        name = self._words[0]
        with self._start() as process:
            try:
                out = self._follow(process)
            except RuntimeError as error:  # the interpreter ends, and starts no thread any more
                _kill(process)
                raise CommandError(f"{name} cannot be followed: {error}") from None
        if self._timed_out:
            raise CommandTimeoutError(f"{name} did not end within {self._timeout:g} s")
        if len(out) > self._most_bytes:
            raise CommandError(f"{name} wrote more than {self._most_bytes} bytes")
        if process.returncode:
            said = _last_line(self._complaint)
            raise CommandError(
                f"{name} failed with exit code {process.returncode}{f': {said}' if said else ''}"
            )
        return out

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is its user's own
                self._words,
                stdin=subprocess.DEVNULL if self._given is None else pipe,
                stdout=pipe,
                stderr=pipe,
                # a Ctrl-C at the terminal is meant for us, and what it starts must go with it
                start_new_session=os.name == "posix",
            )
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise CommandError(f"{self._words[0]} cannot be started: {reason.lower()}") from None
        with self._lock:
            self._process = process
            if self._is_given_up:
                _kill(process)
        return process

    def _follow(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None and process.stderr is not None
        timer = threading.Timer(self._timeout, self._time_out)
        helpers = [threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)]
        if process.stdin is not None:
            helpers.append(threading.Thread(target=self._write, args=(process.stdin,), daemon=True))
        timer.daemon = True
        timer.start()
        for helper in helpers:
            helper.start()
        try:
            out = bytearray()
            while len(out) <= self._most_bytes and (part := _read(process.stdout)):
                out += part
            if len(out) > self._most_bytes:
                _kill(process)
            process.wait()
            for helper in helpers:
                helper.join()
        finally:
            timer.cancel()
        return bytes(out)

    def _time_out(self) -> None:
        with self._lock:
            self._timed_out = True
            if self._process is not None:
                _kill(self._process)

    def _listen(self, stream: IO[bytes]) -> None:
        while part := _read(stream):
            self._complaint = (self._complaint + part)[-_MOST_COMPLAINT_BYTES:]

    def _write(self, stream: IO[bytes]) -> None:
        try:
            with stream:
                stream.write(self._given or b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it does not want to read more, which is its affair


def _read(stream: IO[bytes]) -> bytes:
    return os.read(stream.fileno(), _READ_BYTES)


def _last_line(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    return "".join(c if c.isprintable() else " " for c in lines[-1])[:_COMPLAINT_SHOWN] if lines else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and what it has started; what has ended already is left alone."""
    if process.returncode is not None:
        return  # its number may be another's by now
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass  # nothing of it runs any more

"""Runs another program for its output: bytes in, bytes out, within a time and a size, and no shell."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

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
    name = words[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=DEVNULL if given is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
            # a Ctrl-C at the terminal is meant for us, and what it starts must go with it
            start_new_session=os.name == "posix",
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CommandError(f"{name} cannot be started: {reason.lower()}") from None
    done = False
    try:
        async with asyncio.timeout(timeout):
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(_read(process, most_bytes))
                complaining = tasks.create_task(_complaint(process))
                tasks.create_task(_write(process, given))
            code = await process.wait()
        done = True
    except TimeoutError:
        raise CommandTimeoutError(f"{name} did not end within {timeout:g} s") from None
    finally:
        if not done:
            _kill(process)
            await process.wait()
    out, complaint = reading.result(), complaining.result()
    if len(out) > most_bytes:
        raise CommandError(f"{name} wrote more than {most_bytes} bytes")
    if code:
        raise CommandError(f"{name} failed with exit code {code}{f': {complaint}' if complaint else ''}")
    return out


async def _write(process: Process, given: bytes | None) -> None:
    if process.stdin is None or given is None:
        return
    try:
        process.stdin.write(given)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it does not want to read more, which is its affair
    process.stdin.close()


async def _read(process: Process, most_bytes: int) -> bytes:
    assert process.stdout is not None
    out = bytearray()
    while part := await process.stdout.read(_READ_BYTES):
        out += part
        if len(out) > most_bytes:
            _kill(process)
            break
    return bytes(out)


async def _complaint(process: Process) -> str:
    """The last line that it wrote to its standard error."""
    assert process.stderr is not None
    kept = b""
    while part := await process.stderr.read(_READ_BYTES):
        kept = (kept + part)[-_MOST_COMPLAINT_BYTES:]
    lines = kept.decode(errors="replace").strip().splitlines()
    return "".join(c if c.isprintable() else " " for c in lines[-1])[:_COMPLAINT_SHOWN] if lines else ""


def _kill(process: Process) -> None:
    """End it and what it has started; what has ended already is left alone."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass  # nothing of it runs any more

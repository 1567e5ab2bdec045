"""Another program does its work within a time and a size, or is ended with all that it has started."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from agent_stub import PATIENCE, eventually
from agentframework.localagent.command import CommandError, CommandTimeoutError, run_command
from agentframework.loopthread import LoopThread

MANY = 1_000_000


def ran(code: str, given: bytes | None = None, *, timeout: float = 20.0, most_bytes: int = MANY) -> bytes:
    """What a Python program writes."""
    return asyncio.run(
        run_command([sys.executable, "-c", code], given, timeout=timeout, most_bytes=most_bytes)
    )


def test_what_is_given_is_read_and_what_is_written_comes_back() -> None:
    copy = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"

    assert ran(copy, bytes(300_000)) == bytes(300_000)
    assert ran(copy, b"") == ran(copy, None) == b""


def test_a_program_need_not_read_what_it_is_given() -> None:
    assert ran("print('enough')", bytes(MANY)) == b"enough\n"


def test_no_shell_reads_the_words() -> None:
    words = [sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; echo `id` > x"]

    assert asyncio.run(run_command(words, None, timeout=20, most_bytes=MANY)) == b"$HOME; echo `id` > x\n"


@pytest.mark.parametrize("words", [["no-such-program-anywhere"], ["/"], ["echo", "a\0b"]])
def test_a_program_that_cannot_be_started_is_named(words: list[str]) -> None:
    with pytest.raises(CommandError, match=f"^{words[0]} cannot be started: "):
        asyncio.run(run_command(words, None, timeout=20, most_bytes=MANY))


def test_a_failure_is_told_with_what_the_program_said_of_it() -> None:
    with pytest.raises(CommandError, match=r"failed with exit code 3: no such model$"):
        ran("import sys; sys.stderr.write('first\\nno \\x1bsuch model'.replace('\\x1b', '')); sys.exit(3)")


def test_a_complaint_cannot_write_over_the_terminal() -> None:
    with pytest.raises(CommandError) as error:
        ran("import sys; sys.stderr.write('\\x1b[2Jx' + 'y' * 100_000); sys.exit(1)")

    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 500


def test_who_writes_too_much_is_ended() -> None:
    endless = "import sys\nwhile True: sys.stdout.write('x' * 10_000)"

    with pytest.raises(CommandError, match="wrote more than 50000 bytes"):
        ran(endless, most_bytes=50_000)


def test_who_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """A grandchild that holds the pipe open, as a script's player does, goes as well."""
    file = tmp_path / "pid"
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(file)!r}, 'w').write(str(child.pid))\n"
        "child.wait()"
    )

    with pytest.raises(CommandTimeoutError, match="did not end within 2 s"):
        ran(code, timeout=2)
    assert is_gone(int(file.read_text()))


def test_who_is_not_waited_for_any_more_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"

    async def main() -> None:
        task = asyncio.create_task(
            run_command([sys.executable, "-c", code], b"text", timeout=600, most_bytes=MANY)
        )
        async with asyncio.timeout(20):
            while not file.exists() or not file.read_text():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert eventually(lambda: is_gone(int(file.read_text())))


def test_a_loop_that_ends_in_the_middle_of_it_leaves_nothing_open() -> None:
    """Nor does it matter when: before the program has started, while it runs, or when it has just been ended."""
    for delay in (0.0, 0.001, 0.003, 0.01, 0.03):
        loop = LoopThread("test-command")
        mailbox = loop.acquire()
        words = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(600)"]
        asyncio.run_coroutine_threadsafe(
            run_command(words, b"text", timeout=600, most_bytes=MANY), mailbox.loop
        )
        threading.Event().wait(delay)
        loop.release()
        loop.join(PATIENCE)
        assert mailbox.loop.is_closed()
    assert eventually(lambda: not [one for one in threading.enumerate() if one.name == "test-command"])


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be reaped by somebody else has."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

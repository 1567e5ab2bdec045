"""Tools for the cases of workers: each does one thing that ends, or should not end, the process that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from agentframework import ToolContext, ToolError, tool

__all__ = [
    "break_the_protocol",
    "chatter",
    "count",
    "crash_once",
    "echo",
    "exit_at_once",
    "exit_politely",
    "fork_and_write",
    "give_a_lock",
    "hang_in_c",
    "hang_with_a_child",
    "leak",
    "leave_a_child_and_crash",
    "long_text",
    "mark",
    "nap",
    "process_id",
    "raise_odd",
    "raise_value",
    "refuse",
    "segfault",
    "shell",
    "talk",
    "use_state",
    "wait_and_add",
    "wait_for_ever",
    "wait_long",
    "write_errors",
]

log = logging.getLogger("agentframework.testing.worker_tools")


@tool
def echo(text: str) -> str:
    """Say the same."""
    return text


@tool
def process_id() -> int:
    """Say which process runs the tools."""
    return os.getpid()


@tool
async def wait_and_add(a: int, b: int) -> int:
    """Add, on a loop."""
    await asyncio.sleep(0)
    return a + b


@tool
def hang_in_c(started: str) -> str:
    """Hold the interpreter's lock for ever."""
    Path(started).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")
    return "never"


@tool
def wait_long(context: ToolContext, started: str) -> str:
    """Do nothing for long, unless it is cancelled, as it sees when it can."""
    Path(started).write_text(str(os.getpid()))
    context.cancelled.wait(20)
    return "never"


@tool
async def wait_for_ever() -> str:
    """Await what never comes."""
    await asyncio.Event().wait()
    return "never"


@tool
def nap(nap: float) -> str:
    """Rest."""
    time.sleep(nap)
    return "rested"


@tool
def mark(path: str) -> str:
    """Leave a file."""
    Path(path).touch()
    return "left"


@tool
def shell() -> int:
    """Run a program that writes where the process writes."""
    return os.system("echo from a shell")  # noqa: S605, S607 - a shell is what is tried


@tool
def write_errors(size: int) -> None:
    """Write much where the process writes its errors."""
    os.write(2, b"." * size + b"\n")


@tool
def hang_with_a_child(started: str) -> str:
    """Start a program, and sleep for ever."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path(started).write_text(str(child.pid))
    threading.Event().wait()
    return "never"


@tool
def leave_a_child_and_crash(started: str) -> str:
    """Start a program, and crash."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path(started).write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGSEGV)
    return "never"


@tool
def segfault() -> str:
    """Read where nothing is."""
    ctypes.string_at(0)
    return "never"


@tool
def exit_at_once(code: int) -> str:
    """End the process behind Python's back."""
    os._exit(code)


@tool
def exit_politely() -> str:
    """Raise what ends a process."""
    sys.exit(3)


@tool
def crash_once(mark: str) -> str:
    """Crash, but not a second time."""
    with contextlib.suppress(FileExistsError):
        Path(mark).touch(exist_ok=False)
        os._exit(1)
    return "second time"


@tool
def leak() -> str:
    """Take memory until there is none."""
    held = []
    while True:
        held.append(bytearray(8 * 1024 * 1024))


@tool
def refuse() -> str:
    """Refuse in words."""
    raise ToolError("there is no such customer")


class OddError(Exception):
    """Cannot be pickled, and says nothing."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__("odd")

    def __str__(self) -> str:
        raise RuntimeError("no words")


@tool
def raise_odd() -> str:
    """Raise what can be neither copied nor read."""
    raise OddError(1, 2)


@tool
def raise_value() -> str:
    """Raise something usual."""
    raise ValueError("the number is wrong")


@tool
def give_a_lock() -> object:
    """Give what has no text form."""
    return threading.Lock()


@tool
def talk(context: ToolContext, text: str) -> str:
    """Say something in all the ways there are."""
    context.progress(text)
    context.logger.warning("tool says %s", text)
    log.warning("module says %s", text)
    is_early = context.deadline > time.monotonic()
    return f"{context.call_id} {context.idempotency_key} {is_early} {context.session_id} {context.conversation_id}"


@tool
def use_state(context: ToolContext) -> str:
    """Want what is not there."""
    context.state["x"] = 1
    return "never"


@tool
def chatter(lines: int) -> str:
    """Log a lot."""
    for number in range(lines):
        log.warning("line %d", number)
    return "done"


@tool
def fork_and_write() -> str:
    """Fork, and let the copy end as a copy does."""
    pid = os.fork()
    if pid == 0:
        log.warning("from the copy")
        os._exit(0)
    os.waitpid(pid, 0)
    return "fine"


@tool
def break_the_protocol() -> str:
    """Write into each socket that is open."""
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(path.readlink()).startswith("socket:"):
                os.write(int(path.name), b"\0\0\0\3abc")
    threading.Event().wait()
    return "never"


@tool
def long_text(length: int) -> str:
    """Give a long text."""
    return "x" * length


@tool
def count(text: str) -> int:
    """Count the characters."""
    return len(text)

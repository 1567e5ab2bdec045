"""A worker process: it runs one call after another, and answers with text."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentframework.tools.tool import Tool
from agentframework.workers.forkedcalls import Calls
from agentframework.workers.frames import FrameReader, frame
from agentframework.workers.toolspec import ToolSpec

__all__ = ["Channel", "run_worker"]

_PR_SET_PDEATHSIG = 1


class Channel:
    """The way to the runtime. Sends from any thread; closed in whatever a tool forks."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._is_open = True
        os.register_at_fork(after_in_child=self._leave)

    def send(self, message: object) -> None:
        """Send one message. Raises OSError where the runtime is gone."""
        data = frame(message)
        with self._lock:
            if self._is_open:
                self._socket.sendall(data)

    def receive(self) -> list[Any]:
        """Wait for messages; empty where the runtime is gone or wants no more."""
        while True:
            data = self._socket.recv(262144)
            messages = self._reader.feed(data, limit=1 << 31)
            if messages or not data:
                return messages

    def _leave(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._socket.close()


def run_worker(
    fd: int, tools: Mapping[ToolSpec, Tool[..., Any]], log_level: int, memory_mb: int | None
) -> int:
    """Be a worker, with these tools loaded, until the runtime wants no more; the exit code."""
    _settle()
    channel = Channel(fd)
    calls = Calls(channel, tools, log_level)
    _limit_memory(memory_mb)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the runtime is gone
        channel.send({"ready": True})
        while messages := channel.receive():
            for message in messages:
                if not calls.run(message):
                    return 0
    return 0


def _settle() -> None:
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        nursery = os.getppid()
        # it ends its workers itself; this is for the day when somebody kills it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != nursery:
            os._exit(1)
    gc.unfreeze()
    random.seed()


def _limit_memory(memory_mb: int | None) -> None:
    """Let the tools take so much on top of what the process has as it starts."""
    if memory_mb is None:
        return
    import resource  # there is none on Windows, where no worker is forked either

    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        taken = 0
    limit = taken + memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

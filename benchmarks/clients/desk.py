"""What every client of the benchmarks shares: its orders, the tool, and the pace of a microphone."""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["BLOCK", "Microphones", "Orders", "begin", "forecast"]

BLOCK = bytes(8_000)
_SLOTS = 25
_PERIOD = 0.25
_OPEN_FILES = 16_384


@dataclass(frozen=True, slots=True)
class Orders:
    """What this client is to do: `sessions` conversations with the agent `agent` at `base_url`.

    `sound` says whether they have a microphone too or only a speaker, `nap` how long the callback of an answer
    sleeps, `package` whose classes they are made with, `is_checked` whether the tool declares its arguments,
    `has_async_tool` whether that of a `Conversation` is a coroutine function.
    """

    base_url: str
    agent: str
    sessions: int
    sound: str
    nap: float
    package: str
    is_checked: bool
    has_async_tool: bool

    @property
    def has_microphone(self) -> bool:
        """Whether the conversations send sound."""
        return self.sound == "headset"

    @property
    def socket_url(self) -> str:
        """Where the conversations are opened."""
        return f"{self.base_url.replace('http', 'ws', 1)}/v1/convai/conversation?agent_id={self.agent}"


def begin() -> Orders:
    """The orders of the command line, when the one who measures says "go"; all imports should be done by then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("agent")
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--sound", choices=("none", "speaker", "headset"), default="none")
    parser.add_argument("--nap", type=float, default=0.0)
    parser.add_argument("--package", default="")
    parser.add_argument("--checked", action="store_true")
    parser.add_argument("--async-tool", action="store_true")
    given = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, most))
    print("ready", flush=True)
    sys.stdin.readline()
    return Orders(
        given.base_url,
        given.agent,
        given.sessions,
        given.sound,
        given.nap,
        given.package,
        given.checked,
        given.async_tool,
    )


def forecast(city: str, unit: str, days: int) -> str:
    """What the tool of every client answers."""
    return f"rain in {city} for {days} days, {unit}"


class Microphones:
    """Gives each of many callbacks 250 ms of sound four times a second, spread evenly, from one thread or task."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[bytes], Any]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, callback: Callable[[bytes], object]) -> None:
        """Have a thread call this."""
        with self._lock:
            self._callbacks.append(callback)
            if self._thread is None:
                self._thread = threading.Thread(target=self._speak, name="microphones", daemon=True)
                self._thread.start()

    def add_async(self, callback: Callable[[bytes], Awaitable[object]]) -> None:
        """Have a task of the running loop await this."""
        self._callbacks.append(callback)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._speak_async())

    def _speak(self) -> None:
        due, slot = time.monotonic(), 0
        while True:
            for callback in self._callbacks[slot::_SLOTS]:
                callback(BLOCK)
            slot = (slot + 1) % _SLOTS
            due += _PERIOD / _SLOTS
            time.sleep(max(0.0, due - time.monotonic()))

    async def _speak_async(self) -> None:
        due, slot = time.monotonic(), 0
        while True:
            for callback in self._callbacks[slot::_SLOTS]:
                await callback(BLOCK)
            slot = (slot + 1) % _SLOTS
            due += _PERIOD / _SLOTS
            await asyncio.sleep(max(0.0, due - time.monotonic()))

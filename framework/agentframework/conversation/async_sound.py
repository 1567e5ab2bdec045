"""The SDK's async audio interface, and how one of a user's own becomes an audio backend."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from agentframework.audio.base import HandingBackend
from agentframework.audio.line import AudioLine
from agentframework.conversation.done import Done
from agentframework.errors import AudioError

__all__ = ["AsyncAudioInterface", "AsyncInterfaceBackend"]

_log = logging.getLogger("agentframework.audio")
_MAX_WAITING_BYTES = 16 * 1024 * 1024
_STOP_TIMEOUT = 2.0
_RESUME = 0.1

Step = Callable[[], Awaitable[None]]


class AsyncAudioInterface(ABC):
    """A microphone and a speaker for an `AsyncConversation`: 16-bit little-endian mono PCM at 16 kHz.

    All methods run on the loop that the conversation was started on, one at a time.
    """

    @abstractmethod
    async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        """Called once; from then on give `input_callback` the microphone's audio, best 250 ms a time.

        It may be called on any thread, a device's among them, with or without a loop; the audio is taken by the
        call itself, and awaiting what it returns waits for nothing.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Called once at the end; `input_callback` must not be called afterwards."""

    @abstractmethod
    async def output(self, audio: bytes) -> None:
        """Play this after what was given before; return quickly."""

    @abstractmethod
    async def interrupt(self) -> None:
        """The user spoke: stop playing, and forget what is still queued."""


class AsyncInterfaceBackend(HandingBackend):
    """An `AsyncAudioInterface` in the shape that the engine calls.

    What is asked of the interface is done on `loop`, in order, by one task; nobody waits for it but `stop`, for two
    seconds. Of the speech that waits there, `interrupt` forgets all, and beyond 16 MiB the oldest is dropped.
    """

    def __init__(self, interface: AsyncAudioInterface, loop: asyncio.AbstractEventLoop) -> None:
        self.dropped_chunks = 0
        self._interface = interface
        self._loop = loop
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._steps: deque[tuple[Step, int]] = deque()
        self._waiting_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._draining = False
        self._failed = False
        self._stopped = threading.Event()
        self._complained = False

    def start(self, line: AudioLine) -> None:
        """Have the interface started, which knows no formats."""
        capture = line.write_encoded

        def input_callback(audio: bytes) -> Done:
            capture(audio)
            return Done()

        self._put(partial(self._start, input_callback))

    def play(self, audio: bytes) -> None:
        """Have the interface play it."""
        self._put(partial(self._interface.output, audio), len(audio))

    def interrupt(self) -> None:
        """Have the interface fall silent, once it has returned from what it is doing."""
        with self._lock:
            self._forget_speech()
        self._put(self._interface.interrupt)

    def stop(self) -> None:
        """Have the interface stopped, once it has returned from what it is doing; waits for that a while."""
        with self._lock:
            self._forget_speech()
        self._put(self._stop)
        if not self._stopped.wait(_STOP_TIMEOUT):
            raise AudioError(f"its stop() did not come to its end within {_STOP_TIMEOUT:g} s")

    def _forget_speech(self) -> None:
        self._steps = deque(item for item in self._steps if not item[1])
        self._waiting_bytes = 0

    def _put(self, step: Step, size: int = 0) -> None:
        with self._lock:
            self._steps.append((step, size))
            self._waiting_bytes += size
            while self._waiting_bytes > _MAX_WAITING_BYTES and self._drop_oldest():
                pass
            was_draining, self._draining = self._draining, True
        try:
            if not was_draining:
                self._loop.call_soon_threadsafe(self._spawn)
            elif self._loop.is_closed():
                raise RuntimeError("closed")
        except RuntimeError as error:
            self._give_up()
            raise AudioError("the event loop that its methods run on is closed") from error

    def _drop_oldest(self) -> bool:
        for position, (_, size) in enumerate(self._steps):
            if size and size < self._waiting_bytes:
                del self._steps[position]
                self._waiting_bytes -= size
                if not self.dropped_chunks:
                    _log.warning("the audio interface of the program is behind; the oldest speech is dropped")
                self.dropped_chunks += 1
                return True
        return False

    def _give_up(self) -> None:
        with self._lock:
            self._steps.clear()
            self._draining = False
            self._failed = True
        self._stopped.set()

    # On the user's loop

    def _spawn(self) -> None:
        self._task = self._loop.create_task(self._drain(), context=self._context)

    async def _drain(self) -> None:
        try:
            while (step := self._next()) is not None:
                await self._take(step)
        except BaseException:
            # the program has cancelled all tasks: what comes next is still asked of it, unless the loop is closed
            self._loop.call_later(_RESUME, self._spawn)
            raise

    def _next(self) -> Step | None:
        with self._lock:
            if not self._steps:
                self._draining = False
                return None
            step, size = self._steps.popleft()
            self._waiting_bytes -= size
            return step

    async def _take(self, step: Step) -> None:
        if self._failed:
            return
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - an interface's fault must not end the conversation
            self._complain(error)

    async def _start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        try:
            await self._interface.start(input_callback)
        except Exception:
            self._failed = True
            self._stopped.set()
            raise

    async def _stop(self) -> None:
        try:
            await self._interface.stop()
        finally:
            self._stopped.set()

    def _complain(self, error: Exception) -> None:
        if self._complained:
            _log.debug("the audio interface of the program failed again: %s", type(error).__name__)
            return
        self._complained = True
        _log.error(
            "the audio interface of the program failed: %s; the conversation goes on",
            error if isinstance(error, AudioError) else type(error).__name__,
            exc_info=None if isinstance(error, AudioError) else error,
        )

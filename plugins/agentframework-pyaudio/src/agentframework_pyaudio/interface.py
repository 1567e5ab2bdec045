"""The audio interfaces that programs for the ElevenLabs SDK import, with the SDK's names and methods."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from agentframework import AsyncAudioInterface, AudioBackend, AudioError, AudioInterface
from agentframework_pyaudio.backend import PyAudioBackend
from agentframework_pyaudio.library import load_pyaudio
from agentframework_pyaudio.settings import DeviceName, Settings
from agentframework_pyaudio.soundcard import SoundCard

__all__ = ["AsyncDefaultAudioInterface", "DefaultAudioInterface"]

_log = logging.getLogger("agentframework.audio")
_MAX_BLOCKS = 50  # a second of them


class DefaultAudioInterface(AudioInterface):
    """The machine's microphone and speaker, in conversations of agentframework and in the SDK's own.

    Without arguments, as in the SDK, they are the system's default devices. `input_callback` is called with 20 ms at
    a time, on a thread of the interface's own. `interrupt` silences what is playing too, within 20 ms, whatever the
    length of the chunk. Raises `ImportError` where PyAudio is missing, with the command that installs it.
    """

    def __init__(
        self,
        *,
        input_device: DeviceName | None = None,
        output_device: DeviceName | None = None,
        quiet: bool = True,
    ) -> None:
        self._settings = _checked(input_device, output_device, quiet)
        self._card = SoundCard(PyAudioBackend(self._settings))

    def start(self, input_callback: Callable[[bytes], None]) -> None:
        self._card.start(input_callback)

    def stop(self) -> None:
        self._card.stop()

    def output(self, audio: bytes) -> None:
        self._card.play(audio)

    def interrupt(self) -> None:
        self._card.interrupt()
        self._card.silence()

    def audio_backend(self) -> AudioBackend | None:
        """The same devices as a backend, for an engine that knows the agent's formats; None for a subclass."""
        return PyAudioBackend(self._settings) if type(self) is DefaultAudioInterface else None


class AsyncDefaultAudioInterface(AsyncAudioInterface):
    """The same for an async conversation: nothing blocks the loop, and every block is delivered on it, in order.

    Where the program's loop stands still for more than a second the oldest blocks are dropped, and counted in
    `dropped_blocks`.
    """

    def __init__(
        self,
        *,
        input_device: DeviceName | None = None,
        output_device: DeviceName | None = None,
        quiet: bool = True,
    ) -> None:
        self.dropped_blocks = 0
        self._settings = _checked(input_device, output_device, quiet)
        self._card = SoundCard(PyAudioBackend(self._settings))
        self._blocks: deque[bytes] = deque()
        self._arrived: asyncio.Event | None = None
        self._delivery: asyncio.Task[None] | None = None
        self._worker: ThreadPoolExecutor | None = None

    async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        await self.stop()
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        self._arrived = arrived
        # a thread of its own: the loop's may all be taken by the program, and silence does not wait
        worker = self._worker = ThreadPoolExecutor(1, "soundcard-calls")
        try:
            await loop.run_in_executor(worker, self._card.start, partial(self._hand_over, loop, arrived))
        except BaseException:
            if self._worker is worker:
                await self.stop()
            raise
        if self._worker is worker:  # nobody has stopped it meanwhile
            self._delivery = loop.create_task(self._deliver(input_callback, arrived))

    async def stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        delivery, self._delivery, self._arrived = self._delivery, None, None
        self._blocks.clear()
        if delivery is not None and delivery is not asyncio.current_task():
            delivery.cancel()
        try:
            await asyncio.get_running_loop().run_in_executor(worker, self._card.stop)
        finally:
            worker.shutdown(wait=False)

    async def output(self, audio: bytes) -> None:
        self._card.play(audio)

    async def interrupt(self) -> None:
        self._card.interrupt()
        if self._worker is not None:
            await asyncio.get_running_loop().run_in_executor(self._worker, self._card.silence)

    def audio_backend(self) -> AudioBackend | None:
        """The same devices as a backend, for an engine that knows the agent's formats; None for a subclass."""
        return PyAudioBackend(self._settings) if type(self) is AsyncDefaultAudioInterface else None

    def _hand_over(self, loop: asyncio.AbstractEventLoop, arrived: asyncio.Event, block: bytes) -> None:
        """On the sound card's thread."""
        try:
            loop.call_soon_threadsafe(self._take, arrived, block)
        except RuntimeError:
            _log.debug("the loop is closed; what the microphone hears goes nowhere")

    def _take(self, arrived: asyncio.Event, block: bytes) -> None:
        if arrived is not self._arrived:
            return  # it was stopped meanwhile
        self._blocks.append(block)
        while len(self._blocks) > _MAX_BLOCKS:
            self._blocks.popleft()
            self.dropped_blocks += 1
        arrived.set()

    async def _deliver(
        self, input_callback: Callable[[bytes], Awaitable[None]], arrived: asyncio.Event
    ) -> None:
        has_complained = False
        while arrived is self._arrived:
            await arrived.wait()
            arrived.clear()
            while arrived is self._arrived and self._blocks:
                try:
                    await input_callback(self._blocks.popleft())
                except Exception as error:  # noqa: BLE001 - the program's fault must not end its hearing
                    if not has_complained:
                        has_complained = True
                        _log.error(
                            "the program's input callback failed: %s", type(error).__name__, exc_info=error
                        )


def _checked(input_device: DeviceName | None, output_device: DeviceName | None, quiet: bool) -> Settings:
    try:
        load_pyaudio()
    except AudioError as error:
        raise ImportError(str(error)) from error
    return Settings(input_device=input_device, output_device=output_device, quiet=quiet)

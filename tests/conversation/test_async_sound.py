"""What is asked of an async audio interface waits within bounds, and nobody waits for it for ever."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

import pytest

from agent_stub import PATIENCE, eventually
from agentframework import AsyncAudioInterface, AudioError, AudioFormat, AudioLine
from agentframework.conversation.async_sound import AsyncInterfaceBackend
from doors import running_loop

MIB = bytes(1024 * 1024)
PCM = AudioFormat.parse("pcm_16000")


class Interface(AsyncAudioInterface):
    """Keeps what it is given; its `stop` may hang."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.heard: list[bytes] = []
        self.log: list[str] = []
        self._hangs = hangs

    async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        self.log.append("start")

    async def output(self, audio: bytes) -> None:
        self.heard.append(audio)

    async def interrupt(self) -> None:
        self.log.append("interrupt")

    async def stop(self) -> None:
        self.log.append("stop")
        if self._hangs:
            await asyncio.Event().wait()


def started(interface: Interface, loop: asyncio.AbstractEventLoop) -> AsyncInterfaceBackend:
    backend = AsyncInterfaceBackend(interface, loop)
    backend.start(AudioLine(PCM, PCM))
    return backend


def hold(backend: AsyncInterfaceBackend, loop: asyncio.AbstractEventLoop) -> threading.Event:
    """Block the loop until the event is set, once nothing waits on it any more."""
    assert eventually(lambda: not backend._draining)
    release, blocked = threading.Event(), threading.Event()
    loop.call_soon_threadsafe(blocked.set)
    loop.call_soon_threadsafe(release.wait, PATIENCE)
    assert blocked.wait(PATIENCE)
    return release


def test_speech_beyond_16_mib_drops_the_oldest_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with running_loop() as loop:
        interface = Interface()
        backend = started(interface, loop)
        release = hold(backend, loop)
        for number in range(20):
            backend.play(bytes([number]) + MIB[1:])
        release.set()
        backend.stop()
    assert backend.dropped_chunks == 4
    assert caplog.text.count("the oldest speech is dropped") == 1
    assert interface.log == ["start", "stop"]


def test_an_interruption_forgets_the_speech_that_waits_and_nothing_else() -> None:
    with running_loop() as loop:
        interface = Interface()
        backend = AsyncInterfaceBackend(interface, loop)
        release = hold(backend, loop)
        backend.start(AudioLine(PCM, PCM))
        backend.play(b"old")
        backend.interrupt()
        backend.play(b"new")
        release.set()
        assert eventually(lambda: interface.heard == [b"new"])
        backend.stop()
    assert interface.log == ["start", "interrupt", "stop"]


def test_a_stop_that_hangs_is_an_error_after_a_while() -> None:
    with running_loop() as loop:
        backend = started(Interface(hangs=True), loop)
        with pytest.raises(AudioError, match=r"its stop\(\) did not come to its end within 2 s"):
            backend.stop()


def test_on_a_loop_that_is_closed_everything_is_refused_at_once() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    interface = Interface()
    with pytest.raises(AudioError, match="is closed"):
        started(interface, loop)
    backend = AsyncInterfaceBackend(interface, loop)
    with pytest.raises(AudioError, match="is closed"):
        backend.stop()
    assert interface.log == []


def test_a_loop_that_is_shut_down_in_the_middle_lets_nobody_wait(caplog: pytest.LogCaptureFixture) -> None:
    class Slow(Interface):
        async def output(self, audio: bytes) -> None:
            self.heard.append(audio)
            await asyncio.Event().wait()

    made: list[AsyncInterfaceBackend] = []
    interface = Slow()

    async def program() -> None:
        made.append(started(interface, asyncio.get_running_loop()))
        made[0].play(b"1")
        while not interface.heard:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR):
        asyncio.run(program())
    with pytest.raises(AudioError, match="is closed"):
        made[0].stop()
    assert interface.log == ["start"]

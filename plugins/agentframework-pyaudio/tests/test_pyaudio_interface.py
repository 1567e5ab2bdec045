"""The audio interfaces of the SDK over a made-up PortAudio: blocks arrive, nothing blocks, silence is at once."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator

import pytest
from fake_pyaudio import Device, FakePyAudio

from agentframework import AsyncAudioInterface, AudioError, AudioInterface
from agentframework_pyaudio import AsyncDefaultAudioInterface, DefaultAudioInterface, PyAudioBackend

LIMIT = 5.0
BLOCKS = [array("h", [number] * 320).tobytes() for number in range(1, 6)]
LOUD = array("h", [1000] * 320).tobytes()
SILENCE = bytes(640)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakePyAudio:
    fake = FakePyAudio(Device("desk microphone"), Device("desk speaker", inputs=0, outputs=2))
    monkeypatch.setitem(sys.modules, "pyaudio", fake)
    monkeypatch.setitem(sys.modules, "pyaudio._portaudio", None)
    return fake


@pytest.fixture
def interface(library: FakePyAudio) -> Iterator[DefaultAudioInterface]:
    interface = DefaultAudioInterface()
    yield interface
    interface.stop()
    assert not library.open_now()


class TestDefaultAudioInterface:
    """For programs with threads: the SDK's `Conversation`, and ours."""

    def test_it_is_an_audio_interface_that_is_made_without_arguments(
        self, interface: DefaultAudioInterface
    ) -> None:
        assert isinstance(interface, AudioInterface)

    def test_every_block_is_delivered_in_order_and_never_on_the_devices_thread(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        heard: queue.Queue[tuple[bytes, str]] = queue.Queue()
        interface.start(lambda block: heard.put((block, threading.current_thread().name)))
        for block in BLOCKS:
            library.microphone.hears(block)
        given = [heard.get(timeout=LIMIT) for _ in BLOCKS]
        assert [block for block, _ in given] == BLOCKS
        assert {name for _, name in given} == {"soundcard"}

    def test_a_slow_callback_does_not_hold_up_the_device(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        begun, freed = threading.Event(), threading.Event()

        def slow(block: bytes) -> None:
            begun.set()
            freed.wait(LIMIT)

        interface.start(slow)
        library.microphone.hears(BLOCKS[0])
        assert begun.wait(LIMIT)
        for block in BLOCKS:
            library.microphone.hears(block)
        freed.set()

    def test_a_callback_that_fails_is_called_again_and_said_once(
        self, interface: DefaultAudioInterface, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: queue.Queue[bytes] = queue.Queue()

        def failing(block: bytes) -> None:
            heard.put(block)
            raise RuntimeError("the socket is closed")

        interface.start(failing)
        for block in BLOCKS:
            library.microphone.hears(block)
        assert [heard.get(timeout=LIMIT) for _ in BLOCKS] == BLOCKS
        interface.stop()
        assert caplog.messages == ["the program's input callback failed: RuntimeError"]

    def test_an_interruption_empties_the_line_and_the_device(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        interface.start(lambda block: None)
        interface.output(LOUD * 150)  # a chunk of three seconds
        assert library.speaker.plays() == LOUD
        interface.interrupt()
        assert library.speaker.plays() == SILENCE
        assert library.speaker.done == ["start", "stop", "start"]
        interface.output(LOUD * 3)
        assert library.speaker.plays() == LOUD

    def test_it_stops_while_it_plays(self, interface: DefaultAudioInterface, library: FakePyAudio) -> None:
        heard: queue.Queue[bytes] = queue.Queue()
        interface.start(heard.put)
        interface.output(LOUD * 150)
        microphone = library.microphone
        started = time.monotonic()
        interface.stop()
        assert time.monotonic() - started < 1.0, "the SDK's takes 2.6 s for a chunk of three"
        microphone.hears(LOUD)
        assert heard.empty()

    def test_its_own_callback_may_stop_it(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        stopped = threading.Event()

        def stop(_: bytes) -> None:
            interface.stop()
            stopped.set()

        interface.start(stop)
        library.microphone.hears(BLOCKS[0])
        assert stopped.wait(LIMIT)
        assert not library.open_now()

    def test_a_stop_that_comes_while_it_starts_is_not_undone(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        opening, freed = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            opening.set()
            assert freed.wait(LIMIT)

        library.on_open = hold
        starting = threading.Thread(target=interface.start, args=(lambda block: None,))
        starting.start()
        assert opening.wait(LIMIT)
        stopping = threading.Thread(target=interface.stop)
        stopping.start()
        freed.set()
        starting.join(LIMIT)
        stopping.join(LIMIT)
        assert not library.open_now()
        # nobody is left who would take them for dead and open them again
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "soundcard"])

    def test_a_stop_does_not_wait_for_a_device_that_does_not_open(
        self, interface: DefaultAudioInterface, library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agentframework_pyaudio.soundcard._ENDING", 0.01)
        opening, freed = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            opening.set()
            freed.wait()

        interface.start(lambda block: None)
        library.on_open = hold
        library.speaker.has_died = True  # so that they are opened again
        assert opening.wait(LIMIT)
        interface.stop()
        assert not freed.is_set()
        freed.set()
        until(lambda: not [thread for thread in threading.enumerate() if thread.name == "soundcard"])
        assert not library.open_now()

    def test_a_callback_that_is_late_to_return_is_not_taken_up_by_the_next_start(
        self, interface: DefaultAudioInterface, library: FakePyAudio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agentframework_pyaudio.soundcard._ENDING", 0.01)
        begun, freed = threading.Event(), threading.Event()
        first: list[bytes] = []

        def slow(block: bytes) -> None:
            first.append(block)
            begun.set()
            freed.wait(LIMIT)

        interface.start(slow)
        library.microphone.hears(BLOCKS[0])
        assert begun.wait(LIMIT)
        heard: queue.Queue[bytes] = queue.Queue()
        interface.start(heard.put)
        freed.set()
        for block in BLOCKS[1:]:
            library.microphone.hears(block)
        assert [heard.get(timeout=LIMIT) for _ in BLOCKS[1:]] == BLOCKS[1:]
        assert first == BLOCKS[:1]

    def test_it_may_be_used_before_its_start_and_after_its_end(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        interface.output(LOUD)
        interface.interrupt()
        interface.stop()
        interface.start(lambda block: None)
        interface.stop()
        interface.output(LOUD)
        interface.interrupt()
        interface.start(lambda block: None)
        assert library.speaker.done == ["start"]

    def test_a_device_that_cannot_be_opened_is_an_error_of_start(
        self, interface: DefaultAudioInterface, library: FakePyAudio
    ) -> None:
        library.default_input = library.default_output = -1
        with pytest.raises(AudioError, match="no microphone and no speaker"):
            interface.start(lambda block: None)

    def test_a_device_that_is_lost_is_opened_again(
        self, interface: DefaultAudioInterface, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: queue.Queue[bytes] = queue.Queue()
        interface.start(heard.put)
        first = library.speaker
        library.problem = OSError(-9999, "the server is gone")
        first.has_died = True
        until(lambda: first.is_closed)
        interface.output(LOUD * 150)
        library.problem = None
        until(lambda: any(stream.is_running for stream in library.open_now()))
        library.microphone.hears(BLOCKS[0])
        assert heard.get(timeout=LIMIT) == BLOCKS[0]
        assert library.speaker.plays() == SILENCE, "what was said meanwhile is not said afterwards"
        assert "lost" in caplog.messages[0]

    def test_devices_can_be_named(self, library: FakePyAudio) -> None:
        library.devices.append(Device("headset", inputs=1, outputs=2))
        interface = DefaultAudioInterface(input_device="headset", output_device=2)
        interface.start(lambda block: None)
        assert library.microphone.words["input_device_index"] == 2
        assert library.speaker.words["output_device_index"] == 2
        interface.stop()

    def test_an_engine_may_have_the_devices_themselves_unless_a_subclass_wants_the_calls(
        self, library: FakePyAudio
    ) -> None:
        class Logged(DefaultAudioInterface):
            def output(self, audio: bytes) -> None:
                super().output(audio)

        class AsyncLogged(AsyncDefaultAudioInterface):
            pass

        assert isinstance(DefaultAudioInterface().audio_backend(), PyAudioBackend)
        assert isinstance(AsyncDefaultAudioInterface().audio_backend(), PyAudioBackend)
        assert Logged().audio_backend() is None
        assert AsyncLogged().audio_backend() is None


class TestAsyncDefaultAudioInterface:
    """For programs with a loop: nothing of this blocks it."""

    async def opened(self, callback: Callable[[bytes], object]) -> AsyncDefaultAudioInterface:
        async def input_callback(block: bytes) -> None:
            await asyncio.sleep(0)
            callback(block)

        interface = AsyncDefaultAudioInterface()
        await interface.start(input_callback)
        return interface

    def test_it_is_an_async_audio_interface(self, library: FakePyAudio) -> None:
        assert isinstance(AsyncDefaultAudioInterface(), AsyncAudioInterface)

    def test_five_of_five_blocks_are_delivered_on_the_loop(self, library: FakePyAudio) -> None:
        async def main() -> None:
            heard: asyncio.Queue[bytes] = asyncio.Queue()
            interface = await self.opened(heard.put_nowait)
            for block in BLOCKS:
                await asyncio.to_thread(library.microphone.hears, block)
            assert [await asyncio.wait_for(heard.get(), LIMIT) for _ in BLOCKS] == BLOCKS
            await interface.stop()

        asyncio.run(main())

    def test_the_loop_never_waits_for_the_device(self, library: FakePyAudio) -> None:
        """The device hangs, half a second at each call; the loop goes on meanwhile."""

        async def main() -> None:
            interface = await self.opened(lambda block: None)
            library.speaker.on_stop = lambda: time.sleep(0.5)
            longest = [0.0]

            async def watch() -> None:
                last = time.monotonic()
                while True:
                    await asyncio.sleep(0.001)
                    now = time.monotonic()
                    longest[0], last = max(longest[0], now - last), now

            watching = asyncio.create_task(watch())
            await interface.output(LOUD * 150)
            await interface.interrupt()
            await interface.stop()
            watching.cancel()
            assert longest[0] < 0.3

        asyncio.run(main())

    def test_an_interruption_empties_the_line_before_the_device_is_asked(self, library: FakePyAudio) -> None:
        async def main() -> None:
            interface = await self.opened(lambda block: None)
            await interface.output(LOUD * 150)
            assert await asyncio.to_thread(library.speaker.plays) == LOUD
            silent: list[bytes] = []
            library.speaker.on_stop = lambda: silent.append(library.speaker.plays())
            await interface.interrupt()
            assert silent == [SILENCE]
            await interface.stop()

        asyncio.run(main())

    def test_a_loop_that_stands_still_loses_the_oldest_and_counts_them(self, library: FakePyAudio) -> None:
        async def main() -> None:
            heard: list[bytes] = []
            freed = asyncio.Event()

            async def slow(block: bytes) -> None:
                heard.append(block)
                await freed.wait()

            interface = AsyncDefaultAudioInterface()
            await interface.start(slow)
            blocks = [array("h", [number] * 320).tobytes() for number in range(1, 101)]
            for block in blocks:
                await asyncio.to_thread(library.microphone.hears, block)
            await until_async(lambda: interface.dropped_blocks == 49)
            freed.set()
            await until_async(lambda: len(heard) == 51)
            assert heard == [blocks[0], *blocks[50:]]
            await interface.stop()

        asyncio.run(main())

    def test_a_callback_that_fails_is_called_again_and_said_once(
        self, library: FakePyAudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            heard: list[bytes] = []

            def failing(block: bytes) -> None:
                heard.append(block)
                raise RuntimeError("the socket is closed")

            interface = await self.opened(failing)
            for block in BLOCKS:
                await asyncio.to_thread(library.microphone.hears, block)
            await until_async(lambda: heard == BLOCKS)
            await interface.stop()

        asyncio.run(main())
        assert caplog.messages == ["the program's input callback failed: RuntimeError"]

    def test_its_own_callback_may_stop_it_and_another_loop_start_it_again(self, library: FakePyAudio) -> None:
        interface = AsyncDefaultAudioInterface()

        async def main() -> None:
            stopped = asyncio.Event()

            async def stop(_: bytes) -> None:
                await interface.stop()
                stopped.set()

            await interface.start(stop)
            await asyncio.to_thread(library.microphone.hears, BLOCKS[0])
            await asyncio.wait_for(stopped.wait(), LIMIT)
            assert not library.open_now()

        asyncio.run(main())
        asyncio.run(main())

    def test_nothing_is_delivered_after_its_own_callback_has_stopped_it(self, library: FakePyAudio) -> None:
        async def main() -> None:
            interface = AsyncDefaultAudioInterface()
            first: list[bytes] = []
            again: asyncio.Queue[bytes] = asyncio.Queue()
            waiting = asyncio.Event()

            async def stop(block: bytes) -> None:
                first.append(block)
                await waiting.wait()
                await interface.stop()
                await interface.start(again.put)

            await interface.start(stop)
            for block in BLOCKS[:3]:
                await asyncio.to_thread(library.microphone.hears, block)
            await until_async(lambda: len(interface._blocks) == 2)
            waiting.set()
            await until_async(lambda: len(library.streams) == 4)
            await until_async(lambda: bool(library.open_now()) and library.microphone.is_running)
            await asyncio.to_thread(library.microphone.hears, BLOCKS[4])
            assert await asyncio.wait_for(again.get(), LIMIT) == BLOCKS[4]
            assert first == BLOCKS[:1]
            await interface.stop()
            await until_async(lambda: asyncio.all_tasks() == {asyncio.current_task()})

        asyncio.run(main())

    def test_a_second_start_takes_the_place_of_the_first(self, library: FakePyAudio) -> None:
        async def main() -> None:
            interface = AsyncDefaultAudioInterface()
            heard: asyncio.Queue[bytes] = asyncio.Queue()
            await interface.start(self.nothing)
            await interface.start(heard.put)
            await asyncio.to_thread(library.microphone.hears, BLOCKS[0])
            assert await asyncio.wait_for(heard.get(), LIMIT) == BLOCKS[0]
            await interface.stop()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        assert not library.open_now()

    def test_a_stop_that_comes_while_it_starts_leaves_nothing_behind(self, library: FakePyAudio) -> None:
        opening, freed = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            opening.set()
            assert freed.wait(LIMIT)

        library.on_open = hold

        async def main() -> None:
            interface = AsyncDefaultAudioInterface()
            starting = asyncio.create_task(interface.start(self.nothing))
            assert await asyncio.to_thread(opening.wait, LIMIT)
            stopping = asyncio.create_task(interface.stop())
            await asyncio.sleep(0)
            freed.set()
            await asyncio.wait_for(asyncio.gather(starting, stopping), LIMIT)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())
        assert not library.open_now()

    def test_it_may_be_used_before_its_start_and_stopped_twice(self, library: FakePyAudio) -> None:
        async def main() -> None:
            interface = AsyncDefaultAudioInterface()
            await interface.output(LOUD)
            await interface.interrupt()
            await interface.stop()
            library.default_input = library.default_output = -1
            with pytest.raises(AudioError):
                await interface.start(self.nothing)
            until(lambda: not [thread for thread in threading.enumerate() if "soundcard" in thread.name])
            await interface.stop()
            await interface.stop()

        asyncio.run(main())

    async def nothing(self, block: bytes) -> None:
        """A callback."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does, with a limit."""
    ends = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


async def until_async(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)

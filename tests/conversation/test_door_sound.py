"""Sound by either door: a microphone that speaks from anywhere, a speaker that takes its time."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest

from agent_stub import PATIENCE, Peer, Recorder, agent, eventually, still_there, until
from agentframework import (
    AsyncAudioInterface,
    AudioBackend,
    AudioFormat,
    AudioInterface,
    AudioLine,
    Client,
    Conversation,
)
from doors import Door, a_door

USER = contextvars.ContextVar("USER", default="nobody")


class Devices(AsyncAudioInterface):
    """An async interface as users write them: its microphone speaks from a thread of a device."""

    def __init__(self, speak: Callable[[Callable[[bytes], Awaitable[None]]], None]) -> None:
        self.log: list[Any] = []
        self.heard: list[bytes] = []
        self.running = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._speak = speak

    async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
        self.log.append(("start", threading.current_thread().name, USER.get()))
        loop = asyncio.get_running_loop()
        self.loop = loop
        threading.Thread(target=self._speak, args=(input_callback,), name="device", daemon=True).start()

    async def stop(self) -> None:
        self.log.append("stop")

    async def output(self, audio: bytes) -> None:
        self.running += 1
        assert self.running == 1, "two at once"
        self.heard.append(audio)
        await self.gate.wait()
        self.running -= 1

    async def interrupt(self) -> None:
        assert self.running == 0, "two at once"
        self.log.append("interrupt")


def chunk(number: int, event_id: int) -> dict[str, Any]:
    audio = base64.b64encode(bytes([number])).decode()
    return {"type": "audio", "audio_event": {"audio_base_64": audio, "event_id": event_id}}


def speech(event_id: int, size_bytes: int) -> dict[str, Any]:
    audio = base64.b64encode(bytes([1]) * size_bytes).decode()
    return {"type": "audio", "audio_event": {"audio_base_64": audio, "event_id": event_id}}


@pytest.mark.parametrize("way", ["called", "scheduled", "awaited"])
def test_r14_the_microphone_of_an_async_interface_is_heard_from_the_thread_of_a_device(way: str) -> None:
    def speak(input_callback: Callable[[bytes], Any]) -> None:
        for number in range(5):
            block = bytes([number])
            if way == "called":  # where a device has no loop at hand
                input_callback(block)
            elif way == "scheduled":
                coroutine = input_callback(block)
                asyncio.run_coroutine_threadsafe(coroutine, interface.loop).result(PATIENCE)
            else:

                async def awaited(block: bytes = block) -> None:
                    await input_callback(block)

                asyncio.run_coroutine_threadsafe(awaited(), interface.loop).result(PATIENCE)

    async def scenario(peer: Peer) -> list[str]:
        await peer.open()
        return [(await peer.receive())["user_audio_chunk"] for _ in range(5)]

    with agent(scenario) as served, a_door("async") as door:
        interface = Devices(speak)
        door.make(served.url, audio_interface=interface)

        async def start() -> None:
            USER.set("ann")
            await door.conversation.start_session()

        door.run(start())
        assert served.wait() == ["AA==", "AQ==", "Ag==", "Aw==", "BA=="]
        door.wait()
    assert interface.log[0] == ("start", "the-programs-loop", "ann")
    assert interface.log[-1] == "stop"


def test_r15_r16_an_output_that_takes_long_delays_no_pong_and_an_interruption_forgets_what_waits() -> None:
    async def scenario(peer: Peer) -> None:
        await peer.open()
        for number in range(1, 6):
            await peer.send(chunk(number, number))
        await until(lambda: interface.heard == [b"\x01"])
        await still_there(peer, 1)
        await peer.send({"type": "interruption", "interruption_event": {"event_id": 5}})
        await peer.send(chunk(9, 6))
        await until(lambda: waiting()[-1:] == [(b"\x09",)])  # so it has been told of the interruption as well
        interface.loop.call_soon_threadsafe(interface.gate.set)
        await until(lambda: interface.heard == [b"\x01", b"\x09"])

    def waiting() -> list[tuple[Any, ...]]:
        """The arguments of what the interface has yet to do."""
        return [getattr(step, "args", ()) for step, _ in list(door.conversation._backend._steps)]

    with agent(scenario) as served, a_door("async") as door:
        interface = Devices(lambda input_callback: None)
        interface.gate.clear()
        door.make(served.url, audio_interface=interface)
        door.start()
        served.wait()
        door.wait()
    assert interface.log[1:] == ["interrupt", "stop"]


def test_an_async_interface_that_fails_is_logged_once_and_the_conversation_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Devices):
        async def output(self, audio: bytes) -> None:
            self.heard.append(audio)
            raise OSError("no speaker")

    async def scenario(peer: Peer) -> None:
        await peer.open()
        for number in range(1, 4):
            await peer.send(chunk(number, number))
        await until(lambda: len(interface.heard) == 3)

    with agent(scenario) as served, a_door("async") as door, caplog.at_level(logging.ERROR):
        interface = Broken(lambda input_callback: None)
        door.make(served.url, audio_interface=interface)
        door.start()
        served.wait()
        assert door.wait() == "conv_1"
    assert caplog.text.count("the audio interface of the program failed") == 1
    assert interface.log[-1] == "stop"


def test_an_async_interface_that_cannot_be_started_is_not_asked_for_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Deaf(Devices):
        async def start(self, input_callback: Callable[[bytes], Awaitable[None]]) -> None:
            raise OSError("no microphone")

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.send(chunk(1, 1))
        await still_there(peer, 1)

    with agent(scenario) as served, a_door("async") as door, caplog.at_level(logging.ERROR):
        interface = Deaf(lambda input_callback: None)
        door.make(served.url, audio_interface=interface)
        door.start()
        served.wait()
        assert door.wait() == "conv_1"
    assert caplog.text.count("the audio interface of the program failed: OSError") == 1
    assert (interface.log, interface.heard) == ([], [])


def test_r18_a_backend_is_told_the_formats_of_the_agent(door: Door) -> None:
    formats: list[AudioFormat] = []
    stopped = threading.Event()

    class Backend(AudioBackend):
        def start(self, line: AudioLine) -> None:
            formats.extend([line.input_format, line.output_format])

        def stop(self) -> None:
            stopped.set()

    async def scenario(peer: Peer) -> dict[str, Any]:
        opening = await peer.open(agent_output_audio_format="pcm_24000", user_input_audio_format="ulaw_8000")
        await until(lambda: bool(formats))
        return opening

    with agent(scenario) as served:
        door.make(served.url, audio_interface=Backend())
        door.start()
        assert "conversation_config_override" not in served.wait()
        door.wait()
    assert stopped.is_set()
    assert formats == [AudioFormat.parse("ulaw_8000"), AudioFormat.parse("pcm_24000")]


def test_an_async_interface_needs_the_async_door() -> None:
    with pytest.raises(TypeError, match="use AsyncConversation"):
        Conversation(Client(), "a", requires_auth=False, audio_interface=Devices(lambda input_callback: None))


def test_a_plain_interface_serves_the_async_door_from_worker_threads() -> None:
    threads: list[str] = []

    class Plain(AudioInterface):
        def start(self, input_callback: Callable[[bytes], None]) -> None:
            threads.append(threading.current_thread().name)
            input_callback(b"\x01")

        def output(self, audio: bytes) -> None: ...
        def interrupt(self) -> None: ...
        def stop(self) -> None: ...

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        return await peer.receive()

    with agent(scenario) as served, a_door("async") as door:
        door.make(served.url, audio_interface=Plain())
        door.start()
        assert served.wait() == {"user_audio_chunk": "AQ=="}
    assert threads[0].startswith("agentframework-handler")


def test_an_interface_that_offers_a_backend_of_its_own_is_used_as_that(door: Door) -> None:
    microphone = Microphone()

    class Both(AudioInterface):
        log: ClassVar[list[str]] = []

        def start(self, input_callback: Callable[[bytes], None]) -> None:
            self.log.append("start")

        def output(self, audio: bytes) -> None: ...
        def interrupt(self) -> None: ...
        def stop(self) -> None: ...

        def audio_backend(self) -> AudioBackend:
            return microphone

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await still_there(peer, 1)

    interface = Both()
    with agent(scenario) as served:
        door.make(served.url, audio_interface=interface)
        door.start()
        served.wait()
        door.wait()
    assert microphone.line is not None
    assert interface.log == []


class Microphone(AudioBackend):
    """Hears what the test says, when it says so."""

    def __init__(self) -> None:
        self.line: AudioLine | None = None

    def start(self, line: AudioLine) -> None:
        line.end_playback()
        line.end_capture()  # nobody is to wonder where it is between two blocks
        self.line = line

    def hear(self, level: int) -> str:
        """A block of 10 ms that began just now; what the agent gets of it."""
        time.sleep(0.035)
        block = bytes([level]) * 320
        assert self.line is not None
        self.line.write_capture(block)
        return base64.b64encode(block).decode()

    def stop(self) -> None: ...


def test_nothing_of_a_muted_span_is_sent(door: Door) -> None:
    async def scenario(peer: Peer) -> list[Any]:
        await peer.open()
        heard: list[Any] = []
        while (frame := await peer.receive()).get("text") != "over":
            heard.append(frame.get("user_audio_chunk", frame.get("text")))
        return heard

    microphone = Microphone()
    with agent(scenario) as served:
        conversation = door.make(served.url, audio_interface=microphone, muted=True)
        door.start()
        assert eventually(lambda: microphone.line is not None)
        microphone.hear(1)
        conversation.unmute()
        assert not conversation.muted
        first = microphone.hear(2)
        assert eventually(lambda: not microphone.line._capture._blocks)  # type: ignore[union-attr]
        conversation.mute()
        microphone.hear(3)
        conversation.unmute()
        second = microphone.hear(4)
        assert eventually(lambda: not microphone.line._capture._blocks)  # type: ignore[union-attr]
        conversation.mute()
        microphone.hear(5)
        door.call("send_user_message", "over")
        heard = served.wait()
        door.end()
    assert [one for one in heard if one not in (first, second)] == []
    assert first in heard


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"echo": "loud"}, "echo is one of off, half_duplex, duck, or an EchoControl; not 'loud'"),
        ({"echo": None}, "echo must be a text or an EchoControl, not None"),
        ({"muted": 1}, "muted must be True or False, not an int"),
    ],
)
def test_what_cannot_be_meant_of_the_sound_is_said_when_the_conversation_is_made(
    door: Door, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        door.make("ws://127.0.0.1:1/", **options)
    assert said in str(caught.value)


def test_what_an_interface_has_played_is_reckoned_by_the_clock(door: Door) -> None:
    recorder = Recorder()

    class Player(AudioInterface):
        def start(self, input_callback: Callable[[bytes], None]) -> None: ...
        def output(self, audio: bytes) -> None: ...
        def interrupt(self) -> None: ...
        def stop(self) -> None: ...

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await peer.send(speech(1, 3200))
        await until(lambda: len(recorder.of("answer_played")) == 1)
        await peer.send(speech(2, 320_000))
        await until(lambda: len(recorder.of("agent_started_speaking")) == 2)
        await peer.send({"type": "interruption", "interruption_event": {"event_id": 2}})
        await until(lambda: len(recorder.of("answer_played")) == 2)

    with agent(scenario) as served:
        door.make(served.url, audio_interface=Player(), callbacks=recorder)
        door.start()
        served.wait()
        door.wait()
    whole, cut = recorder.of("answer_played")
    assert (whole.event_id, whole.heard_ms, whole.queued_ms, whole.interrupted) == (1, 100, 0, False)
    assert (cut.event_id, cut.heard_ms + cut.queued_ms, cut.interrupted) == (2, 10_000, True)
    assert cut.heard_ms < 5000

"""A session's sound: played in order, dropped when interrupted, captured from any thread, fenced throughout."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from agent_stub import Peer, agent, eventually, finish, make_session, start
from agentframework.audio.base import AudioBackend, HandingBackend, PushBackend
from agentframework.audio.g711 import encode_ulaw
from agentframework.audio.line import AudioLine
from agentframework.callbacks import Event
from agentframework.errors import AudioError
from agentframework.formats import AudioFormat
from agentframework.protocol.client import Received, Verdict
from agentframework.protocol.messages import AudioMessage, InterruptionMessage
from agentframework.protocol.messages.server import AudioEvent, Interruption
from agentframework.session.backendlane import BackendLane
from agentframework.session.session import OwnedBackend
from agentframework.session.sound import Sound
from agentframework.workers.threads import ThreadPool

PATIENCE = 10


class Tape(PushBackend):
    """Writes down what it is told, and lets a test wait for it."""

    def __init__(self, fail: dict[str, Exception] | None = None) -> None:
        self.log: list[Any] = []
        self.capture: Callable[[bytes], None] = lambda audio: None
        self._fail = fail or {}
        self._changed = threading.Condition()

    def _note(self, what: str, *details: Any) -> None:
        with self._changed:
            self.log.append((what, *details))
            self._changed.notify_all()
        if what in self._fail:
            raise self._fail[what]

    def wait_for(self, *entry: Any) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: entry in self.log, PATIENCE), self.log

    def start(self, line: AudioLine) -> None:
        self.capture = line.write_capture
        self._note("start", line.input_format.name, line.output_format.name)

    def play(self, audio: bytes) -> None:
        self._note("play", audio)

    def interrupt(self) -> None:
        self._note("interrupt")

    def stop(self) -> None:
        self._note("stop")


class Wire:
    """What a sound needs of its session: `calls` wait until the test makes them, unless it says `at_once`."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.calls: list[Callable[[], object]] = []
        self.sent: list[bytes] = []
        self.events: list[Event] = []
        self._at_once = at_once

    def post(self, function: Callable[..., object], *args: Any) -> None:
        if self._at_once:
            function(*args)
        else:
            self.calls.append(partial(function, *args))

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def wants(self, name: str) -> bool:
        return False

    def send_audio(self, audio: bytes) -> bool:
        self.sent.append(audio)
        return True


def make_sound(tape: Tape, wire: Wire | None = None, *, threads: int = 1, owner: str = "test") -> Sound:
    return Sound(tape, owner, ThreadPool(threads, name="sound"), wire or Wire())


def play(sound: Sound, audio: bytes) -> None:
    event = AudioEvent(audio_base_64="", event_id=1)
    sound.follow(Received(AudioMessage(audio_event=event), Verdict.AUDIO, audio))


def cut(sound: Sound) -> None:
    message = InterruptionMessage(interruption_event=Interruption(event_id=1))
    sound.follow(Received(message, Verdict.INTERRUPTION))


async def send_audio(peer: Peer, event_id: int, audio: bytes) -> None:
    event = {"audio_base_64": base64.b64encode(audio).decode(), "event_id": event_id}
    await peer.send({"type": "audio", "audio_event": event})


async def interrupt(peer: Peer, event_id: int) -> None:
    await peer.send({"type": "interruption", "interruption_event": {"event_id": event_id}})


def test_the_backend_gets_formats_audio_and_interruptions_and_stale_audio_never() -> None:
    tape = Tape()

    async def scenario(peer: Peer) -> list[dict[str, Any]]:
        await peer.open(agent_output_audio_format="pcm_24000", user_input_audio_format="ulaw_8000")
        await send_audio(peer, 1, b"A1")
        await send_audio(peer, 2, b"A2")
        tape.wait_for("play", b"A2")
        await interrupt(peer, 2)
        await send_audio(peer, 2, b"stale")
        await send_audio(peer, 3, b"A3")
        tape.wait_for("play", b"A3")
        return [await peer.receive(), *await peer.until_closed()]

    with agent(scenario) as served:
        session = make_session(served.url, audio=OwnedBackend("the test", tape))
        start(session)
        tape.wait_for("start", "ulaw_8000", "pcm_24000")
        tape.capture(b"mike")
        tape.wait_for("play", b"A3")
        finish(session)
        frames = served.wait()
        tape.wait_for("stop")
    assert frames == [{"user_audio_chunk": base64.b64encode(encode_ulaw(b"mike")).decode()}]
    assert [entry[1:] for entry in tape.log if entry[0] == "play"] == [(b"A1",), (b"A2",), (b"A3",)]
    assert [entry[0] for entry in tape.log] == ["start", "play", "play", "interrupt", "play", "stop"]


def test_chunks_that_wait_when_the_user_interrupts_are_never_played() -> None:
    go, began = threading.Event(), threading.Event()

    class Slow(Tape):
        def play(self, audio: bytes) -> None:
            began.set()
            go.wait(PATIENCE)
            super().play(audio)

    tape = Slow()
    sound = make_sound(tape, threads=2)
    sound.start(AudioFormat(), AudioFormat())
    for audio in (b"1", b"2", b"3"):
        play(sound, audio)
    assert began.wait(PATIENCE)
    cut(sound)
    play(sound, b"4")
    go.set()
    tape.wait_for("play", b"4")
    assert [entry for entry in tape.log if entry[0] != "start"] == [
        ("play", b"1"),
        ("interrupt",),
        ("play", b"4"),
    ]


def test_the_oldest_blocks_of_the_microphone_are_dropped_and_counted_when_the_wire_is_behind() -> None:
    wire, tape = Wire(), Tape()
    sound = make_sound(tape, wire)
    sound.start(AudioFormat(), AudioFormat())
    tape.wait_for("start", "pcm_16000", "pcm_16000")
    for number in range(60):
        tape.capture(bytes([number, 1]) * 320)
    assert sound.counts["dropped_blocks"] == 10
    for call in wire.calls:
        call()
    assert wire.sent == [bytes([number, 1]) * 320 for number in range(10, 60)]
    sound.stop(lambda: None)
    tape.capture(bytes(640))
    wire.calls[-1]()
    assert len(wire.sent) == 50


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AudioError("no device called 'kitchen'"), "no device called 'kitchen'"),
        (OSError("secret"), "the conversation goes on, but the audio backend of the test failed: OSError"),
    ],
)
def test_a_backend_that_cannot_start_is_said_once_and_the_conversation_goes_on(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Tape({"start": error})

    async def scenario(peer: Peer) -> dict[str, Any]:
        await peer.open()
        await send_audio(peer, 1, b"A1")
        await peer.ping(1)
        return await peer.receive()

    with agent(scenario) as served:
        session = make_session(served.url, audio=OwnedBackend("the test", tape))
        start(session)
        assert served.wait()["type"] == "pong"
        assert eventually(lambda: "the audio backend of the test failed" in caplog.text)
        finish(session)
    assert caplog.text.count("the audio backend of the test failed") == 1
    assert said in caplog.text
    assert [entry[0] for entry in tape.log] == ["start", "stop"]


def test_a_chunk_that_fails_is_said_once_and_the_next_is_played(caplog: pytest.LogCaptureFixture) -> None:
    tape = Tape({"play": RuntimeError("x")})
    sound = make_sound(tape)
    sound.start(AudioFormat(), AudioFormat())
    play(sound, b"1")
    play(sound, b"2")
    tape.wait_for("play", b"2")
    sound.stop(lambda: None)
    tape.wait_for("stop")
    assert caplog.text.count("the audio backend of test failed") == 1


def test_speech_that_a_hung_backend_does_not_take_is_bounded_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go, began = threading.Event(), threading.Event()

    class Hung(Tape):
        def play(self, audio: bytes) -> None:
            began.set()
            go.wait(PATIENCE)
            super().play(audio)

    tape = Hung()
    sound = make_sound(tape)
    sound.start(AudioFormat(), AudioFormat())
    play(sound, b"first")
    assert began.wait(PATIENCE)
    chunk = bytes(1024 * 1024)
    for _ in range(40):
        play(sound, chunk)
    play(sound, b"last")
    assert sound.counts["dropped_chunks"] == 25
    assert caplog.text.count("is behind") == 1
    go.set()
    tape.wait_for("play", b"last")
    assert len([entry for entry in tape.log if entry[0] == "play"]) == 17


class Handing(Tape, HandingBackend):
    """Writes down the thread too."""

    def _note(self, what: str, *details: Any) -> None:
        super()._note(what, threading.current_thread() is threading.main_thread())


def test_a_backend_that_only_hands_over_costs_no_thread_but_for_its_stop() -> None:
    tape = Handing()
    stopped = threading.Event()
    sound = make_sound(tape, Wire(at_once=True), threads=2, owner="tape")
    sound.start(AudioFormat.parse("pcm_16000"), AudioFormat.parse("pcm_16000"))
    play(sound, b"aa")
    cut(sound)
    assert tape.log == [("start", True), ("play", True), ("interrupt", True)]
    sound.stop(stopped.set)
    assert stopped.wait(PATIENCE)
    assert tape.log[3:] == [("stop", False)]


def test_the_fault_of_a_backend_that_only_hands_over_stays_its_own(caplog: pytest.LogCaptureFixture) -> None:
    tape = Handing({"play": OSError("gone")})
    sound = make_sound(tape, Wire(at_once=True), threads=2, owner="tape")
    sound.start(AudioFormat.parse("pcm_16000"), AudioFormat.parse("pcm_16000"))
    play(sound, b"aa")
    play(sound, b"bb")
    assert [entry[0] for entry in tape.log] == ["start", "play", "play"]
    assert len(caplog.records) == 1


class Driver(AudioBackend):
    """Notes what it is asked, and hangs in `flush` until the test lets it go on."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.go = threading.Event()
        self.flushing = threading.Event()

    def start(self, line: AudioLine) -> None:
        self.log.append("start")

    def flush(self) -> None:
        self.log.append("flush")
        self.flushing.set()
        assert self.go.wait(PATIENCE)

    def stop(self) -> None:
        self.log.append("stop")


def test_a_backend_that_is_behind_flushes_once_and_is_not_opened_again_after_the_end() -> None:
    driver, line, over = Driver(), AudioLine(AudioFormat(), AudioFormat()), threading.Event()
    lane = BackendLane(driver, "the test", ThreadPool(1, name="sound"), Counter())
    lane.open(line, lambda problem: None)
    lane.interrupt()
    assert driver.flushing.wait(PATIENCE)
    for _ in range(1000):
        lane.interrupt()
    lane.reopen(line, lambda problem: None)
    lane.close(over.set)
    driver.go.set()
    assert over.wait(PATIENCE)
    assert driver.log == ["start", "flush", "flush", "stop"]


@pytest.mark.parametrize("method", ["start", "stop", "flush"])
def test_a_backend_that_would_end_the_process_does_not(method: str, caplog: pytest.LogCaptureFixture) -> None:
    class Fatal(Driver):
        def start(self, line: AudioLine) -> None:
            super().start(line)
            if method == "start":
                raise SystemExit(3)

        def flush(self) -> None:
            self.go.set()
            super().flush()
            if method == "flush":
                raise SystemExit(3)

        def stop(self) -> None:
            super().stop()
            if method == "stop":
                raise SystemExit(3)

    driver, line, over = Fatal(), AudioLine(AudioFormat(), AudioFormat()), threading.Event()
    said: list[str | None] = []
    lane = BackendLane(driver, "the test", ThreadPool(1, name="sound"), Counter())
    lane.open(line, said.append)
    lane.interrupt()
    lane.reopen(line, said.append)
    assert eventually(lambda: len(said) == 2)
    lane.close(over.set)
    assert over.wait(PATIENCE)
    assert said == (["SystemExit", "SystemExit"] if method == "start" else [None, None])
    assert "the audio backend of the test failed" in caplog.text

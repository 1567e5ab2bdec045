"""A whole voice conversation over a real socket, with a device that is a thread: barge-in, mute, loss and return."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from array import array
from typing import Any

import pytest

from agent_stub import PATIENCE, Peer, Recorder, agent, finish, make_session, start, until
from agentframework.audio.base import AudioBackend
from agentframework.audio.line import AudioLine
from agentframework.callbacks import AnswerPlayed
from agentframework.errors import AudioError
from agentframework.session.session import OwnedBackend

HUM = array("h", [7] * 320).tobytes()


def speech(level: int, duration: float) -> bytes:
    return array("h", [level] * round(16000 * duration)).tobytes()


class Loudspeaker(AudioBackend):
    """Takes a block every 20 ms and hears a hum; keeps which levels have sounded, and may hang or be unplugged."""

    def __init__(self, *, echoes: bool = False) -> None:
        self.sounded: list[int] = []
        self.flushed = threading.Event()
        self.flushing = threading.Event()
        self.flushing.set()
        self.starts = 0
        self.is_missing = False
        self.heard_by = ""
        self._echoes = echoes
        self._over = threading.Event()
        self._device: threading.Thread | None = None
        self.line: AudioLine | None = None

    def start(self, line: AudioLine) -> None:
        self.starts += 1
        if self.is_missing:
            raise AudioError("no loudspeaker is plugged in")
        line.note_devices("the test's microphone", "the test's speaker", hear_each_other=self._echoes)
        self.line = line
        self._over = threading.Event()
        self._device = threading.Thread(target=self._run, args=(line, self._over))
        self._device.start()

    def _run(self, line: AudioLine, over: threading.Event) -> None:
        while not over.wait(0.02):
            block = array("h")
            block.frombytes(line.read_playback(320))
            self.sounded += sorted(set(block) - {0})
            line.write_capture(HUM)

    def flush(self) -> None:
        self.flushed.set()
        assert self.flushing.wait(PATIENCE)

    def unplug(self) -> None:
        self.is_missing = True
        self._over.set()

    def stop(self) -> None:
        self._over.set()
        if self._device is not None:
            self._device.join()


class Ears:
    """Reads all that the client sends, so that nothing dams up behind its sound."""

    def __init__(self, peer: Peer) -> None:
        self.frames: list[dict[str, Any]] = []
        self._task = asyncio.create_task(self._listen(peer))

    async def _listen(self, peer: Peer) -> None:
        while True:
            self.frames.append(json.loads(await peer.connection.recv()))

    async def heard(self, **fields: Any) -> None:
        """Wait for a frame with these fields."""
        await until(lambda: any(fields.items() <= frame.items() for frame in self.frames))

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def send_audio(peer: Peer, event_id: int, audio: bytes, **fields: Any) -> None:
    event = {"audio_base_64": base64.b64encode(audio).decode(), "event_id": event_id, **fields}
    await peer.send({"type": "audio", "audio_event": event})


async def interrupt(peer: Peer, event_id: int) -> None:
    await peer.send({"type": "interruption", "interruption_event": {"event_id": event_id}})


@pytest.mark.parametrize("flush", ["returns", "hangs"])
def test_when_the_user_interrupts_no_old_sample_reaches_the_device_even_if_its_backend_hangs(
    flush: str,
) -> None:
    device, recorder = Loudspeaker(), Recorder()
    if flush == "hangs":
        device.flushing.clear()

    async def scenario(peer: Peer) -> int:
        await peer.open()
        ears = Ears(peer)
        await send_audio(peer, 1, speech(111, 60))
        await until(lambda: len(device.sounded) > 20)
        await interrupt(peer, 1)
        await peer.ping(1)
        await ears.heard(type="pong")
        before = len(device.sounded)
        await send_audio(peer, 1, speech(222, 3))  # late, and void
        await send_audio(peer, 2, speech(333, 0.2), is_final=True)
        await until(lambda: 333 in device.sounded)
        await until(lambda: len(recorder.of("answer_played")) == 2)
        await ears.close()
        return before

    with agent(scenario) as served:
        session = make_session(served.url, handlers=(recorder,), audio=OwnedBackend("the test", device))
        start(session)
        before = served.wait()
        (cut, whole) = recorder.wait_for("answer_played", 2)
        device.flushing.set()
        finish(session)
    assert set(device.sounded[: before + 1]) <= {111, 333}  # one block may be on its way
    assert set(device.sounded[before + 1 :]) == {333}
    assert isinstance(cut, AnswerPlayed) and isinstance(whole, AnswerPlayed)
    assert cut.interrupted and cut.heard_ms == pytest.approx(20 * before, abs=40)
    assert cut.heard_ms + cut.queued_ms == 60_000
    assert (whole.event_id, whole.heard_ms, whole.interrupted) == (2, 200, False)
    assert device.flushed.is_set()
    order = [event.type for event in recorder.events if "speaking" in event.type]
    assert order == ["agent_started_speaking", "agent_stopped_speaking"] * 2


def test_a_device_that_is_lost_is_said_and_comes_back_and_the_conversation_goes_on() -> None:
    device, recorder = Loudspeaker(), Recorder()

    async def scenario(peer: Peer) -> None:
        await peer.open()
        ears = Ears(peer)
        await until(lambda: device.line is not None and device.line.last_capture is not None)
        device.unplug()
        assert device.line is not None
        device.line.report_fault("speaker", "unplugged")
        await until(lambda: bool(recorder.of("audio_stalled")) and device.starts > 2)
        await peer.ping(1)
        await ears.heard(type="pong")
        device.is_missing = False
        await until(lambda: bool(recorder.of("audio_restored")))
        await send_audio(peer, 1, speech(444, 0.2), is_final=True)
        await until(lambda: 444 in device.sounded)
        await ears.close()

    with agent(scenario) as served:
        session = make_session(served.url, handlers=(recorder,), audio=OwnedBackend("the test", device))
        start(session)
        served.wait()
        finish(session)
    (stalled,) = recorder.of("audio_stalled")
    assert (stalled.device, stalled.problem) == ("speaker", "unplugged")
    assert recorder.of("audio_restored")[0].device == "speaker"


def test_a_device_that_is_missing_at_the_start_is_an_event_and_tried_again() -> None:
    device, recorder = Loudspeaker(), Recorder()
    device.is_missing = True

    async def scenario(peer: Peer) -> None:
        await peer.open()
        ears = Ears(peer)
        await until(lambda: bool(recorder.of("audio_stalled")))
        device.is_missing = False
        await until(lambda: bool(recorder.of("audio_restored")))
        await ears.close()

    with agent(scenario) as served:
        session = make_session(served.url, handlers=(recorder,), audio=OwnedBackend("the test", device))
        start(session)
        served.wait()
        finish(session)
    (stalled,) = recorder.of("audio_stalled")
    assert (stalled.device, stalled.problem) == ("both", "no loudspeaker is plugged in")


def test_the_user_is_warned_of_a_microphone_that_hears_the_speaker(caplog: pytest.LogCaptureFixture) -> None:
    device = Loudspeaker(echoes=True)

    async def scenario(peer: Peer) -> None:
        await peer.open()
        await until(lambda: "likely to hear" in caplog.text)

    with agent(scenario) as served:
        session = make_session(served.url, audio=OwnedBackend("the test", device))
        start(session)
        served.wait()
        finish(session)
    assert 'set [audio] echo = "half_duplex"' in caplog.text

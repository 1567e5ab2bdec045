"""The backend `pipe` with a sound server's commands: it hears, plays, falls silent, and notices that it is gone."""

from __future__ import annotations

import threading
import time

import pytest

from agentframework.builtin.pipe_backend import PipeBackend
from agentframework.builtin.pipe_presets import preset_commands
from agentframework.testing import AudioBackendCase, audio_backend_cases
from line_wire import Wire
from sound_recording import frequency, level_db, looked_at_again, samples, tone
from sound_server import SoundServer

pytestmark = pytest.mark.sound
RATE_HZ = 16_000


def make_pipe() -> PipeBackend:
    return PipeBackend(*preset_commands("pulse"))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", audio_backend_cases(), ids=str)
def test_it_does_what_a_backend_has_to(case: AudioBackendCase, sound_server: SoundServer) -> None:
    case.run(make_pipe)


def test_a_tone_is_heard_and_played_as_it_was(sound_server: SoundServer, wire: Wire) -> None:
    backend = make_pipe()
    with sound_server.record(rate_hz=RATE_HZ) as recording:
        backend.start(wire.line)
        try:
            wire.wait(lambda: bool(wire.heard))
            wire.line.put(tone(440, 2.0, RATE_HZ))
            sound_server.play(tone(1000, 1.5, RATE_HZ), RATE_HZ)
            recording.wait_for_sound()
            recording.wait_for_silence(0.5)
            (sound,) = [one for one in recording.sounds() if one.length > 0.5]
        finally:
            backend.stop()
    assert sound.length == pytest.approx(2.0, abs=0.06)
    played = samples(bytes(wire.heard))
    loud = played[abs(played) > 0.05]
    assert len(loud) / RATE_HZ == pytest.approx(1.5 * 0.93, abs=0.15), "but for its zeros"
    middle = played[(abs(played) > 0.05).argmax() + 4000 :][:16000]
    assert frequency(middle, RATE_HZ) == pytest.approx(1000, rel=0.01)
    assert level_db(middle) == pytest.approx(level_db(samples(tone(1000, 1.0, RATE_HZ))), abs=1)
    assert wire.faults == []


def test_an_interruption_is_silence_within_150_ms(sound_server: SoundServer, wire: Wire) -> None:
    backend = make_pipe()
    backend.start(wire.line)
    try:
        with sound_server.record() as recording:

            def interrupt() -> float:
                wire.line.put(tone(440, 3.0, RATE_HZ))
                recording.wait_for_sound(after=time.monotonic())
                threading.Event().wait(0.5)
                at = time.monotonic()
                wire.line.clear()
                backend.flush()
                return recording.wait_for_silence(0.4) - at

            went_on = looked_at_again(interrupt, lambda seconds: seconds < 0.15)
    finally:
        backend.stop()
    print(f"silent after {went_on * 1000:.0f} ms")
    assert went_on < 0.15
    assert wire.faults == []


def test_a_server_that_is_gone_is_a_fault_and_can_come_back(
    losable_sound_server: SoundServer, wire: Wire
) -> None:
    backend = make_pipe()
    backend.start(wire.line)
    try:
        wire.wait(lambda: bool(wire.heard))
        losable_sound_server.stop()
        wire.wait(lambda: bool(wire.faults))
        losable_sound_server.start()
        backend.stop()
        wire.faults.clear()
        heard = len(wire.heard)
        backend.start(wire.line)
        wire.wait(lambda: len(wire.heard) > heard + RATE_HZ)
    finally:
        backend.stop()
    assert wire.faults == []

"""The sound server goes and comes back: it is said within two seconds, the conversation lives, and sound returns."""

from __future__ import annotations

import time

import pytest

from sound_recording import frequency, samples, sounds, tone
from sound_server import SoundServer
from sound_stage import Stage, on_stage

pytestmark = [pytest.mark.sound, pytest.mark.timeout(60)]
RATE_HZ = 16_000
NOTICED_WITHIN = 2.0 + 0.5  # half a second for a machine that others share


def assert_both_ways(stage: Stage, server: SoundServer, event_id: int) -> None:
    """What the agent says sounds, and what the user says arrives."""
    with server.record() as recording:
        stage.say(event_id, tone(500, 0.5, RATE_HZ))
        begun = recording.wait_for_sound()
        recording.wait_for_silence(0.2)
        heard = recording.samples(begun, begun + 0.4)
        assert frequency(heard, recording.rate_hz) == pytest.approx(500, abs=2)
    before = len(stage.heard())
    server.play(tone(800, 0.5, RATE_HZ), RATE_HZ)
    stage.wait_for_audio(0.3)
    arrived = samples(stage.heard()[before:])
    assert sounds(arrived, RATE_HZ)
    assert frequency(arrived, RATE_HZ) == pytest.approx(800, abs=3)


def test_lost_devices_are_said_and_opened_again(losable_sound_server: SoundServer) -> None:
    server = losable_sound_server
    with on_stage() as stage:
        assert_both_ways(stage, server, 1)
        stage.events.wait_for("answer_played")  # what comes any sooner counts as the same answer
        stage.say(2, tone(500, 3.0, RATE_HZ))  # is cut off by the loss
        stage.events.wait_for("agent_started_speaking", 2)
        server.stop()
        lost = time.monotonic()
        (stalled,) = stage.events.wait_for("audio_stalled")
        took = stage.events.time_of(stalled) - lost
        print(f"said after {took:.2f} s: the {stalled.device}: {stalled.problem}")
        assert took < NOTICED_WITHIN
        stage.assert_alive(77)
        stage.say(3, tone(900, 1.0, RATE_HZ))  # to nobody: it must not sound when all is well again

        server.start()
        found = time.monotonic()
        (restored,) = stage.events.wait_for("audio_restored")
        print(f"restored {stage.events.time_of(restored) - found:.2f} s after it was back")
        stage.wait_for_audio(0.1)
        assert_both_ways(stage, server, 4)
        assert len(stage.events.of("audio_stalled")) == len(stage.events.of("audio_restored")) == 1
    cut = next(event for event in stage.events.of("answer_played") if event.event_id == 2)
    assert cut.interrupted
    assert cut.heard_ms < 3000


def test_a_conversation_that_begins_without_devices_finds_them_when_they_come(
    losable_sound_server: SoundServer,
) -> None:
    losable_sound_server.stop()
    with on_stage(listens=False) as stage:
        (stalled,) = stage.events.wait_for("audio_stalled")
        print(f"the {stalled.device}: {stalled.problem}")
        stage.assert_alive(5)
        losable_sound_server.start()
        stage.events.wait_for("audio_restored")
        stage.wait_for_audio(0.1)
        assert_both_ways(stage, losable_sound_server, 1)

"""The user speaks, and the agent falls silent at the speaker: by a recording of it, while a long chunk is playing."""

from __future__ import annotations

from itertools import count

import pytest

from sound_recording import Recording, frequency, looked_at_again, tone
from sound_server import SoundServer
from sound_stage import Stage, on_stage

pytestmark = pytest.mark.sound
RATE_HZ = 16_000
SILENT_WITHIN = 0.150  # on a machine that others share; a quiet one needs a fifth of it
DEVICE_BUFFER = 0.060  # two blocks of 20 ms, and the sink's own
RESOLUTION = 0.020


def barge_in(recording: Recording, stage: Stage, event_id: int, after: float) -> tuple[float, float, float]:
    """A 3 s chunk is interrupted while it sounds: when it began to sound, was interrupted, and fell silent."""
    stage.say_pcm(event_id, tone(440, 3.0, stage.output_format.rate_hz))
    begun = recording.wait_for_sound(after=recording.wait_for_silence(0.1))
    recording.wait_until(begun + after)
    interrupted = stage.interrupt(event_id)
    recording.wait_for_silence(0.4)
    return begun, interrupted, recording.sounds(after=begun - 0.05)[-1].ends


@pytest.mark.parametrize(
    ("after", "output_format"), [(0.1, "pcm_16000"), (0.5, "ulaw_8000"), (1.3, "pcm_44100")]
)
def test_silence_comes_at_once_whatever_is_left_of_the_chunk(
    sound_server: SoundServer, after: float, output_format: str
) -> None:
    with sound_server.record() as recording, on_stage(output_format=output_format) as stage:
        event_ids = count(1)

        def silence() -> float:
            _, interrupted, silent = barge_in(recording, stage, next(event_ids), after)
            print(f"silence {1000 * (silent - interrupted):.0f} ms after the interruption was sent")
            return silent - interrupted

        assert looked_at_again(silence, lambda took: took <= SILENT_WITHIN) <= SILENT_WITHIN


def test_late_audio_of_what_was_interrupted_never_sounds_and_what_is_new_does(
    sound_server: SoundServer,
) -> None:
    with sound_server.record() as recording, on_stage() as stage:
        _, _, silent = barge_in(recording, stage, 3, 0.3)
        for late in (1, 2, 3):
            stage.say(late, tone(700, 0.5, RATE_HZ))
        stage.say(4, tone(900, 0.5, RATE_HZ))
        recording.wait_for_sound(after=silent + 0.02)
        recording.wait_for_silence(0.5)
        (fresh,) = recording.sounds(after=silent + 0.02)
        assert frequency(recording.samples(fresh.begins, fresh.ends), recording.rate_hz) == pytest.approx(
            900, abs=2
        )
        assert fresh.length == pytest.approx(0.5, abs=0.02)


def test_what_the_user_has_heard_is_what_was_recorded(sound_server: SoundServer) -> None:
    with sound_server.record() as recording, on_stage() as stage:
        begun, _, silent = barge_in(recording, stage, 1, 0.7)
        (played,) = stage.events.wait_for("answer_played")
        (started,) = stage.events.wait_for("agent_started_speaking")
        (stopped,) = stage.events.wait_for("agent_stopped_speaking")
    assert (played.event_id, played.interrupted) == (1, True)
    assert played.heard_ms / 1000 == pytest.approx(silent - begun, abs=DEVICE_BUFFER + RESOLUTION)
    assert played.heard_ms + played.queued_ms == 3000
    assert stopped.interrupted
    assert stage.events.time_of(started) == pytest.approx(begun, abs=0.1)
    assert stage.events.time_of(stopped) == pytest.approx(silent, abs=0.1)

"""A conversation through a real microphone and speaker: what is said arrives, answers sound, events are true."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest

from agentframework.formats import AudioFormat
from sound_recording import Samples, frequency, level_db, likest, looked_at_again, pcm, samples, tone
from sound_server import SoundServer
from sound_stage import Stage, on_stage
from spoken_words import spoken

pytestmark = pytest.mark.sound
RATE_HZ = 16_000
ALIKE = 0.95
ODD_CHUNK = 2 * 4_999  # bytes


def heard_after(stage: Stage, seconds: float) -> Samples:
    """What the agent has heard, once it has heard so much more."""
    stage.wait_for_audio(seconds)
    return samples(stage.heard())


@pytest.mark.needs_system("espeak-ng")
def test_spoken_words_arrive_as_they_were_said(sound_server: SoundServer) -> None:
    voice = spoken("What time is it in Oslo?")
    said = samples(voice)
    with on_stage() as stage:

        def arrived() -> tuple[Samples, float]:
            sound_server.play(voice, RATE_HZ)
            return likest(heard_after(stage, 0.4), said)

        heard, likeness = looked_at_again(arrived, lambda seen: seen[1] > ALIKE)
    print(f"likeness {likeness:.4f}, level {level_db(heard) - level_db(said):+.2f} dB")
    assert likeness > ALIKE
    assert level_db(heard) == pytest.approx(level_db(said), abs=1)


@pytest.mark.needs_system("espeak-ng")
def test_the_agents_words_sound_as_they_were_sent(sound_server: SoundServer) -> None:
    rate_hz = 22_050
    voice = spoken("It is ten past four.", AudioFormat("pcm", rate_hz))
    said = samples(voice)
    with sound_server.record(rate_hz=rate_hz) as recording, on_stage(output_format="pcm_22050") as stage:

        def sounded() -> tuple[Samples, float]:
            before = time.monotonic()
            for start in range(0, len(voice), ODD_CHUNK):
                stage.say(1, voice[start : start + ODD_CHUNK])
            recording.wait_for_sound()
            recording.wait_for_silence(0.5)
            return likest(recording.samples(before), said)

        heard, likeness = looked_at_again(sounded, lambda seen: seen[1] > ALIKE)
    print(f"likeness {likeness:.4f}, level {level_db(heard) - level_db(said):+.2f} dB")
    assert likeness > ALIKE
    assert level_db(heard) == pytest.approx(level_db(said), abs=1)


def test_the_events_of_speaking_come_when_it_sounds(sound_server: SoundServer) -> None:
    """Not when its chunks come: three seconds come at once here, and sound one after the other."""
    with sound_server.record() as recording, on_stage() as stage:
        for _ in range(4):
            stage.say(5, tone(500, 0.25, RATE_HZ))
        stage.say(5, tone(500, 0.25, RATE_HZ), is_final=True)
        (played,) = stage.events.wait_for("answer_played")
        (stopped,) = stage.events.wait_for("agent_stopped_speaking")
        recording.wait_for_silence(0.2)
        (sound,) = recording.sounds()
        (started,) = stage.events.of("agent_started_speaking")
        print(
            f"told {1000 * (stage.events.time_of(started) - sound.begins):+.0f} ms after it began, "
            f"{1000 * (stage.events.time_of(stopped) - sound.ends):+.0f} ms after it ended"
        )
    assert sound.length == pytest.approx(1.25, abs=0.02)
    assert stage.events.time_of(started) == pytest.approx(sound.begins, abs=0.1)
    assert stage.events.time_of(stopped) == pytest.approx(sound.ends, abs=0.15)
    assert (started.event_id, stopped.event_id, stopped.interrupted) == (5, 5, False)
    assert (played.heard_ms, played.queued_ms, played.interrupted) == (1250, 0, False)


@dataclass(frozen=True)
class Arrived:
    """Of a sound whose frequency tells when it was said: the moments that arrived, and when nothing should have."""

    muted: float
    opened: float
    moments: list[float]

    def leaked(self) -> list[float]:
        """What arrived though it was said while muted; a device knows its own delay to a block or so."""
        return [moment for moment in self.moments if self.muted + 0.03 < moment < self.opened - 0.03]


def said_around_a_mute(server: SoundServer, stage: Stage, length: float) -> Arrived:
    """A tone that rises by a kilohertz a second, muted from the first third of it to the last."""
    lowest_hz, block = 500.0, RATE_HZ // 50
    at = np.arange(int(length * RATE_HZ)) / RATE_HZ
    rising = pcm(0.5 * np.sin(2 * np.pi * (lowest_hz * at + 500 * at**2)))
    assert stage.session is not None
    assert stage.session.sound is not None
    before = len(stage.heard())
    with server.record("mic") as recording, server.playing(rising, RATE_HZ):
        begun = recording.wait_for_sound()
        recording.wait_until(begun + length / 3)
        muted = time.monotonic() - begun
        stage.session.sound.mute()
        recording.wait_for(length / 3)
        opened = time.monotonic() - begun
        stage.session.sound.unmute()
    heard = heard_after(stage, 0.2)[before // 2 :]
    loud = [
        values
        for start in range(0, len(heard) - block, block)
        if level_db(values := heard[start : start + block]) > -12
    ]
    moments = [(frequency(values, RATE_HZ) - lowest_hz) / 1000 for values in loud]
    print(f"muted from {muted:.3f} to {opened:.3f}; arrived: {min(moments):.2f} to {max(moments):.2f}")
    return Arrived(muted, opened, moments)


def test_nothing_of_what_is_said_while_muted_arrives(sound_server: SoundServer) -> None:
    length = 1.8
    with on_stage() as stage:
        arrived = looked_at_again(
            lambda: said_around_a_mute(sound_server, stage, length), lambda seen: not seen.leaked()
        )
    assert not arrived.leaked()
    assert min(arrived.moments) < 0.1
    assert max(arrived.moments) > length - 0.1
    assert len([moment for moment in arrived.moments if moment <= arrived.muted]) > 0.8 * length / 3 * 50
    assert len([moment for moment in arrived.moments if moment >= arrived.opened]) > 0.5 * length / 3 * 50

"""A room without headphones: the microphone hears the speaker, at a quarter of its level and 40 ms late."""

from __future__ import annotations

import pytest

from agentframework.audio.echo import EchoMode
from sound_recording import Samples, frequency, samples, sounds, tone
from sound_server import SoundServer
from sound_stage import Stage, on_stage

pytestmark = pytest.mark.sound
RATE_HZ = 16_000
ECHO = 0.25


def echo_heard(stage: Stage, server: SoundServer) -> Samples:
    """What the agent hears while it speaks for a second."""
    with server.record() as recording:
        before = len(stage.heard())
        stage.say(1, tone(440, 1.0, RATE_HZ))
        recording.wait_for_sound()
        recording.wait_for_silence(0.3)
    return samples(stage.heard()[before:])


def test_without_echo_control_the_agent_hears_itself(sound_server: SoundServer) -> None:
    with sound_server.acoustic_path(ECHO), on_stage() as stage:
        heard = echo_heard(stage, sound_server)
    assert frequency(heard, RATE_HZ) == pytest.approx(440, abs=5)
    assert sounds(heard, RATE_HZ, loud_db=-30)[0].length > 0.8


def test_half_duplex_keeps_it_from_hearing_itself(sound_server: SoundServer) -> None:
    with sound_server.acoustic_path(ECHO), on_stage(echo="half_duplex") as stage:
        heard = echo_heard(stage, sound_server)
    assert not sounds(heard, RATE_HZ, loud_db=-60)


@pytest.mark.parametrize("echo", ["half_duplex", "duck"])
def test_a_loud_user_gets_through(sound_server: SoundServer, echo: EchoMode) -> None:
    with sound_server.acoustic_path(ECHO), on_stage(echo=echo) as stage:
        with sound_server.record() as recording:
            stage.say(1, tone(440, 3.0, RATE_HZ))
            recording.wait_until(recording.wait_for_sound() + 0.5)
            before = len(stage.heard())
            sound_server.play(tone(1_200, 0.8, RATE_HZ, amplitude=0.7), RATE_HZ)
            recording.wait_for_silence(0.2)
        heard = samples(stage.heard()[before:])
    loud = sounds(heard, RATE_HZ, loud_db=-20)
    assert sum(sound.length for sound in loud) > 0.5
    first = heard[round(loud[0].begins * RATE_HZ) :][: RATE_HZ // 4]
    assert frequency(first, RATE_HZ) == pytest.approx(1_200, abs=5)

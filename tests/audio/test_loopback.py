"""The beeps are found in what a microphone heard, however soft, and nothing else is taken for them."""

from __future__ import annotations

import random
from array import array

import pytest

from agentframework.audio.loopback import beeps, find_beeps


def room(rate_hz: int, *, gain: float, noise: float, position: int, seconds: float = 1.5) -> bytes:
    """What is heard where the beeps come back at that place, in noise."""
    source = random.Random(1)
    heard = array("h", (round(source.gauss(0, noise)) for _ in range(round(seconds * rate_hz))))
    played = array("h")
    played.frombytes(beeps(rate_hz))
    for n, sample in enumerate(played):
        heard[position + n] = max(-32768, min(32767, heard[position + n] + round(gain * sample)))
    return heard.tobytes()


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize(("gain", "noise"), [(1.0, 0.0), (0.3, 300.0), (0.05, 300.0), (0.02, 100.0)])
def test_they_are_found_in_their_place_and_with_their_level(rate_hz: int, gain: float, noise: float) -> None:
    position = round(0.4137 * rate_hz)
    found = find_beeps(room(rate_hz, gain=gain, noise=noise, position=position), rate_hz)
    assert found is not None
    assert found.position / rate_hz == pytest.approx(0.4137, abs=0.005)
    assert 10 ** (found.level_db / 20) == pytest.approx(gain, rel=0.25)


@pytest.mark.parametrize("noise", [0.0, 30.0, 3000.0])
def test_noise_and_silence_are_no_beeps(noise: float) -> None:
    assert find_beeps(room(16000, gain=0.0, noise=noise, position=0), 16000) is None


def test_a_steady_tone_of_the_same_pitch_is_no_beeps() -> None:
    played = beeps(16000)[:640]
    assert find_beeps(played[:512] * 40, 16000) is None


def test_too_little_to_hold_them_is_searched_without_harm() -> None:
    assert find_beeps(b"", 16000) is None
    assert find_beeps(beeps(16000)[:2000], 16000) is None

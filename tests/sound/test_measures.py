"""The measures of a recording tell what they are asked, so that a sound test can fail."""

from __future__ import annotations

import numpy as np
import pytest

from sound_recording import frequency, level_db, pcm, phase_residue, samples, sounds, tone

RATE_HZ = 16_000


def sine(frequency_hz: float = 1_000.0, seconds: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return samples(tone(frequency_hz, seconds, RATE_HZ))


@pytest.mark.parametrize("frequency_hz", [180.0, 440.0, 1_000.3, 3_517.9])
def test_a_frequency_is_told_to_a_tenth_of_a_hertz(frequency_hz: float) -> None:
    assert frequency(sine(frequency_hz), RATE_HZ) == pytest.approx(frequency_hz, abs=0.1)


def test_a_level_is_told_in_decibels() -> None:
    whole = sine()[200:-200]
    assert level_db(whole) == pytest.approx(-9.03, abs=0.05)
    assert level_db(whole / 10) == pytest.approx(-29.03, abs=0.05)
    assert level_db(np.zeros(100)) < -150


@pytest.mark.parametrize("lost", [1, 160, -1, -320])
def test_lost_and_inserted_samples_show_in_the_phase(lost: int) -> None:
    """160 samples are ten whole periods of 1 kHz, so 1,013 Hz is played."""
    whole = sine(1_013.0)
    assert phase_residue(whole, RATE_HZ) < 0.02
    rest = whole[8_000 + lost :] if lost > 0 else np.concatenate((np.zeros(-lost), whole[8_000:]))
    assert phase_residue(np.concatenate((whole[:8_000], rest)), RATE_HZ) > 0.1


def test_sounds_are_told_to_two_milliseconds() -> None:
    silence = np.zeros(RATE_HZ // 2)
    first, second = sounds(
        np.concatenate((silence, sine(440, 0.3), silence, sine(900, 0.2), silence)), RATE_HZ
    )
    assert (first.begins, first.ends) == pytest.approx((0.5, 0.8), abs=0.002)
    assert (second.begins, second.ends) == pytest.approx((1.3, 1.5), abs=0.002)


def test_a_short_gap_does_not_part_a_sound() -> None:
    parts = np.concatenate((sine(440, 0.3), np.zeros(RATE_HZ * 3 // 100), sine(440, 0.3)))
    assert len(sounds(parts, RATE_HZ, gap=0.05)) == 1
    assert len(sounds(parts, RATE_HZ, gap=0.02)) == 2
    assert sounds(np.zeros(RATE_HZ), RATE_HZ) == []


def test_pcm_and_samples_are_each_others_way_back() -> None:
    values = sine()
    assert np.max(np.abs(samples(pcm(values)) - values)) < 2 / 32768

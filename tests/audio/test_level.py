"""How loud sound is, and making it softer."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise

import pytest

from agentframework.audio.level import SILENCE_DBFS, dbfs, rms, scaled


def square(level: int, samples: int = 320) -> bytes:
    return array("h", [level if n % 2 else -level for n in range(samples)]).tobytes()


def test_a_square_wave_is_as_loud_as_its_samples_and_a_sine_3_db_softer() -> None:
    assert rms(square(16384)) == pytest.approx(0.5)
    sine = array("h", [round(16384 * math.sin(n / 5)) for n in range(31416)]).tobytes()
    assert dbfs(rms(sine)) == pytest.approx(-9.03, abs=0.05)
    assert rms(sine, every=3) == pytest.approx(rms(sine), rel=0.01)


@pytest.mark.parametrize("nothing", [b"", b"\x01", bytes(640)])
def test_silence_is_minus_120_db(nothing: bytes) -> None:
    assert rms(nothing) == 0.0
    assert dbfs(rms(nothing)) == SILENCE_DBFS


def test_what_is_scaled_is_softer_by_as_much_and_keeps_its_length() -> None:
    assert scaled(square(1000), 0.25, 0.25) == square(250)
    assert scaled(b"", 0.5, 0.5) == b""


def test_a_ramp_has_no_step() -> None:
    ramp = array("h", scaled(array("h", [10000] * 320).tobytes(), 1.0, 0.25))
    steps = [before - after for before, after in pairwise(ramp)]
    assert ramp[0] == 10000
    assert ramp[-1] == pytest.approx(2500, abs=25)
    assert all(0 <= step <= 25 for step in steps)


def test_what_becomes_too_loud_is_clipped_and_does_not_wrap() -> None:
    assert scaled(array("h", [30000, -30000]).tobytes(), 2.0, 2.0) == array("h", [32767, -32768]).tobytes()

"""Finds out whether a microphone hears the speaker, and how late: by a pattern of beeps that is told from noise."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from agentframework.audio.level import dbfs

__all__ = ["Loopback", "beeps", "find_beeps"]

_PITCH_HZ = 1000
_CHIP = 0.02
_BARKER = (1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1)
_AMPLITUDE = 8000
_HOP = 0.0025
_LEAST_LIKENESS = 0.6
_LEAST_LEVEL_DBFS = -75.0


@dataclass(frozen=True, slots=True)
class Loopback:
    """Where the beeps begin, in samples from the start of what was searched, and how loud they came back.

    `level_db` is relative to what was played: 0.0 is as loud, -20.0 a tenth.
    """

    position: int
    level_db: float


def beeps(rate_hz: int) -> bytes:
    """0.26 s of 1 kHz, on and off in the order of a Barker code, whose like nobody says by chance: PCM, -12 dBFS."""
    chip = round(_CHIP * rate_hz)
    ramp = max(1, chip // 10)
    samples = array("h")
    for is_on in _BARKER:
        for n in range(chip):
            fade = min(1.0, n / ramp, (chip - n) / ramp) * is_on
            samples.append(round(_AMPLITUDE * fade * math.sin(2 * math.pi * _PITCH_HZ * n / rate_hz)))
    return samples.tobytes()


def find_beeps(pcm: bytes, rate_hz: int) -> Loopback | None:
    """The beeps in what a microphone heard, by the strongest likeness; None where there is none. To 3 ms."""
    samples = array("h")
    samples.frombytes(pcm[: len(pcm) // 2 * 2])
    hop = max(1, round(_HOP * rate_hz))
    envelope = _envelope(samples, hop, round(_CHIP * rate_hz / 2), rate_hz)
    each = _CHIP / (hop / rate_hz)
    pattern = [_BARKER[int((n + 0.5) / each)] for n in range(int(each * len(_BARKER)))]
    best, likeness = -1, 0.0
    for start in range(len(envelope) - len(pattern) + 1):
        alike = _likeness(envelope[start : start + len(pattern)], pattern)
        if alike > likeness:
            best, likeness = start, alike
    if likeness < _LEAST_LIKENESS:
        return None
    sounding = sorted(level for level, on in zip(envelope[best:], pattern, strict=False) if on)
    level = sounding[len(sounding) // 2]
    if dbfs(level) < _LEAST_LEVEL_DBFS:
        return None
    played = _AMPLITUDE / 32768
    middle = round(_CHIP * rate_hz / 4)  # a window is told by its middle
    return Loopback(best * hop + middle, 20 * math.log10(level / played))


def _envelope(samples: Sequence[int], hop: int, window: int, rate_hz: int) -> list[float]:
    """How much of the pitch there is around each hop, as an amplitude between 0 and 1 (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * _PITCH_HZ / rate_hz)
    levels = []
    for middle in range(window // 2, len(samples) - window // 2, hop):
        before = last = 0.0
        for sample in samples[middle - window // 2 : middle + window // 2]:
            before, last = last, sample + turn * last - before
        power = last * last + before * before - turn * last * before
        levels.append(2 * math.sqrt(max(power, 0.0)) / window / 32768)
    return levels


def _likeness(levels: Sequence[float], pattern: Sequence[int]) -> float:
    """The correlation of two rows of numbers, between -1 and 1."""
    count = len(pattern)
    mean, wanted = sum(levels) / count, sum(pattern) / count
    shared = sum((level - mean) * (on - wanted) for level, on in zip(levels, pattern, strict=True))
    spread = math.sqrt(
        sum((level - mean) ** 2 for level in levels) * sum((on - wanted) ** 2 for on in pattern)
    )
    return shared / spread if spread else 0.0

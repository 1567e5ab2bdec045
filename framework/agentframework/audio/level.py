"""How loud PCM is, and making it softer: signed 16-bit little-endian mono."""

from __future__ import annotations

import math
import sys
from array import array

__all__ = ["SILENCE_DBFS", "dbfs", "rms", "scaled"]

SILENCE_DBFS = -120.0
"""What `dbfs` says of silence."""

_FULL_SCALE = 32768


def rms(pcm: bytes, *, every: int = 1) -> float:
    """The root of the mean square: 0.0 is silence, 1.0 the loudest square wave; a sine at full scale has 0.707.

    With `every=n` only each nth sample is looked at, which costs less and says as much of speech.
    """
    samples = _samples(pcm)[::every]
    if not samples:
        return 0.0
    return math.hypot(*samples) / math.sqrt(len(samples)) / _FULL_SCALE


def dbfs(level: float) -> float:
    """A level between 0.0 and 1.0 in decibels below full scale; silence is -120."""
    return max(20 * math.log10(level), SILENCE_DBFS) if level > 0 else SILENCE_DBFS


def scaled(pcm: bytes, begins: float, ends: float) -> bytes:
    """The same softer: by `begins` at its first sample, by `ends` after its last, evenly in between."""
    samples = _samples(pcm)
    if not samples:
        return pcm
    if begins == ends:
        factor, half = round(begins * 65536), 32768  # whole numbers take half the time
        louder = [sample * factor + half >> 16 for sample in samples]
    else:
        step = (ends - begins) / len(samples)
        louder = [int(sample * (begins + step * n)) for n, sample in enumerate(samples)]
    if max(begins, ends) > 1:
        louder = [max(-_FULL_SCALE, min(_FULL_SCALE - 1, sample)) for sample in louder]
    out = array("h", louder)
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()


def _samples(pcm: bytes) -> array[int]:
    samples = array("h")
    samples.frombytes(pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples

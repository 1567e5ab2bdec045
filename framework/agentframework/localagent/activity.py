"""Tells when somebody speaks, by the energy of the sound above a noise floor that it learns as it goes."""

from __future__ import annotations

import math
import sys
from array import array
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Activity", "VoiceActivity"]

_BLOCK: Final = 0.02
_ENOUGH_HZ: Final = 16_000
_SILENCE_DB: Final = -90.0

# decibels: a block is loud that much above the floor, or goes on being loud; below the least, nobody speaks
_BEGINS_DB: Final = 7.0
_GOES_ON_DB: Final = 4.5
_LEAST_DB: Final = -52.0

# of the last five blocks that many are loud, or fewer that are very loud: a click is shorter
_ONSET_WINDOW: Final = 5
_ONSET: Final = 4
_CLEAR_ONSET: Final = 3
_CLEAR_DB: Final = 14.0

# the floor is the least of the smoothed levels in a window of that many parts, of so many blocks each
_FLOOR_PARTS: Final = 12
_FLOOR_PART_BLOCKS: Final = 12
_SMOOTHING: Final = 0.3

# what has kept its level for so long is a noise, and no voice
_STEADY_BLOCKS: Final = 30
_STEADY_DB: Final = 3.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Somebody began to speak, or has ended; `at` counts the seconds of sound since the very first sample.

    `voiced` is how many seconds of it were loud. A `steady` end takes the beginning back: it was a hum.
    """

    kind: Literal["began", "ended"]
    at: float
    voiced: float = 0.0
    steady: bool = False


class VoiceActivity:
    """Voice activity in a stream of 16-bit little-endian mono PCM at `rate_hz`, in blocks of any length.

    An onset is told after 60 to 80 ms of it, an end after `silence` seconds without a voice. Speech that lasts for
    `longest` seconds is taken to have ended. `score` is how likely it is that somebody speaks now, 0 to 1.
    """

    def __init__(self, rate_hz: int, *, silence: float = 0.6, longest: float = 60.0) -> None:
        self.is_speaking = False
        self.score = 0.0
        self.floor_db = _SILENCE_DB
        self._step = max(1, rate_hz // _ENOUGH_HZ)
        self._block_bytes = 2 * max(1, round(rate_hz * _BLOCK))
        self._silent_blocks = max(1, round(silence / _BLOCK))
        self._longest_blocks = max(1, round(longest / _BLOCK))
        self._rest = b""
        self._blocks = 0
        self._smoothed: float | None = None
        self._parts: deque[float] = deque(maxlen=_FLOOR_PARTS)
        self._part = math.inf
        self._recent: deque[float] = deque(maxlen=_ONSET_WINDOW)
        self._levels: deque[float] = deque(maxlen=_STEADY_BLOCKS)
        self._began = self._last_loud = self._voiced = 0

    @property
    def position(self) -> float:
        """Seconds of sound that were looked at."""
        return self._blocks * _BLOCK

    def take(self, pcm: bytes) -> list[Activity]:
        """What happened in the next samples."""
        pcm = self._rest + pcm
        size = self._block_bytes
        whole = len(pcm) // size * size
        self._rest = pcm[whole:]
        found = (self._take_block(pcm[start : start + size]) for start in range(0, whole, size))
        return [activity for activity in found if activity is not None]

    def end(self) -> Activity | None:
        """No sound comes any more: who speaks, has spoken."""
        self._rest = b""
        self._recent.clear()
        return self._ended() if self.is_speaking else None

    def _take_block(self, pcm: bytes) -> Activity | None:
        level = _level_db(pcm, self._step)
        self._blocks += 1
        self._levels.append(level)
        self._learn(level)
        above = level - max(self.floor_db, _LEAST_DB - _BEGINS_DB)
        self.score += 0.4 * (1 / (1 + math.exp(_BEGINS_DB - above)) - self.score)
        return self._go_on(above) if self.is_speaking else self._begin(above)

    def _begin(self, above: float) -> Activity | None:
        self._recent.append(above)
        loud = sum(level >= _BEGINS_DB for level in self._recent)
        clear = sum(level >= _CLEAR_DB for level in self._recent)
        if loud < _ONSET and clear < _CLEAR_ONSET:
            return None
        self.is_speaking = True
        self._began, self._last_loud = self._blocks - len(self._recent), self._blocks
        self._voiced = loud
        self._recent.clear()
        return Activity("began", self._began * _BLOCK)

    def _go_on(self, above: float) -> Activity | None:
        if above >= _GOES_ON_DB:
            self._last_loud = self._blocks
            self._voiced += 1
        if self._is_steady():
            self._parts.clear()
            self._part = self.floor_db = min(self._levels)
            return self._ended(steady=True)
        is_over = self._blocks - self._last_loud >= self._silent_blocks
        return self._ended() if is_over or self._blocks - self._began >= self._longest_blocks else None

    def _ended(self, *, steady: bool = False) -> Activity:
        self.is_speaking = False
        return Activity("ended", self._last_loud * _BLOCK, self._voiced * _BLOCK, steady)

    def _is_steady(self) -> bool:
        if self._blocks - self._began < _STEADY_BLOCKS:
            return False
        least = min(self._levels)
        return max(self._levels) - least < _STEADY_DB and least - self.floor_db >= _GOES_ON_DB

    def _learn(self, level: float) -> None:
        """The floor follows the quietest of the last seconds: the pauses between words, if somebody speaks."""
        smoothed = level if self._smoothed is None else self._smoothed + _SMOOTHING * (level - self._smoothed)
        self._smoothed = smoothed
        self._part = min(self._part, smoothed)
        if self._blocks % _FLOOR_PART_BLOCKS == 0:
            self._parts.append(self._part)
            self._part = math.inf
        self.floor_db = min(self._part, *self._parts) if self._parts else self._part


def _level_db(pcm: bytes, step: int) -> float:
    """The energy of a block without its mean, which says nothing but how the microphone is built."""
    samples = array("h")
    samples.frombytes(pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    looked_at = samples[::step]
    mean = sum(looked_at) / len(looked_at)
    energy = sum([sample * sample for sample in looked_at]) / len(looked_at) - mean * mean
    return max(10 * math.log10(energy / 2**30), _SILENCE_DB) if energy > 0 else _SILENCE_DB

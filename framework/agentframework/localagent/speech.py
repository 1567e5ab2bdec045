"""A text with its sound: cut into chunks as the platform sends them, and what was said of it up to a moment."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agentframework.formats import AudioFormat
from agentframework.protocol.messages import Alignment

__all__ = ["CHUNK", "Chunk", "Speech", "spread"]

CHUNK: Final = 0.25
"""The longest chunk of audio that is sent, in seconds."""

_WORD: Final = re.compile(r"\S+")
_LATE: Final = 0.02
# how long a character sounds beside a letter: a figure is a word, and a stop is a pause
_WEIGHTS: Final = dict.fromkeys("0123456789", 4.0) | dict.fromkeys(".!?:;", 5.0) | dict.fromkeys(",\n", 3.0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of speech in the output format, with the characters that it says."""

    audio: bytes
    alignment: Alignment
    is_final: bool


@dataclass(frozen=True, slots=True)
class Speech:
    """`audio` in `audio_format` says `text`; `times` is when each character begins, and when the last one ends."""

    text: str
    audio: bytes
    audio_format: AudioFormat
    times: tuple[float, ...]

    @property
    def duration(self) -> float:
        """Seconds that it lasts."""
        return self.audio_format.duration(len(self.audio))

    def chunks(self) -> Iterator[Chunk]:
        """All of it in chunks of `CHUNK` seconds or less, one at least; each character is in the one it begins in."""
        size = self.audio_format.size_bytes(CHUNK)
        first = 0
        for start in range(0, max(len(self.audio), 1), size):
            audio = self.audio[start : start + size]
            is_final = start + size >= len(self.audio)
            begins = self.audio_format.duration(start)
            ends = begins + self.audio_format.duration(len(audio))
            end = len(self.text) if is_final else bisect_left(self.times, ends, first, len(self.text))
            yield Chunk(audio, self._alignment(first, end, begins, ends), is_final)
            first = end

    def _alignment(self, first: int, end: int, begins: float, ends: float) -> Alignment:
        """Where the characters from `first` up to `end` are in the chunk between these seconds."""
        starts = [min(time, ends) - begins for time in self.times[first:end]]
        lasts = [after - before for before, after in itertools.pairwise(self.times[first : end + 1])]
        return Alignment(
            chars=list(self.text[first:end]),
            char_start_times_ms=[round(start * 1000) for start in starts],
            char_durations_ms=[round(seconds * 1000) for seconds in lasts],
        )

    def spoken(self, position: float) -> str:
        """The words that are over when so many seconds have sounded."""
        end = 0
        for word in _WORD.finditer(self.text):
            if self.times[word.end()] > position + _LATE:
                break
            end = word.end()
        return self.text if end == len(self.text.rstrip()) else self.text[:end]


def spread(text: str, begins: float, ends: float) -> tuple[float, ...]:
    """When each character begins, and when the last one ends, if they are said between these seconds.

    That is estimated: a program that speaks says nothing of its characters. A pause belongs to the mark before it.
    """
    weights = [_WEIGHTS.get(character, 1.0) for character in text]
    stripped = len(text.rstrip())
    if stripped and text[stripped - 1] in ".!?:;,":
        weights[stripped - 1] = 0.5  # the last pause of all is not heard
    each = (ends - begins) / (sum(weights) or 1.0)
    return tuple(begins + each * weight for weight in itertools.accumulate(weights, initial=0.0))

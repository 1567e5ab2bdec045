"""The voice of an agent without one: a soft tone that lasts as long as its text would take to say."""

from __future__ import annotations

import math
import sys
from array import array
from functools import lru_cache

from agentframework.audio.g711 import encode_ulaw
from agentframework.formats import AudioFormat
from agentframework.localagent.speech import Speech

__all__ = ["duration_of", "tone", "tone_speech"]

_PITCH_HZ = 400
_AMPLITUDE = 3000
_PER_CHARACTER = 0.06
_SHORTEST, _LONGEST = 0.2, 6.0


def tone_speech(text: str, audio_format: AudioFormat) -> Speech:
    """The tone for `text`, which its characters share evenly."""
    each = duration_of(text) / max(len(text), 1)
    times = tuple(n * each for n in range(len(text) + 1))
    return Speech(text, tone(duration_of(text), audio_format), audio_format, times)


def duration_of(text: str) -> float:
    """How many seconds it takes to say `text`."""
    return min(max(len(text) * _PER_CHARACTER, _SHORTEST), _LONGEST)


def tone(duration: float, audio_format: AudioFormat) -> bytes:
    """`duration` seconds of the tone in `audio_format`; it begins and ends in silence, so it does not click."""
    whole = round(duration * _PITCH_HZ) / _PITCH_HZ
    size = audio_format.size_bytes(whole)
    second = _second(audio_format)
    return (second * math.ceil(size / len(second)))[:size]


@lru_cache(maxsize=8)
def _second(audio_format: AudioFormat) -> bytes:
    rate = audio_format.rate_hz
    pcm = array("h", (round(_AMPLITUDE * math.sin(2 * math.pi * _PITCH_HZ * n / rate)) for n in range(rate)))
    if sys.byteorder == "big":
        pcm.byteswap()
    return encode_ulaw(pcm.tobytes()) if audio_format.codec == "ulaw" else pcm.tobytes()

"""The local agent's voice: a soft tone that lasts as long as its text would take to say."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agentframework.formats import AudioFormat
from agentframework.protocol.agent import AgentProtocol
from agentframework.protocol.messages import Alignment

__all__ = ["CHUNK", "Chunk", "chunks_of", "duration_of", "say_aloud", "tone"]

CHUNK = 0.25
"""The longest chunk of audio that is sent, in seconds."""

_PITCH_HZ = 400
_AMPLITUDE = 3000
_PER_CHARACTER = 0.06
_SHORTEST, _LONGEST = 0.2, 6.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of speech in the output format, with the characters that it says."""

    audio: bytes
    alignment: Alignment
    is_final: bool


def say_aloud(protocol: AgentProtocol, text: str) -> float:
    """Say `text`, with its tone unless the conversation is text-only; gives the seconds that the tone lasts."""
    event_id = protocol.say(text)
    if protocol.text_only:
        return 0.0
    for chunk in chunks_of(text, protocol.output_format):
        protocol.send_audio(
            chunk.audio, event_id=event_id, alignment=chunk.alignment, is_final=chunk.is_final
        )
    return duration_of(text)


def duration_of(text: str) -> float:
    """How many seconds it takes to say `text`."""
    return min(max(len(text) * _PER_CHARACTER, _SHORTEST), _LONGEST)


def chunks_of(text: str, audio_format: AudioFormat) -> Iterator[Chunk]:
    """The tone for `text` in chunks of `CHUNK` seconds or less."""
    audio = tone(duration_of(text), audio_format)
    size = audio_format.size_bytes(CHUNK)
    each_ms = duration_of(text) * 1000 / max(len(text), 1)
    for start in range(0, len(audio), size):
        chunk = audio[start : start + size]
        begins_ms = audio_format.duration(start) * 1000
        ends_ms = begins_ms + audio_format.duration(len(chunk)) * 1000
        first, end = math.ceil(begins_ms / each_ms), math.ceil(ends_ms / each_ms)
        alignment = Alignment(
            chars=list(text[first:end]),
            char_start_times_ms=[round(n * each_ms - begins_ms) for n in range(first, min(end, len(text)))],
            char_durations_ms=[round(each_ms)] * len(text[first:end]),
        )
        yield Chunk(chunk, alignment, is_final=start + size >= len(audio))


def tone(duration: float, audio_format: AudioFormat) -> bytes:
    """`duration` seconds of the tone in `audio_format`; it begins and ends in silence, so it does not click."""
    whole = round(duration * _PITCH_HZ) / _PITCH_HZ
    size = audio_format.size_bytes(whole)
    second = _second(audio_format)
    return (second * math.ceil(size / len(second)))[:size]


@lru_cache(maxsize=8)
def _second(audio_format: AudioFormat) -> bytes:
    rate = audio_format.rate_hz
    samples = (round(_AMPLITUDE * math.sin(2 * math.pi * _PITCH_HZ * n / rate)) for n in range(rate))
    if audio_format.codec == "ulaw":
        return bytes(_ulaw(sample) for sample in samples)
    pcm = array("h", samples)
    if sys.byteorder == "big":
        pcm.byteswap()
    return pcm.tobytes()


def _ulaw(sample: int) -> int:
    """One sample in G.711: sign, three bits of exponent, four of mantissa, all inverted."""
    magnitude = min(abs(sample), 32635) + 0x84
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | mantissa) & 0xFF

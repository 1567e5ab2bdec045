"""WAV files as other programs write them to a pipe and read them: 16-bit PCM, with lengths that may be wrong."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import Final

__all__ = ["WaveError", "read_wave", "wave_of"]

_HEADER_BYTES: Final = 12
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_SLOWEST_HZ, _FASTEST_HZ = 4000, 192_000
_MOST_CHANNELS: Final = 8


class WaveError(Exception):
    """No WAV file that can be played; the text says what it is instead."""


def read_wave(data: bytes) -> tuple[bytes, int]:
    """The samples of a WAV file as mono PCM, and their rate in Hz. Raises `WaveError`.

    A program that writes to a pipe cannot know the length when it writes the header: what is there counts.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WaveError("is no WAV file")
    place, found = _HEADER_BYTES, None
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        place += 8
        if name == b"fmt ":
            found = _read_format(data[place : place + size])
        elif name == b"data":
            if found is None:
                raise WaveError("is a WAV file without a format before its samples")
            channels, rate_hz = found
            return _mono(data[place : place + size], channels), rate_hz
        place += size + size % 2
    raise WaveError("is a WAV file without samples")


def wave_of(pcm: bytes, rate_hz: int) -> bytes:
    """A WAV file of mono PCM."""
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, rate_hz, 2 * rate_hz, 2, 16)
    content = b"WAVE" + header + struct.pack("<4sI", b"data", len(pcm)) + pcm
    return struct.pack("<4sI", b"RIFF", len(content)) + content


def _read_format(chunk: bytes) -> tuple[int, int]:
    """The number of channels and the rate."""
    if len(chunk) < 16:
        raise WaveError("is a WAV file that was cut off")
    kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        [kind] = struct.unpack_from("<H", chunk, 24)
    if kind != _PCM or bits != 16:
        raise WaveError(f"is a WAV file of kind {kind} with {bits} bits, and not of 16-bit PCM")
    if not 1 <= channels <= _MOST_CHANNELS or not _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ:
        raise WaveError(f"is a WAV file of {channels} channels at {rate_hz} Hz")
    return channels, rate_hz


def _mono(pcm: bytes, channels: int) -> bytes:
    """The mean of the channels; what is left of a cut sample falls away."""
    pcm = pcm[: len(pcm) // (2 * channels) * 2 * channels]
    if channels == 1:
        return pcm
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    frames = zip(*(samples[channel::channels] for channel in range(channels)), strict=True)
    mono = array("h", [sum(frame) // channels for frame in frames])
    if sys.byteorder == "big":
        mono.byteswap()
    return mono.tobytes()

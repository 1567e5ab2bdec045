"""Reads a WAV file as 16-bit mono: PCM of 8 to 32 bit, any number of channels, any rate."""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from typing import IO

from agentframework import AudioError

__all__ = ["WavReader"]

_PCM, _EXTENSIBLE = 1, 0xFFFE
_CODECS = {2: "ADPCM", 3: "floating point", 6: "A-law", 7: "u-law", 17: "ADPCM", 85: "MP3"}
_SLOWEST_HZ, _FASTEST_HZ = 4_000, 384_000
_FROM_UNSIGNED = bytes(byte ^ 0x80 for byte in range(256))


class WavReader:
    """One file, open until `close`; `position` counts the samples that were read.

    Raises `AudioError` where it cannot be read, with what would help. A length in the header that the file does not
    have, as a program leaves it that was killed or wrote into a pipe, is no error: what is there counts.
    """

    def __init__(self, path: Path, *, position: int = 0) -> None:
        self.position = position
        self._path = path
        try:
            path = path.expanduser()
            if path.is_fifo():  # to open one waits for its writer
                raise AudioError(f"cannot read {path}: it is a pipe; the audio backend pipe hears those")
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise AudioError(f"cannot read {path}: {error.strerror or error}") from error
        try:
            self._read_header()
            self._file.seek(self._begins + position * self._frame_size)
        except AudioError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise AudioError(f"cannot read {path}: {error.strerror or error}") from error

    def read(self, frames: int) -> bytes:
        """The next samples, fewer at the end, none after it."""
        size = min(frames * self._frame_size, self._ends - self._file.tell())
        data = self._file.read(max(0, size))
        whole = len(data) // self._frame_size
        data = data[: whole * self._frame_size]
        self.position += whole
        return self._mono(self._in_16_bit(data))

    def rewind(self) -> None:
        """To the beginning."""
        self._file.seek(self._begins)
        self.position = 0

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()

    def _read_header(self) -> None:
        riff = self._file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            raise AudioError(
                f"{self._path} is no WAV file; to make one: ffmpeg -i {self._path.name} input.wav"
            )
        described = False
        while len(head := self._file.read(8)) == 8:
            kind, size = head[:4], int.from_bytes(head[4:], "little")
            begins = self._file.tell()
            if kind == b"fmt ":
                self._read_format(self._file.read(min(size, 64)))
                described = True
            elif kind == b"data" and described:
                self._begins = begins
                there = self._file.seek(0, 2)
                self._ends = min(begins + size, there) if size else there
                return
            self._file.seek(begins + size + size % 2)
        raise AudioError(f"{self._path} is a WAV file without sound: it is cut off, or damaged")

    def _read_format(self, fields: bytes) -> None:
        def number(at: int, size: int) -> int:
            return int.from_bytes(fields[at : at + size], "little")

        codec, channels, rate_hz, bits = number(0, 2), number(2, 2), number(4, 4), number(14, 2)
        if codec == _EXTENSIBLE and len(fields) >= 26:
            codec = number(24, 2)
        if codec != _PCM or bits not in (8, 16, 24, 32) or not channels or not rate_hz:
            what = _CODECS.get(codec, f"codec {codec}") if codec != _PCM else f"{bits} bit"
            raise AudioError(
                f"{self._path} holds {what}, and PCM of 8, 16, 24 or 32 bit is read; "
                f"to convert it: ffmpeg -i {self._path.name} -c:a pcm_s16le input.wav"
            )
        if not _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ:
            raise AudioError(
                f"{self._path} says that it has {rate_hz} samples a second: its header is damaged"
            )
        self.rate_hz = rate_hz
        self._bits, self._channels = bits, channels
        self._frame_size = channels * bits // 8

    def _in_16_bit(self, data: bytes) -> bytes:
        if self._bits == 16:
            return data
        width = self._bits // 8
        out = bytearray(len(data) // width * 2)
        if self._bits == 8:
            out[1::2] = data.translate(_FROM_UNSIGNED)
        else:  # the two upper bytes are what is heard
            out[0::2], out[1::2] = data[width - 2 :: width], data[width - 1 :: width]
        return bytes(out)

    def _mono(self, data: bytes) -> bytes:
        if self._channels == 1:
            return data
        samples = _swapped(array("h", data))
        channels = [samples[n :: self._channels] for n in range(self._channels)]
        mixed = array("h", [sum(frame) // self._channels for frame in zip(*channels, strict=True)])
        return _swapped(mixed).tobytes()


def _swapped(samples: array[int]) -> array[int]:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples

"""WAV files and samples for the tests of what is built in."""

from __future__ import annotations

import math
import struct
import wave
from array import array
from pathlib import Path

__all__ = ["read_wav", "tone", "wav_bytes", "write_wav"]


def tone(seconds: float, rate_hz: int = 16000, *, hz: int = 440, height: int = 8000) -> bytes:
    """A sine."""
    count = round(seconds * rate_hz)
    return array(
        "h", [round(height * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(count)]
    ).tobytes()


def write_wav(path: Path, pcm: bytes, rate_hz: int = 16000) -> Path:
    """16 bit, mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm)
    return path


def read_wav(path: Path) -> tuple[int, bytes]:
    """Rate and samples of a file that somebody else's reader finds right."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), file.readframes(file.getnframes())


def wav_bytes(
    data: bytes,
    *,
    rate_hz: int = 16000,
    channels: int = 1,
    bits: int = 16,
    codec: int = 1,
    size: int | None = None,
) -> bytes:
    """A file as any program might write it: of any width, with the codec in an extension, or of a wrong size."""
    frame = channels * bits // 8
    kind = struct.pack("<HHIIHH", codec, channels, rate_hz, rate_hz * frame, frame, bits)
    if codec == 0xFFFE:
        kind += struct.pack("<HHIH14s", 22, bits, 0, 1, b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x008\x9bq")
    length = len(data) if size is None else size
    chunks = b"fmt " + struct.pack("<I", len(kind)) + kind + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", length) + data
    return b"RIFF" + struct.pack("<I", min(len(chunks) + 4, 0xFFFFFFFF)) + b"WAVE" + chunks

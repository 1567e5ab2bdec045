"""WAV files of all makes are read, and what is none is told."""

from __future__ import annotations

import io
import struct
import subprocess
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.wavefile import WaveError, read_wave, wave_of

PCM = struct.pack("<6h", 1, -2, 300, -300, 32767, -32768)


def by_the_library(pcm: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 22050) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(pcm)
    return written.getvalue()


def test_what_the_library_writes_is_read() -> None:
    assert read_wave(by_the_library(PCM)) == (PCM, 22050)


def test_the_library_reads_what_is_written() -> None:
    with wave.open(io.BytesIO(wave_of(PCM, 16000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        assert file.readframes(100) == PCM


def test_channels_become_one() -> None:
    assert read_wave(by_the_library(PCM, channels=2))[0] == struct.pack("<3h", -1, 0, -1)


@pytest.mark.needs_system("espeak-ng")
def test_a_length_that_the_writer_could_not_know_does_not_matter() -> None:
    """espeak-ng promises 2 GB to a pipe."""
    said = subprocess.run(["espeak-ng", "--stdout", "Hello"], stdout=subprocess.PIPE, check=True).stdout
    pcm, rate_hz = read_wave(said)

    assert struct.unpack_from("<I", said, 40)[0] > len(said)
    assert rate_hz == 22050
    assert len(pcm) == len(said) - 44


def test_other_chunks_are_passed_over() -> None:
    whole = wave_of(PCM, 8000)
    odd = whole[:12] + struct.pack("<4sI", b"LIST", 3) + b"abc\0" + whole[12:]

    assert read_wave(odd) == (PCM, 8000)


def test_the_extensible_form_of_pcm_is_pcm() -> None:
    extension = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
    chunk = struct.pack("<HHIIHH", 0xFFFE, 1, 48000, 96000, 2, 16) + extension
    data = b"WAVE" + struct.pack("<4sI", b"fmt ", len(chunk)) + chunk + struct.pack("<4sI", b"data", 12) + PCM

    assert read_wave(b"RIFF" + struct.pack("<I", len(data)) + data) == (PCM, 48000)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is no WAV file"),
        (b"ID3 an mp3 perhaps", "is no WAV file"),
        (wave_of(PCM, 16000)[:30], "is a WAV file that was cut off"),
        (wave_of(PCM, 16000)[:36], "is a WAV file without samples"),
        (wave_of(PCM, 0), "is a WAV file of 1 channels at 0 Hz"),
        (by_the_library(PCM, width=3), "kind 1 with 24 bits"),
        (by_the_library(PCM, width=1), "kind 1 with 8 bits"),
        (wave_of(PCM, 16000)[:12] + wave_of(PCM, 16000)[36:], "without a format"),
    ],
)
def test_what_cannot_be_played_is_told(data: bytes, problem: str) -> None:
    with pytest.raises(WaveError, match=problem):
        read_wave(data)


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_no_file_breaks_the_reader(rest: bytes, at: int, value: int) -> None:
    broken = bytearray(wave_of(PCM, 16000) + rest)
    broken[at % len(broken)] = value
    try:
        pcm, rate_hz = read_wave(bytes(broken))
    except WaveError:
        return
    assert len(pcm) % 2 == 0
    assert rate_hz > 0

"""The seven formats of the wire, and how many bytes last how long in each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.errors import FormatError
from agentframework.formats import KNOWN_FORMATS, AudioFormat

FORMATS = [AudioFormat.parse(name) for name in KNOWN_FORMATS]


def test_the_formats_are_those_of_the_wire() -> None:
    found = {(audio.name, audio.codec, audio.rate_hz, audio.sample_size_bytes) for audio in FORMATS}
    assert found == {
        ("pcm_8000", "pcm", 8000, 2),
        ("pcm_16000", "pcm", 16000, 2),
        ("pcm_22050", "pcm", 22050, 2),
        ("pcm_24000", "pcm", 24000, 2),
        ("pcm_44100", "pcm", 44100, 2),
        ("pcm_48000", "pcm", 48000, 2),
        ("ulaw_8000", "ulaw", 8000, 1),
    }


def test_without_a_word_the_format_is_the_default_of_the_wire() -> None:
    assert AudioFormat() == AudioFormat.parse("pcm_16000")


@pytest.mark.parametrize(
    "name",
    ["", "pcm", "pcm_", "pcm_11025", "pcm_016000", "PCM_16000", " pcm_16000", "ulaw_16000", "mp3_44100_128"],
)
def test_any_other_word_is_an_error_that_lists_the_right_ones(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        AudioFormat.parse(name)
    assert str(caught.value) == f"unknown audio format {name!r}; known are {', '.join(KNOWN_FORMATS)}"


@pytest.mark.parametrize(
    ("name", "size_bytes", "duration"),
    [
        ("pcm_16000", 8000, 0.25),  # the chunk that protocol 2.1 recommends
        ("pcm_16000", 0, 0.0),
        ("ulaw_8000", 8000, 1.0),
        ("pcm_44100", 88200, 1.0),
        ("pcm_48000", 1920, 0.02),
    ],
)
def test_bytes_and_seconds_are_two_sides_of_one_thing(name: str, size_bytes: int, duration: float) -> None:
    audio = AudioFormat.parse(name)
    assert audio.duration(size_bytes) == pytest.approx(duration)
    assert audio.size_bytes(duration) == size_bytes


@given(st.sampled_from(FORMATS), st.integers(0, 10_000_000))
def test_samples_are_never_lost_between_bytes_and_seconds(audio: AudioFormat, samples: int) -> None:
    size_bytes = samples * audio.sample_size_bytes
    assert audio.size_bytes(audio.duration(size_bytes)) == size_bytes


@given(st.sampled_from(FORMATS), st.floats(0, 3600))
def test_a_duration_takes_whole_samples_and_is_met_to_half_a_sample(
    audio: AudioFormat, duration: float
) -> None:
    size_bytes = audio.size_bytes(duration)
    assert size_bytes % audio.sample_size_bytes == 0
    assert abs(audio.duration(size_bytes) - duration) <= 0.5 / audio.rate_hz + 1e-9


def test_a_format_is_a_value_that_cannot_be_changed() -> None:
    audio: Any = AudioFormat.parse("ulaw_8000")
    assert {audio: 1}[AudioFormat("ulaw", 8000)] == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        audio.rate_hz = 16000

"""The agent's voice: real audio of the right length, in chunks, with the characters that they say."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.formats import KNOWN_FORMATS, AudioFormat
from agentframework.localagent.mouth import Mouth
from agentframework.localagent.speech import CHUNK
from agentframework.localagent.tone import duration_of, tone, tone_speech
from agentframework.protocol.agent import AgentProtocol

FORMATS = [AudioFormat.parse(name) for name in KNOWN_FORMATS]


@pytest.mark.parametrize("audio_format", FORMATS, ids=KNOWN_FORMATS)
def test_a_tone_lasts_as_long_as_was_asked(audio_format: AudioFormat) -> None:
    assert audio_format.duration(len(tone(1.5, audio_format))) == pytest.approx(1.5, abs=0.002)


@pytest.mark.parametrize("audio_format", [FORMATS[1], FORMATS[5]], ids=["pcm_16000", "pcm_48000"])
def test_a_tone_is_a_soft_sine_of_400_hz(audio_format: AudioFormat) -> None:
    samples = array("h", tone(1.0, audio_format))

    rises = sum(before < 0 <= after for before, after in pairwise(samples))
    assert rises in (399, 400)
    assert max(samples) == pytest.approx(3000, abs=30)
    assert abs(samples[-1]) < 500


def test_ulaw_decodes_to_the_same_sine() -> None:
    """Decoded by the definition of G.711, it is the sine within a quantisation step."""
    for n, code in enumerate(tone(0.1, AudioFormat("ulaw", 8000))):
        code ^= 0xFF
        magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
        sample = -magnitude if code & 0x80 else magnitude
        assert sample == pytest.approx(3000 * math.sin(2 * math.pi * 400 * n / 8000), abs=130)


@given(st.text(max_size=300), st.sampled_from(FORMATS))
def test_chunks_make_up_the_tone_and_the_text(text: str, audio_format: AudioFormat) -> None:
    chunks = list(tone_speech(text, audio_format).chunks())

    assert b"".join(chunk.audio for chunk in chunks) == tone(duration_of(text), audio_format)
    assert all(audio_format.duration(len(chunk.audio)) <= CHUNK for chunk in chunks)
    assert [chunk.is_final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert "".join("".join(chunk.alignment.chars) for chunk in chunks) == text


@given(st.text(min_size=1, max_size=300), st.sampled_from(FORMATS))
def test_alignment_lies_within_its_chunk(text: str, audio_format: AudioFormat) -> None:
    for chunk in tone_speech(text, audio_format).chunks():
        alignment = chunk.alignment
        lasts_ms = audio_format.duration(len(chunk.audio)) * 1000
        assert len(alignment.chars) == len(alignment.char_start_times_ms) == len(alignment.char_durations_ms)
        assert alignment.char_start_times_ms == sorted(alignment.char_start_times_ms)
        assert all(0 <= start <= lasts_ms for start in alignment.char_start_times_ms)


def test_longer_texts_last_longer_within_bounds() -> None:
    assert duration_of("") == duration_of("ok") < duration_of("a longer sentence") < duration_of("x" * 1000)
    assert duration_of("x" * 1000) == duration_of("x" * 10_000)


@pytest.mark.parametrize(
    ("text_only", "silent", "aloud"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_nothing_sounds_where_nothing_is_to(text_only: bool, silent: bool, aloud: bool) -> None:
    protocol = AgentProtocol("conv_1", text_only=text_only)
    mouth = Mouth(protocol, lambda: 0.0, silent=silent)
    mouth.say("Hello", aloud=aloud)

    assert not mouth.is_speaking


def test_the_tone_is_heard_as_long_as_it_lasts() -> None:
    now = [100.0]
    mouth = Mouth(AgentProtocol("conv_1"), lambda: now[0])
    mouth.say("Hello")
    assert mouth.is_speaking
    now[0] += duration_of("Hello") + 0.001

    assert not mouth.is_speaking

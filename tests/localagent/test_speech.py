"""A speech is cut into chunks without a loss, and knows which words of it are over."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.formats import KNOWN_FORMATS, AudioFormat
from agentframework.localagent.speech import CHUNK, Speech, spread

FORMATS = [AudioFormat.parse(name) for name in KNOWN_FORMATS]
TEXTS = st.text(alphabet="ab 1.,!\n", max_size=200)


def speech(text: str, seconds: float, audio_format: AudioFormat | None = None) -> Speech:
    audio_format = audio_format or AudioFormat()
    audio = bytes(n % 251 for n in range(audio_format.size_bytes(seconds)))
    return Speech(text, audio, audio_format, spread(text, 0.1 * seconds, 0.9 * seconds))


@given(TEXTS, st.floats(0.0, 3.0), st.sampled_from(FORMATS))
def test_chunks_make_up_the_sound_and_the_text(text: str, seconds: float, audio_format: AudioFormat) -> None:
    whole = speech(text, seconds, audio_format)
    chunks = list(whole.chunks())

    assert b"".join(chunk.audio for chunk in chunks) == whole.audio
    assert all(audio_format.duration(len(chunk.audio)) <= CHUNK for chunk in chunks)
    assert [chunk.is_final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert "".join("".join(chunk.alignment.chars) for chunk in chunks) == text
    for chunk in chunks:
        alignment = chunk.alignment
        lasts_ms = audio_format.duration(len(chunk.audio)) * 1000
        assert len(alignment.chars) == len(alignment.char_start_times_ms) == len(alignment.char_durations_ms)
        assert alignment.char_start_times_ms == sorted(alignment.char_start_times_ms)
        assert all(0 <= start <= lasts_ms + 1 for start in alignment.char_start_times_ms)


@given(TEXTS, st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_characters_share_the_whole_time(text: str, begins: float, lasts: float) -> None:
    times = spread(text, begins, begins + lasts)

    assert len(times) == len(text) + 1
    assert times[0] == begins
    assert all(before <= after for before, after in pairwise(times))
    if text:
        assert times[-1] == pytest.approx(begins + lasts)


def test_figures_and_pauses_take_their_time() -> None:
    times = spread("a1, b.", 0.0, 1.0)
    lasts = [after - before for before, after in pairwise(times)]

    assert lasts[1] > lasts[2] > lasts[0] == pytest.approx(lasts[4])


def test_words_are_spoken_one_after_the_other() -> None:
    whole = speech("One two three.", 3.0)

    said = [whole.spoken(position / 10) for position in range(31)]
    assert list(dict.fromkeys(said)) == ["", "One", "One two", "One two three."]


@given(TEXTS, st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_more_time_says_no_fewer_words(text: str, one: float, other: float) -> None:
    whole = speech(text, 2.0)
    less, more = whole.spoken(min(one, other)), whole.spoken(max(one, other))

    assert text.startswith(less)
    assert more.startswith(less)
    assert whole.spoken(2.0) == text

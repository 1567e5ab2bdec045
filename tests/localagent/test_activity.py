"""Voice activity: speech is noticed soon and in noise, and nothing else is taken for it."""

from __future__ import annotations

import math
import random
from array import array
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentframework.formats import AudioFormat
from agentframework.localagent.activity import Activity, VoiceActivity
from agentframework.localagent.tone import tone
from spoken_words import spoken

RATE = 16_000
SENTENCES = (
    "What time is it?",
    "Stop, please tell me the weather in Oslo.",
    "Set an alarm for seven in the morning, and another one at eight.",
    "Yes.",
)
BEFORE = 2.0
AFTER = 1.5


@cache
def noise(level_dbfs: float, seconds: float, *, is_brown: bool = False) -> array[float]:
    """Noise of that level; it is the same each time."""
    chance = random.Random(1)
    samples = [chance.gauss(0, 1) for _ in range(round(seconds * RATE))]
    if is_brown:
        samples = list(accumulate(samples, lambda last, step: 0.95 * last + step))
    spread = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
    return array("d", [sample / spread * 32768 * 10 ** (level_dbfs / 20) for sample in samples])


def mixed(pcm: bytes, *, gain: float = 1.0, level_dbfs: float | None = None) -> bytes:
    """Speech after two seconds of nothing, in noise."""
    speech = array("h", pcm)
    samples = array("d", bytes(8 * round(BEFORE * RATE)))
    samples.extend(gain * sample for sample in speech)
    samples.extend(array("d", bytes(8 * round(AFTER * RATE))))
    if level_dbfs is not None:
        floor = noise(level_dbfs, 12.0)
        samples = array("d", [sample + floor[at] for at, sample in enumerate(samples)])
    return array("h", [max(-32768, min(32767, round(sample))) for sample in samples]).tobytes()


def heard(pcm: bytes, *, block: int = 640, rate_hz: int = RATE) -> list[tuple[Activity, float]]:
    """What was noticed, each with the seconds of sound that had been given by then."""
    activity = VoiceActivity(rate_hz)
    found = []
    for start in range(0, len(pcm), block):
        found += [(each, activity.position) for each in activity.take(pcm[start : start + block])]
    return found


def sounding(pcm: bytes) -> tuple[float, float]:
    """Where speech can be heard, in seconds: frames of 10 ms above a fiftieth of full scale."""
    samples = array("h", pcm)
    loud = [
        start / RATE
        for start in range(0, len(samples), RATE // 100)
        if max(map(abs, samples[start : start + RATE // 100])) > 32768 // 25
    ]
    return loud[0], loud[-1]


@pytest.mark.needs_system("espeak-ng")
@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "de"])
@pytest.mark.parametrize(
    ("level_dbfs", "latest"), [(None, 0.12), (-70, 0.12), (-50, 0.12), (-40, 0.25), (-30, 0.3)]
)
def test_speech_is_noticed_in_noise(voice: str, level_dbfs: float | None, latest: float) -> None:
    """Once for each sentence, soon after it begins, and its end after the pause that ends a turn."""
    for sentence in SENTENCES:
        speech = spoken(sentence, voice=voice)
        begins, ends = (BEFORE + moment for moment in sounding(speech))
        [(began, told), (ended, over)] = heard(mixed(speech, level_dbfs=level_dbfs))

        assert (began.kind, ended.kind, ended.steady) == ("began", "ended", False)
        assert begins - 0.06 < began.at < begins + latest
        assert told < begins + latest
        assert ends + 0.3 < over < ends + 0.8
        assert 0.1 < ended.voiced <= ends - begins + 0.2


@pytest.mark.needs_system("espeak-ng")
def test_soft_speech_is_noticed() -> None:
    """At a tenth of its level, which is -42 dBFS."""
    kinds = [each.kind for each, _ in heard(mixed(spoken(SENTENCES[2]), gain=0.1, level_dbfs=-60))]

    assert kinds == ["began", "ended"]


@pytest.mark.parametrize("level_dbfs", [-70, -60, -50, -40, -30, -20])
@pytest.mark.parametrize("is_brown", [False, True])
def test_noise_is_no_speech(level_dbfs: float, is_brown: bool) -> None:
    samples = noise(level_dbfs, 12.0, is_brown=is_brown)
    pcm = array("h", [max(-32768, min(32767, round(sample))) for sample in samples]).tobytes()

    assert heard(pcm) == []


def test_silence_is_no_speech() -> None:
    assert heard(bytes(2 * RATE * 10)) == []
    assert heard(array("h", [5000] * RATE * 3).tobytes()) == []


def test_noise_that_sets_in_is_learnt() -> None:
    """It may be taken for a beginning, but its steadiness takes that back, and then it is the floor."""
    samples = noise(-30, 10.0)
    pcm = bytes(2 * RATE * 2) + array("h", [round(sample) for sample in samples]).tobytes()
    [(began, _), (ended, over)] = heard(pcm)

    assert began.kind == "began"
    assert ended.steady
    assert over < 3.0


def test_a_hum_is_no_speech() -> None:
    found = [each for each, _ in heard(bytes(2 * RATE) + tone(5.0, AudioFormat()))]

    assert [each.steady for each in found if each.kind == "ended"] == [True]


@pytest.mark.needs_system("espeak-ng")
@settings(max_examples=25)
@given(st.integers(20, 5000))
def test_it_does_not_matter_how_the_sound_is_cut(block: int) -> None:
    pcm = mixed(spoken("Yes."), level_dbfs=-50)[RATE:]

    assert [each for each, _ in heard(pcm, block=block)] == [each for each, _ in heard(pcm)]


@pytest.mark.needs_system("espeak-ng")
@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_every_rate_hears_the_same(rate_hz: int) -> None:
    speech = spoken(SENTENCES[0], AudioFormat("pcm", rate_hz))
    silence = bytes(2 * rate_hz)
    [(began, _), (ended, _)] = heard(silence + speech + silence, rate_hz=rate_hz)

    assert 0.9 < began.at < 1.2
    assert 0.5 < ended.at - began.at < 1.5


@pytest.mark.needs_system("espeak-ng")
def test_who_never_pauses_is_heard_in_parts() -> None:
    talk = spoken(" ".join(SENTENCES) * 2)
    activity = VoiceActivity(RATE, longest=2.0)
    found = activity.take(bytes(2 * RATE) + talk)

    ends = [each.at for each in found if each.kind == "ended"]
    begins = [each.at for each in found if each.kind == "began"]
    assert len(ends) >= 3
    assert all(end - begin <= 2.01 for begin, end in zip(begins, ends, strict=False))


@pytest.mark.needs_system("espeak-ng")
def test_where_no_more_comes_speech_can_be_ended() -> None:
    activity = VoiceActivity(RATE)
    assert activity.end() is None
    activity.take(bytes(2 * RATE) + spoken(SENTENCES[2])[: 2 * RATE])
    assert activity.is_speaking
    assert activity.score > 0.8
    ended = activity.end()

    assert ended is not None
    assert ended.kind == "ended"
    assert not activity.is_speaking


def test_the_score_of_silence_is_low() -> None:
    activity = VoiceActivity(RATE)
    activity.take(bytes(2 * RATE))

    assert 0 <= activity.score < 0.1

"""The ear tells when the user speaks and what was said, and bounds what it keeps."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agentframework.audio.g711 import encode_ulaw
from agentframework.formats import AudioFormat
from agentframework.localagent.command import CommandError
from agentframework.localagent.ear import Ear, HeardSound, Utterance
from agentframework.localagent.tone import tone
from agentframework.localagent.transcriber import Transcriber
from agentframework.localagent.wavefile import wave_of
from spoken_words import recognised, spoken, transcribing

SECOND = bytes(32_000)
QUESTION = "What time is it"
OTHER = "Roll two dice"

pytestmark = pytest.mark.needs_system("espeak-ng")


class Diary:
    """Writes down what an ear tells."""

    def __init__(self) -> None:
        self.began = 0
        self.utterances: list[Utterance] = []
        self.problems: list[str] = []
        self.spoke = asyncio.Event()

    def user_began(self) -> None:
        self.began += 1

    def user_spoke(self, utterance: Utterance) -> None:
        self.utterances.append(utterance)
        self.spoke.set()


def blocks(audio: bytes, size: int = 640) -> list[bytes]:
    return [audio[start : start + size] for start in range(0, len(audio), size)]


def test_a_turn_is_told_with_its_sound() -> None:
    diary = Diary()
    ear = Ear(AudioFormat(), diary)
    for block in blocks(SECOND + spoken(QUESTION) + SECOND):
        ear.hear(block, 0.0)

    [utterance] = diary.utterances
    assert diary.began == 1
    assert utterance.rate_hz == 16_000
    assert utterance.text is None
    assert 0.4 < utterance.voiced < 1.5
    assert recognised(utterance.pcm, QUESTION, OTHER) == QUESTION.lower()
    assert len(utterance.pcm) < len(spoken(QUESTION)) + 2 * len(SECOND)


def test_each_turn_has_its_own_sound() -> None:
    diary = Diary()
    ear = Ear(AudioFormat(), diary)
    ear.hear(SECOND + spoken(QUESTION) + SECOND + spoken(OTHER) + SECOND, 0.0)

    heard = [recognised(utterance.pcm, QUESTION, OTHER) for utterance in diary.utterances]
    assert heard == [QUESTION.lower(), OTHER.lower()]


def test_u_law_is_heard_too() -> None:
    diary = Diary()
    speech = spoken(QUESTION, AudioFormat("pcm", 8000))
    audio = encode_ulaw(bytes(16_000) + speech + bytes(16_000))
    ear = Ear(AudioFormat("ulaw", 8000), diary)
    for block in blocks(audio, 333):
        ear.hear(block, 0.0)

    [utterance] = diary.utterances
    assert utterance.rate_hz == 8000
    assert 0.4 < utterance.voiced < 1.5


def test_a_microphone_that_is_muted_ends_the_turn() -> None:
    """Nothing comes any more then, not even silence."""
    diary = Diary()
    ear = Ear(AudioFormat(), diary)
    ear.hear(SECOND + spoken(QUESTION), 10.0)
    assert ear.silent_at == 11.0
    ear.on_time(10.9)
    assert diary.utterances == []
    ear.on_time(11.0)

    assert len(diary.utterances) == 1
    assert ear.silent_at is None


def test_a_click_and_a_hum_are_no_turn() -> None:
    diary = Diary()
    ear = Ear(AudioFormat(), diary)
    ear.hear(SECOND + tone(0.1, AudioFormat()) + SECOND + tone(3.0, AudioFormat()) + 2 * SECOND, 0.0)

    assert diary.utterances == []


def test_what_is_kept_does_not_grow() -> None:
    diary = Diary()
    heard = HeardSound(16_000, 2.0)
    ear = Ear(AudioFormat(), diary, heard=heard)
    for block in blocks(10 * SECOND, 641):
        ear.hear(block, 0.0)

    assert len(ear._kept) <= 16_000
    assert len(heard.pcm) == 64_000


def test_what_was_heard_is_kept_to_the_byte() -> None:
    heard = HeardSound(16_000, 10.0)
    ear = Ear(AudioFormat(), Diary(), heard=heard)
    audio = SECOND + spoken(QUESTION)
    for block in blocks(audio, 777):
        ear.hear(block, 0.0)

    assert heard.pcm == audio


def test_the_score_rises_with_speech() -> None:
    scores: list[float] = []
    ear = Ear(AudioFormat(), Diary(), score=scores.append)
    for block in blocks(SECOND + spoken(QUESTION) + SECOND):
        ear.hear(block, 0.0)

    assert all(0 <= score <= 1 for score in scores)
    assert max(scores[:8]) < 0.2
    assert max(scores) > 0.9
    assert 15 <= len(scores) <= 40


def understood(command: list[str], audio: bytes, turns: int = 1, *, timeout: float = 20.0) -> Diary:
    """What is told of so much sound with this command."""

    async def listen() -> Diary:
        diary = Diary()
        transcriber = Transcriber(command, timeout=timeout)
        ear = Ear(AudioFormat(), diary, transcriber=transcriber, report=diary.problems.append)
        ear.hear(audio, 0.0)
        async with asyncio.timeout(30):
            while len(diary.utterances) < turns:
                diary.spoke.clear()
                await diary.spoke.wait()
        return diary

    return asyncio.run(listen())


def test_words_are_understood_in_their_order() -> None:
    audio = SECOND + spoken(QUESTION) + SECOND + spoken(OTHER) + SECOND
    diary = understood(transcribing(QUESTION, OTHER), audio, 2)

    assert [utterance.text for utterance in diary.utterances] == [QUESTION.lower(), OTHER.lower()]
    assert diary.problems == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; sys.exit('no model')", "failed with exit code 1: no model"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "printed no UTF-8 text"),
        ("while True: print('word ' * 1000)", "wrote more than 100000 bytes"),
        ("import time; time.sleep(600)", "did not end within 2 s"),
    ],
)
def test_where_no_words_come_that_is_told(code: str, problem: str) -> None:
    diary = understood([sys.executable, "-c", code], SECOND + spoken(QUESTION) + SECOND, timeout=2.0)

    assert [utterance.text for utterance in diary.utterances] == [""]
    assert len(diary.problems) == 1
    assert problem in diary.problems[0]


def test_a_program_may_read_its_input_instead_of_a_file(tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    code = (
        "import sys; data = sys.stdin.buffer.read(); "
        f"open({str(copy)!r}, 'wb').write(data); print('  a \\x1b[2J b\\n\\n c ')"
    )
    words = asyncio.run(Transcriber([sys.executable, "-c", code]).words_of(SECOND, 8000))

    assert copy.read_bytes() == wave_of(SECOND, 8000)
    assert words == "a [2J b c"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no-such-program cannot be started"):
        asyncio.run(Transcriber(["no-such-program"]).words_of(SECOND, 8000))

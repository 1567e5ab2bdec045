"""A program speaks for the agent, and where it does not, a tone is heard and a line says why."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

import agentframework.audio.conversion
from agentframework.audio.level import dbfs, rms
from agentframework.errors import AudioError
from agentframework.formats import KNOWN_FORMATS, AudioFormat
from agentframework.localagent import voice
from agentframework.localagent.command import CommandError
from agentframework.localagent.speech import Speech
from agentframework.localagent.tone import tone_speech
from agentframework.localagent.voice import ESPEAK, CommandVoice, SteadyVoice, chosen_voice, natural_format
from agentframework.localagent.wavefile import wave_of

T = TypeVar("T")
SENTENCE = "It is ten past four, and it rains in Oslo."
BEEP = b"\x00\x10" * 8000


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def speaking(tmp_path: Path, code: str, *words: str, timeout: float = 20.0) -> CommandVoice:
    """A voice that is a Python program; `wave` in it is half a second of sound at 16 kHz."""
    program = tmp_path / "speak.py"
    program.write_text(f"import sys, time\nwave = {wave_of(BEEP, 16000)!r}\n{code}\n")
    return CommandVoice([sys.executable, str(program), *words], timeout=timeout)


@pytest.mark.needs_system("espeak-ng")
@pytest.mark.parametrize("name", KNOWN_FORMATS)
def test_espeak_speaks_in_every_format(name: str) -> None:
    """Of a length that such a sentence has, loud enough to hear, and with its characters where there is sound."""
    audio_format = AudioFormat.parse(name)
    speech = run(CommandVoice(ESPEAK).speak(SENTENCE, audio_format))

    assert speech.text == SENTENCE
    assert 2.0 < speech.duration < 5.0
    assert 0 <= speech.times[0] < 0.2
    assert speech.duration - 0.5 < speech.times[-1] <= speech.duration
    if audio_format.codec == "pcm":
        assert -32 < dbfs(rms(speech.audio)) < -10


@pytest.mark.needs_system("espeak-ng")
def test_all_formats_hear_the_same_sentence() -> None:
    lengths = [run(CommandVoice(ESPEAK).speak(SENTENCE, AudioFormat.parse(name))) for name in KNOWN_FORMATS]

    assert max(s.duration for s in lengths) - min(s.duration for s in lengths) < 0.01


def test_text_goes_to_standard_input_and_sound_comes_from_standard_output(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = f"open({str(heard)!r}, 'w').write(sys.stdin.read())\nsys.stdout.buffer.write(wave)"
    speech = run(speaking(tmp_path, code).speak("One\ntwo; $(rm x)\x1b", AudioFormat()))

    assert speech.audio == BEEP
    assert heard.read_text() == "One two; $(rm x)"


def test_text_and_file_stand_where_the_words_say(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = (
        f"open({str(heard)!r}, 'w').write(sys.argv[1] + sys.stdin.read())\n"
        "open(sys.argv[2], 'wb').write(wave)\nprint('spoken')"
    )
    speech = run(speaking(tmp_path, code, "--text={text}", "{file}").speak("{file} {text}", AudioFormat()))

    assert speech.audio == BEEP
    assert heard.read_text() == "--text={file} {text}"


def test_no_text_is_an_option_of_the_program(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    code = f"open({str(heard)!r}, 'w').write(sys.argv[1])\nsys.stdout.buffer.write(wave)"
    speech = run(speaking(tmp_path, code, "{text}").speak("--output=/dev/null", AudioFormat()))

    assert speech.text == "--output=/dev/null"
    assert heard.read_text() == "output=/dev/null"


def test_a_long_text_is_said_as_far_as_one_would_listen(tmp_path: Path) -> None:
    speech = run(speaking(tmp_path, "sys.stdout.buffer.write(wave)").speak("word " * 1000, AudioFormat()))

    assert 900 < len(speech.text) <= 1000
    assert speech.text.endswith("word")


def test_a_long_sound_is_cut_after_a_minute(tmp_path: Path) -> None:
    code = "sys.stdout.buffer.write(wave[:40] + b'\\xff\\xff\\xff\\x7f' + bytes(16_000 * 2 * 70))"
    speech = run(speaking(tmp_path, code).speak("x", AudioFormat()))

    assert speech.duration == 60.0


FAILURES = {
    "silence": ("", "what .+ wrote is no WAV file"),
    "no sample": ("sys.stdout.buffer.write(wave[:44])", "wrote is a WAV file without samples"),
    "garbage": ("sys.stdout.buffer.write(bytes(range(256)) * 10)", "wrote is no WAV file"),
    "half a header": ("sys.stdout.buffer.write(wave[:25])", "wrote is a WAV file that was cut off"),
    "a failure": ("sys.exit('no such voice')", "failed with exit code 1: no such voice"),
    "no end": ("while True: sys.stdout.buffer.write(wave)", "wrote more than 12582912 bytes"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_says_what_it_was(name: str, tmp_path: Path) -> None:
    code, problem = FAILURES[name]
    with pytest.raises(CommandError, match=problem):
        run(speaking(tmp_path, code).speak("Hello", AudioFormat()))


def test_no_file_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"wrote no \{file\}"):
        run(speaking(tmp_path, "pass", "{file}").speak("Hello", AudioFormat()))


def test_a_rate_that_cannot_be_changed_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object) -> None:
        raise AudioError("pip install 'agentframework[audio]'")

    monkeypatch.setattr(agentframework.audio.conversion, "Resampler", lacking)
    slow = speaking(tmp_path, "sys.stdout.buffer.write(wave)")

    with pytest.raises(CommandError, match=r"pip install 'agentframework\[audio\]'"):
        run(slow.speak("Hello", AudioFormat("pcm", 48000)))
    assert run(slow.speak("Hello", AudioFormat())).audio == BEEP


def told(speaker: CommandVoice, *texts: str) -> tuple[list[Speech], list[str]]:
    """What a conversation hears of these sentences, and what is reported."""
    reports: list[str] = []

    async def speak() -> list[Speech]:
        steady = SteadyVoice(speaker, reports.append)
        return [await steady.speak(text, AudioFormat()) for text in texts]

    return run(speak()), reports


def test_a_tone_is_heard_instead_of_a_failure(tmp_path: Path) -> None:
    """And a program that works again is heard again."""
    code = "sys.exit('no') if 'fail' in sys.stdin.read() else sys.stdout.buffer.write(wave)"
    heard, reports = told(speaking(tmp_path, code), "fail", "Hello", "fail", "fail", "Hello")

    tones = [tone_speech(speech.text, AudioFormat()).audio == speech.audio for speech in heard]
    assert tones == [True, False, True, True, False]
    assert len(reports) == 3
    assert "a tone instead: " in reports[0]


def test_a_program_that_only_fails_is_not_asked_for_ever(tmp_path: Path) -> None:
    count = tmp_path / "count"
    heard, reports = told(speaking(tmp_path, f"open({str(count)!r}, 'a').write('x')"), *"abcdef")

    assert len(heard) == 6
    assert len(reports) == 3
    assert count.read_text() == "xxx"


def test_a_program_that_hangs_is_asked_once(tmp_path: Path) -> None:
    heard, reports = told(speaking(tmp_path, "time.sleep(600)", timeout=1.0), "Hello", "you", "there")

    assert [speech.text for speech in heard] == ["Hello", "you", "there"]
    assert len(reports) == 1
    assert "did not end within 1 s" in reports[0]


def test_what_has_no_word_is_no_program_s_affair(tmp_path: Path) -> None:
    heard, reports = told(speaking(tmp_path, "sys.exit(1)"), "", "...", "\n")

    assert all(speech.audio for speech in heard)
    assert reports == []


def test_the_choice_is_what_this_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chosen_voice("auto") == ESPEAK
    program.unlink()
    assert chosen_voice("auto") == "tone"
    assert [chosen_voice("tone"), chosen_voice("none")] == ["tone", "none"]
    assert chosen_voice(["say", "-o", "{file}"]) == ("say", "-o", "{file}")


@pytest.mark.parametrize("choice", ["loud", "espeak-ng", [], [""]])
def test_what_is_no_voice_is_refused(choice: Any) -> None:
    with pytest.raises(ValueError, match="list of words"):
        chosen_voice(choice)


def test_espeak_is_heard_without_a_library_that_changes_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    assert natural_format(ESPEAK) == natural_format("tone") == AudioFormat()
    monkeypatch.setattr(voice, "resampling_is_available", lambda: False)

    assert natural_format(ESPEAK) == AudioFormat("pcm", 22050)
    assert natural_format("tone") == natural_format(("other",)) == AudioFormat()

"""Who speaks the agent's sentences: a program that turns text into sound, a tone, or nobody."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from agentframework.audio.conversion import Converter
from agentframework.audio.level import rms
from agentframework.audio.resampling import resampling_is_available
from agentframework.errors import AudioError
from agentframework.formats import AudioFormat
from agentframework.localagent.command import CommandError, CommandTimeoutError, run_command
from agentframework.localagent.speech import Speech, spread
from agentframework.localagent.tone import tone_speech
from agentframework.localagent.wavefile import WaveError, read_wave

__all__ = [
    "ESPEAK",
    "LACKING_VOICE",
    "ChosenVoice",
    "CommandVoice",
    "SteadyVoice",
    "VoiceChoice",
    "chosen_voice",
    "natural_format",
]

VoiceChoice = Literal["auto", "tone", "none"] | Sequence[str]
"""A voice as it is asked for: "auto" is espeak-ng where that is installed and else the tone; words are a command."""

ChosenVoice = Literal["tone", "none"] | tuple[str, ...]
"""What a voice is on this machine."""

ESPEAK: Final = ("espeak-ng", "-v", "en-us+f3", "-s", "160", "--stdin", "--stdout")
"""The command of the voice "auto"."""

LACKING_VOICE: Final = "espeak-ng is not installed (on Debian: apt install espeak-ng)"
"""Why "auto" is the tone, and what would help."""

_ESPEAK_FORMAT: Final = AudioFormat("pcm", 22050)
_LONGEST_TEXT: Final = 1000
_LONGEST: Final = 60.0
_MOST_BYTES: Final = 12 * 1024 * 1024  # a minute of stereo at 48 kHz
_MOST_FAILURES: Final = 3
_MOST_AT_ONCE: Final = 4
_FRAME: Final = 0.01
_SOFTEST: Final = 0.003


def chosen_voice(choice: VoiceChoice) -> ChosenVoice:
    """What "auto" means on this machine; every other choice as it is. Raises ValueError for an empty command."""
    match choice:
        case "auto":
            return ESPEAK if shutil.which(ESPEAK[0]) else "tone"
        case "tone" | "none":
            return choice
        case str():
            raise ValueError(f'a voice is "auto", "tone", "none" or a list of words, and not {choice!r}')
    if not choice or not all(isinstance(word, str) for word in choice) or not choice[0]:
        raise ValueError("the command of a voice is a list of words, the program first")
    return tuple(choice)


def natural_format(voice: ChosenVoice) -> AudioFormat:
    """The output format for a voice where none was asked for: espeak-ng's own where nothing can change its rate."""
    return _ESPEAK_FORMAT if voice == ESPEAK and not resampling_is_available() else AudioFormat()


class CommandVoice:
    """Speaks by a program, which is started anew for each sentence; on the loop of the conversations that share it.

    The text goes to its standard input, or in the place of `{text}` in its words; the sound, a WAV file of 16-bit
    PCM, is read from its standard output, or from the file that `{file}` names.
    """

    def __init__(self, words: Sequence[str], *, timeout: float = 5.0) -> None:
        self.name = Path(words[0]).name
        self._words = tuple(words)
        self._timeout = timeout
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)

    async def speak(self, text: str, audio_format: AudioFormat) -> Speech:
        """`text` as sound. Raises `CommandError`, which says what went wrong and what would help."""
        text = _cut(text)
        async with self._places:
            wave = await self._run(_one_line(text))
        return await asyncio.to_thread(_read, self.name, text, wave, audio_format)

    async def _run(self, text: str) -> bytes:
        asks_for_text = any("{text}" in word for word in self._words)
        if asks_for_text:
            text = text.lstrip("-")  # what a tool said must not be an option of the program
        given = None if asks_for_text else text.encode()
        words = [word.replace("{text}", text) for word in self._words]
        if not any("{file}" in word for word in self._words):
            return await run_command(words, given, timeout=self._timeout, most_bytes=_MOST_BYTES)
        with tempfile.TemporaryDirectory(prefix="agentframework-voice-") as folder:
            file = Path(folder, "speech.wav")
            words = [written.replace("{file}", str(file)).replace("{text}", text) for written in self._words]
            await run_command(words, given, timeout=self._timeout, most_bytes=_MOST_BYTES)
            return await asyncio.to_thread(_contents, self.name, file)


class SteadyVoice:
    """One conversation's voice: where the program fails, a tone, so that there is always something to hear.

    A failure is reported once; after one that took its full time, or some in a row, the program is not asked again.
    """

    def __init__(self, voice: CommandVoice, report: Callable[[str], None]) -> None:
        self._voice: CommandVoice | None = voice
        self._report = report
        self._failures = 0

    async def speak(self, text: str, audio_format: AudioFormat) -> Speech:
        """`text` as sound, one way or the other."""
        # what has no word would give no sound, and that is no failure
        if self._voice is not None and any(character.isalnum() for character in text):
            try:
                speech = await self._voice.speak(text, audio_format)
            except CommandError as error:
                self._failed(error)
            else:
                self._failures = 0
                return speech
        return tone_speech(text, audio_format)

    def _failed(self, error: CommandError) -> None:
        self._report(f"no voice, a tone instead: {error}")
        self._failures += 1
        if isinstance(error, CommandTimeoutError) or self._failures >= _MOST_FAILURES:
            self._voice = None


def _contents(name: str, file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            contents = opened.read(_MOST_BYTES + 1)
    except OSError:
        raise CommandError(f"{name} wrote no {{file}}") from None
    if len(contents) > _MOST_BYTES:
        raise CommandError(f"{name} wrote more than {_MOST_BYTES} bytes")
    return contents


def _cut(text: str) -> str:
    """As much of the text as one would listen to, up to the end of a word."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return text[:_LONGEST_TEXT].rpartition(" ")[0] or text[:_LONGEST_TEXT]


def _one_line(text: str) -> str:
    """The text without line ends and control characters, which may mean something to a program.

    Names such as get_time are said as words.
    """
    return " ".join("".join(c if c.isprintable() and c != "_" else " " for c in text).split())


def _read(name: str, text: str, wave: bytes, audio_format: AudioFormat) -> Speech:
    """What a program wrote, in the conversation's format; on a thread."""
    try:
        pcm, rate_hz = read_wave(wave)
        own_format = AudioFormat("pcm", rate_hz)
        pcm = pcm[: own_format.size_bytes(_LONGEST)]
        converter = Converter(own_format, audio_format)
    except WaveError as error:
        raise CommandError(f"what {name} wrote {error}") from None
    except AudioError as error:
        raise CommandError(f"{name}: {error}") from None
    if not pcm:
        raise CommandError(f"what {name} wrote is a WAV file without samples")
    begins, ends = _sounding(pcm, own_format)
    audio = converter.convert(pcm) + converter.flush()
    return Speech(text, audio, audio_format, spread(text, begins, ends))


def _sounding(pcm: bytes, audio_format: AudioFormat) -> tuple[float, float]:
    """The seconds between which there is something to hear."""
    size = audio_format.size_bytes(_FRAME)
    frames = range(0, len(pcm), size)
    first = next((n for n in frames if rms(pcm[n : n + size]) > _SOFTEST), 0)
    last = next((n for n in reversed(frames) if rms(pcm[n : n + size]) > _SOFTEST), len(pcm))
    return audio_format.duration(first), audio_format.duration(min(last + size, len(pcm)))

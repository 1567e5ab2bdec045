"""PyAudio plays to the speaker and hears the microphone without losing or adding a sample, in every format."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyaudio
import pytest

from agentframework.audio.base import AudioBackend
from agentframework.audio.g711 import decode_ulaw, encode_ulaw
from agentframework.formats import AudioFormat
from agentframework_pyaudio.backend import PyAudioBackend
from agentframework_pyaudio.settings import Settings
from line_wire import Wire
from sound_recording import (
    Samples,
    frequency,
    level_db,
    looked_at_again,
    phase_residue,
    samples,
    sounds,
    tone,
)
from sound_server import SoundServer

pytestmark = pytest.mark.sound

FORMATS = ("pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100", "pcm_48000", "ulaw_8000")
PAIRS = [*zip(FORMATS, (*FORMATS[3:], *FORMATS[:3]), strict=True), ("pcm_16000", "pcm_16000")]
TONE_HZ = 1_003.0  # not a whole number of periods in any block
LENGTH = 0.4


class Ears(Wire):
    """The wire's end of a line, which waits by the length of what is heard."""

    def wait_until(self, seconds: float) -> None:
        """Until so much is heard in all."""
        wanted = self.line.input_format.size_bytes(seconds)
        self.wait(lambda: len(self.heard) >= wanted)

    def values(self) -> Samples:
        heard = bytes(self.heard)
        return samples(decode_ulaw(heard) if self.line.input_format.codec == "ulaw" else heard)


@contextmanager
def listening(backend: AudioBackend, input_format: str, output_format: str) -> Iterator[Ears]:
    ears = Ears(AudioFormat.parse(input_format), AudioFormat.parse(output_format))
    backend.start(ears.line)
    try:
        yield ears
    finally:
        backend.stop()


def agents_tone(audio_format: AudioFormat, seconds: float) -> bytes:
    audio = tone(TONE_HZ, seconds, audio_format.rate_hz)
    return encode_ulaw(audio) if audio_format.codec == "ulaw" else audio


def round_trip(input_format: str, output_format: str) -> tuple[Ears, Samples]:
    """A tone goes out to the speaker and comes in from its monitor; what came in."""
    with listening(PyAudioBackend(Settings(input_device="speakermon")), input_format, output_format) as ears:
        ears.wait_until(0.1)
        ears.line.put(agents_tone(ears.line.output_format, LENGTH))
        ears.wait_until(0.1 + LENGTH + 0.25)
    return ears, ears.values()


def faults(ears: Ears, heard: Samples, *, noise: float) -> list[str]:
    """What is wrong with the tone that came in."""
    rate_hz = ears.line.input_format.rate_hz
    found = sounds(heard, rate_hz)
    if len(found) != 1:
        return [f"{len(found)} sounds"]
    (sound,) = found
    inner = heard[round((sound.begins + 0.03) * rate_hz) : round((sound.ends - 0.03) * rate_hz)]
    problems = []
    if abs(sound.length - LENGTH) > 0.02:
        problems.append(f"it lasts {sound.length:.3f} s")
    if abs(frequency(inner, rate_hz) - TONE_HZ) > 1:
        problems.append(f"it has {frequency(inner, rate_hz):.1f} Hz")
    if abs(level_db(inner) - -9.03) > 1:
        problems.append(f"its level is {level_db(inner):.1f} dB")
    if phase_residue(inner, rate_hz) > noise:
        problems.append(f"its phase strays by {phase_residue(inner, rate_hz):.3f} rad")
    if ears.line.counts:
        problems.append(f"counted: {dict(ears.line.counts)}")
    return problems


@pytest.mark.parametrize(("input_format", "output_format"), PAIRS, ids="-".join)
def test_a_tone_comes_back_whole_in_every_format(
    sound_server: SoundServer, input_format: str, output_format: str
) -> None:
    noise = 0.15 if "ulaw_8000" in (input_format, output_format) else 0.02
    assert not looked_at_again(
        lambda: faults(*round_trip(input_format, output_format), noise=noise), lambda problems: not problems
    )


class PickyPyAudio(pyaudio.PyAudio):
    """One whose devices take no rate but their own, as those of Windows do."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        direction = "input" if kwargs.get("input") else "output"
        device = self.get_device_info_by_index(kwargs[f"{direction}_device_index"])
        if kwargs["rate"] != int(device["defaultSampleRate"]):
            raise OSError(-9997, "Invalid sample rate")
        return super().open(*args, **kwargs)


@pytest.mark.parametrize("agents", FORMATS)
def test_a_tone_comes_back_whole_where_the_device_takes_only_its_own_rate(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch, agents: str
) -> None:
    monkeypatch.setattr(pyaudio, "PyAudio", PickyPyAudio)
    noise = 0.15 if agents == "ulaw_8000" else 0.02

    def problems() -> list[str]:
        ears, heard = round_trip(agents, agents)
        assert (ears.line.input_rate_hz, ears.line.output_rate_hz) == (44_100, 44_100)
        return faults(ears, heard, noise=noise)

    assert not looked_at_again(problems, lambda found: not found)


def test_blocks_of_the_microphone_come_at_once_and_every_20_ms(sound_server: SoundServer) -> None:
    begun = time.monotonic()
    with listening(PyAudioBackend(), "pcm_16000", "pcm_16000") as ears:
        ears.wait_until(0.02)
        first = time.monotonic() - begun
        since = time.monotonic()
        ears.wait_until(1.02)
        took = time.monotonic() - since
    print(f"first block after {1000 * first:.0f} ms; a second of sound took {took:.3f} s")
    assert first < 1.0
    assert took == pytest.approx(1.0, abs=0.15)


def test_what_is_said_is_heard_soon(sound_server: SoundServer) -> None:
    """From the moment it is in the air to the line: two blocks, and one of the server."""
    with (
        sound_server.record("mic") as recording,
        listening(PyAudioBackend(), "pcm_16000", "pcm_16000") as ears,
    ):

        def delay() -> float:
            ears.wait_until(ears.line.input_format.duration(len(ears.heard)) + 0.1)
            before = len(ears.heard)
            with sound_server.playing(tone(600, 0.3, 16_000), 16_000):
                spoken = recording.wait_for_sound()
                while not sounds(samples(bytes(ears.heard[before:])), 16_000):
                    recording.wait_for(0.005)
                return time.monotonic() - spoken

        took = looked_at_again(delay, lambda seconds: seconds < 0.2)
    print(f"heard {1000 * took:.0f} ms after it was said")
    assert took < 0.2

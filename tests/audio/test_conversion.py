"""From any format to any other while it streams: the same tone comes out, whatever the cuts."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.audio.conversion import Converter
from agentframework.audio.g711 import decode_ulaw, encode_ulaw
from agentframework.audio.resampling import resampling_is_available
from agentframework.formats import KNOWN_FORMATS, AudioFormat
from sound_recording import Samples, frequency, level_db, pcm, phase_residue, samples

FORMATS = tuple(AudioFormat.parse(name) for name in KNOWN_FORMATS)
PAIRS = list(product(FORMATS, FORMATS))
every_pair = pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda one: one.name)
STREAM = np.random.default_rng(4).integers(0, 256, 6000, dtype=np.uint8).tobytes()


def in_format(values: Samples, audio_format: AudioFormat) -> bytes:
    return encode_ulaw(pcm(values)) if audio_format.codec == "ulaw" else pcm(values)


def as_samples(audio: bytes, audio_format: AudioFormat) -> Samples:
    return samples(decode_ulaw(audio) if audio_format.codec == "ulaw" else audio)


def tone(audio_format: AudioFormat, seconds: float, *, amplitude: float = 0.5) -> bytes:
    at = np.arange(round(seconds * audio_format.rate_hz)) / audio_format.rate_hz
    return in_format(amplitude * np.sin(2 * np.pi * 440 * at), audio_format)


def cut(audio: bytes, size: int) -> list[bytes]:
    return [audio[at : at + size] for at in range(0, len(audio), size)]


@every_pair
def test_a_tone_keeps_frequency_length_level_and_phase(source: AudioFormat, target: AudioFormat) -> None:
    given_audio = tone(source, 2.0)
    converter = Converter(source, target)
    streamed = b"".join(converter.convert(chunk) for chunk in cut(given_audio, source.size_bytes(0.02) + 1))
    assert abs(target.duration(len(streamed)) - 2.0) < 0.02
    whole = streamed + converter.flush()
    assert len(whole) == target.size_bytes(2.0)
    steady = as_samples(whole, target)[target.rate_hz // 10 : -target.rate_hz // 10]
    assert frequency(steady, target.rate_hz) == pytest.approx(440, rel=0.01)
    assert level_db(steady) == pytest.approx(level_db(as_samples(given_audio, source)), abs=1.0)
    lost_sample = 2 * np.pi * 440 / target.rate_hz
    assert phase_residue(steady, target.rate_hz) < 0.4 * lost_sample


@every_pair
def test_no_more_than_5_ms_are_held_back(source: AudioFormat, target: AudioFormat) -> None:
    converter = Converter(source, target)
    given_seconds = got_seconds = 0.0
    for chunk in cut(tone(source, 1.0), source.size_bytes(0.02)):
        given_seconds += source.duration(len(chunk))
        got_seconds += target.duration(len(converter.convert(chunk)))
        assert converter.held <= 0.005
        assert given_seconds - got_seconds == pytest.approx(converter.held, abs=1e-3)


@given(
    pair=st.sampled_from(PAIRS),
    length=st.integers(0, len(STREAM)),
    cuts=st.lists(st.integers(0, len(STREAM)), max_size=12),
)
def test_what_comes_out_does_not_depend_on_the_cuts(
    pair: tuple[AudioFormat, AudioFormat], length: int, cuts: list[int]
) -> None:
    audio = STREAM[:length]
    at_once, piecemeal = Converter(*pair), Converter(*pair)
    expected = at_once.convert(audio) + at_once.flush()
    borders = [0, *sorted(min(one, length) for one in cuts), length]
    got = b"".join(piecemeal.convert(audio[begins:ends]) for begins, ends in pairwise(borders))
    got += piecemeal.flush()
    assert got == expected
    whole = length // pair[0].sample_size_bytes
    assert len(got) == round(whole * pair[1].rate_hz / pair[0].rate_hz) * pair[1].sample_size_bytes


@every_pair
@pytest.mark.parametrize("ends", ["flush", "reset"])
def test_after_an_end_it_is_as_new(source: AudioFormat, target: AudioFormat, ends: str) -> None:
    new, used = Converter(source, target), Converter(source, target)
    used.convert(STREAM[:1001])
    if ends == "flush":
        used.flush()
    else:
        used.reset()
    assert used.held == 0.0
    assert used.flush() == b""
    audio = tone(source, 0.1)
    assert used.convert(audio) + used.flush() == new.convert(audio) + new.flush()


@every_pair
def test_what_is_at_full_scale_is_clipped_and_does_not_wrap(source: AudioFormat, target: AudioFormat) -> None:
    """A square wave overshoots at its edges when it is filtered; a sample that wrapped would have the other sign."""
    half = source.rate_hz // 200
    square = np.tile(np.concatenate([np.ones(half), -np.ones(half)]), 20)
    converter = Converter(source, target)
    out = as_samples(converter.convert(in_format(square, source)) + converter.flush(), target)
    at = (np.arange(len(out)) / target.rate_hz * source.rate_hz + 0.5) % (2 * half)
    edge = 0.0008 * source.rate_hz
    inner_high = (at > edge) & (at < half - edge)
    inner_low = (at > half + edge) & (at < 2 * half - edge)
    assert np.all(out[inner_high][10:] > 0.5)
    assert np.all(out[inner_low][10:] < -0.5)


@pytest.mark.parametrize("audio_format", FORMATS, ids=lambda one: one.name)
def test_to_its_own_format_nothing_is_touched(audio_format: AudioFormat) -> None:
    converter = Converter(audio_format, audio_format)
    assert converter.is_identity
    whole = STREAM[: len(STREAM) // 2 * 2]
    assert b"".join(converter.convert(chunk) for chunk in cut(whole, 7)) == whole


def test_what_lies_above_the_new_rate_does_not_fold_over() -> None:
    at = np.arange(48_000) / 48_000
    converter = Converter(AudioFormat("pcm", 48_000), AudioFormat("pcm", 16_000))
    out = samples(converter.convert(pcm(0.5 * np.sin(2 * np.pi * 10_000 * at))))
    assert level_db(out[1600:-1600]) < -80


WITHOUT = """
import sys

for name in ("numpy", "samplerate"):
    sys.modules[name] = None
"""


def run_python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_the_library_the_error_says_what_to_install() -> None:
    said = run_python(
        WITHOUT
        + """
from agentframework import AudioError, AudioFormat, AudioLine
line = AudioLine(AudioFormat(), AudioFormat("ulaw", 8000))
try:
    line.use_rates(output_rate_hz=48000)
except AudioError as error:
    print(error)
print(line.output_rate_hz)
"""
    )
    assert said == (
        "sound at 8000 Hz has to become 48000 Hz, and the library for that is missing: "
        "pip install 'agentframework[audio]'\n8000\n"
    )


def test_without_other_rates_sound_goes_through_and_no_library_is_imported() -> None:
    said = run_python(
        WITHOUT
        + """
from agentframework import AudioFormat, AudioLine
line = AudioLine(AudioFormat("ulaw", 8000), AudioFormat("ulaw", 8000))
line.put(bytes(1600))
line.write_capture(bytes(320))
print(len(line.read_playback(160)), line.take_captured() == [b"\\xff" * 160])
"""
    )
    assert said == "320 True\n"


HELP = """
import contextlib
import runpy
sys.argv = ["agentframework", "--help"]
with contextlib.redirect_stdout(None), contextlib.suppress(SystemExit):
    runpy.run_module("agentframework", run_name="__main__")
assert "agentframework.cli.program" in sys.modules
"""
CONVERSATION = """
import threading
from agentframework import App, Callbacks, Config
from agentframework.config import AgentConfig, AudioConfig

class Listener(Callbacks):
    spoke = threading.Event()
    def on_agent_started_speaking(self, event):
        self.spoke.set()

if __name__ == "__main__":
    agent = AgentConfig(url="local", voice="tone")
    app = App.load(Config(agent=agent, audio=AudioConfig(backend="tone", echo="duck")))
    with app.conversation(Listener()):
        assert Listener.spoke.wait(30)
"""


@pytest.mark.parametrize(
    "program",
    [
        "import agentframework",
        HELP,
        CONVERSATION,
        "from agentframework.audio.resampling import resampling_is_available; resampling_is_available()",
    ],
    ids=["import", "help", "conversation", "asked for"],
)
def test_numpy_and_the_resampler_are_imported_only_where_rates_differ(program: str) -> None:
    asks = "print([name for name in ('numpy', 'samplerate') if name in sys.modules])"
    assert run_python(f"import sys\n{program}\n{asks}") == "[]\n"


def test_it_is_known_whether_rates_can_be_changed() -> None:
    assert resampling_is_available()

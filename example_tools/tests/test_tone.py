"""The tone backend in real time: each wait is for something that it does, with a limit."""

from __future__ import annotations

import itertools
import logging
import math
import queue
import time
from array import array
from collections.abc import Iterator

import pytest

from agentframework import AudioError, AudioFormat
from agentframework_example_tools.tone import ToneBackend

PCM_16000 = AudioFormat("pcm", 16000)
LIMIT = 5.0


@pytest.fixture
def backend() -> Iterator[ToneBackend]:
    backend = ToneBackend()
    yield backend
    backend.stop()


def start(backend: ToneBackend, audio_format: AudioFormat = PCM_16000) -> queue.SimpleQueue[bytes]:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    backend.start(heard.put, input_format=audio_format, output_format=audio_format)
    return heard


def sine(amplitude: int, seconds: float) -> bytes:
    count = int(16000 * seconds)
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * 1000 * n / 16000)) for n in range(count))
    ).tobytes()


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 44100, 48000])
def test_a_block_is_20_ms_of_a_quiet_tone(backend: ToneBackend, rate_hz: int) -> None:
    heard = start(backend, AudioFormat("pcm", rate_hz))
    blocks = [heard.get(timeout=LIMIT) for _ in range(5)]
    assert {len(block) for block in blocks} == {rate_hz // 50 * 2}
    samples = array("h", b"".join(blocks))
    assert 300 <= max(samples) <= 328
    rising = sum(1 for before, after in itertools.pairwise(samples) if before < 0 <= after)
    assert rising in {43, 44, 45}, "100 ms of 440 Hz"


def test_blocks_come_in_real_time(backend: ToneBackend) -> None:
    started = time.monotonic()
    heard = start(backend)
    for _ in range(10):
        heard.get(timeout=LIMIT)
    assert time.monotonic() - started >= 0.2


def test_the_meter_shows_and_logs_what_sounds_and_then_silence(
    backend: ToneBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: queue.SimpleQueue[tuple[float, float, float]] = queue.SimpleQueue()

    def look(_: bytes) -> None:
        """Between two blocks, on the device's own thread."""
        shown.put((backend.played, backend.rms_dbfs, backend.peak_dbfs))

    backend.play(sine(16384, 0.5))
    backend.start(look, input_format=PCM_16000, output_format=PCM_16000)
    assert shown.get(timeout=LIMIT) == (0.0, -120.0, -120.0)
    for number in range(1, 26):
        played, rms_dbfs, peak_dbfs = shown.get(timeout=LIMIT)
        assert played == pytest.approx(number * 0.02)
        assert rms_dbfs == pytest.approx(-9.0, abs=0.2)
        assert peak_dbfs == pytest.approx(-6.0, abs=0.2)
    assert shown.get(timeout=LIMIT)[1:] == (-120.0, -120.0)
    assert [record.getMessage() for record in caplog.records] == ["level -9.0 dBFS rms, -6.0 dBFS peak"] * 25


def test_an_interruption_silences_at_once_and_forgets_the_rest(backend: ToneBackend) -> None:
    heard = start(backend)
    backend.play(sine(16384, 5.0))
    while backend.played < 0.04:
        heard.get(timeout=LIMIT)
    backend.interrupt()
    played = backend.played
    for _ in range(5):
        heard.get(timeout=LIMIT)
    assert backend.played <= played + 0.021
    assert backend.rms_dbfs == -120.0


def test_it_stops_within_100_ms_and_captures_no_more(backend: ToneBackend) -> None:
    heard = start(backend)
    heard.get(timeout=LIMIT)
    started = time.monotonic()
    backend.stop()
    assert time.monotonic() - started < 0.1
    while not heard.empty():
        heard.get()
    with pytest.raises(queue.Empty):
        heard.get(timeout=0.06)


def test_it_may_be_stopped_twice_and_without_a_start() -> None:
    backend = ToneBackend()
    backend.stop()
    backend.stop()


def test_a_format_that_it_does_not_speak_is_refused_by_name(backend: ToneBackend) -> None:
    with pytest.raises(AudioError, match="ulaw_8000"):
        start(backend, AudioFormat("ulaw", 8000))

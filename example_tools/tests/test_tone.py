"""The tone backend in real time: each wait is for something that it does, with a limit."""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from array import array
from collections.abc import Callable, Iterator

import pytest

from agentframework import AudioFormat, AudioLine
from agentframework.testing import AudioBackendCase, audio_backend_cases
from agentframework_example_tools.tone import ToneBackend

PCM_16000 = AudioFormat("pcm", 16000)
LIMIT = 5.0


@pytest.mark.parametrize("case", audio_backend_cases(), ids=str)
def test_it_does_what_a_backend_has_to(case: AudioBackendCase) -> None:
    case.run(ToneBackend)


class Heard:
    """A line, and what it is given; `look` is called after each block, on the device's own thread."""

    def __init__(self, audio_format: AudioFormat = PCM_16000, look: Callable[[], object] = bool) -> None:
        self.blocks: list[bytes] = []
        self._changed = threading.Condition()
        self._look = look
        self.line = AudioLine(audio_format, audio_format, on_captured=self._take)

    def wait(self, count: int) -> list[bytes]:
        """So many blocks."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.blocks) >= count, LIMIT)
            return self.blocks[:count]

    def _take(self) -> None:
        with self._changed:
            self.blocks += self.line.take_captured()
            self._changed.notify_all()
        self._look()


@pytest.fixture
def backend() -> Iterator[ToneBackend]:
    backend = ToneBackend()
    yield backend
    backend.stop()


def sine(amplitude: int, seconds: float) -> bytes:
    count = int(16000 * seconds)
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * 1000 * n / 16000)) for n in range(count))
    ).tobytes()


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 44100, 48000])
def test_a_block_is_20_ms_of_a_quiet_tone(backend: ToneBackend, rate_hz: int) -> None:
    heard = Heard(AudioFormat("pcm", rate_hz))
    backend.start(heard.line)
    blocks = heard.wait(5)
    assert {len(block) for block in blocks} == {rate_hz // 50 * 2}
    samples = array("h", b"".join(blocks))
    assert 300 <= max(samples) <= 328
    rising = sum(1 for before, after in itertools.pairwise(samples) if before < 0 <= after)
    assert rising in {43, 44, 45}, "100 ms of 440 Hz"


def test_blocks_come_in_real_time(backend: ToneBackend) -> None:
    started = time.monotonic()
    heard = Heard()
    backend.start(heard.line)
    heard.wait(10)
    assert time.monotonic() - started >= 0.2


def test_the_meter_shows_and_logs_what_sounds_and_then_silence(
    backend: ToneBackend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[tuple[float, float, float]] = []
    heard = Heard(look=lambda: shown.append((backend.sounded, backend.rms_dbfs, backend.peak_dbfs)))
    heard.line.put(sine(16384, 0.5))
    backend.start(heard.line)
    heard.wait(28)
    backend.stop()
    assert shown[0] == (0.0, -120.0, -120.0)
    for number, (sounded, rms_dbfs, peak_dbfs) in enumerate(shown[1:26], 1):
        assert sounded == pytest.approx(number * 0.02)
        assert rms_dbfs == pytest.approx(-9.0, abs=0.2)
        assert peak_dbfs == pytest.approx(-6.0, abs=0.2)
    assert shown[26][1:] == (-120.0, -120.0)
    assert [record.getMessage() for record in caplog.records] == ["level -9.0 dBFS rms, -6.0 dBFS peak"] * 25


def test_it_is_silent_from_the_block_after_an_interruption(backend: ToneBackend) -> None:
    heard = Heard()
    heard.line.put(sine(16384, 5.0))
    backend.start(heard.line)
    heard.wait(5)
    assert backend.rms_dbfs > -10
    heard.line.clear()
    heard.wait(len(heard.blocks) + 3)
    assert backend.rms_dbfs == -120.0
    assert backend.sounded < 1.0

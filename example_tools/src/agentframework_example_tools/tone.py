"""An audio backend without a device: a quiet tone is its microphone, a level meter its speaker."""

from __future__ import annotations

import itertools
import logging
import math
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from typing import Final

from agentframework import AudioBackend, AudioLine

__all__ = ["ToneBackend"]

_log = logging.getLogger(__name__)

_BLOCKS_A_SECOND: Final = 50
_TONE_HZ: Final = 440
_TONE_DBFS: Final = -40.0
_FULL_SCALE: Final = 32768
_SILENCE_DBFS: Final = -120.0
_LATE: Final = 0.5


class ToneBackend(AudioBackend):
    """Hears 440 Hz at -40 dBFS and measures what the agent says, a block of 20 ms at a time.

    `rms_dbfs` and `peak_dbfs` are the levels of the block that "sounds" now: 0 is the loudest there can be, -120
    is silence. `sounded` is how long it has not been silent, in seconds. All three may be read on any thread.
    """

    def __init__(self) -> None:
        self.rms_dbfs = _SILENCE_DBFS
        self.peak_dbfs = _SILENCE_DBFS
        self.sounded = 0.0
        self._over = threading.Event()
        self._device: threading.Thread | None = None

    def start(self, line: AudioLine) -> None:
        self._over = (
            threading.Event()
        )  # one of its own for each start: the runtime may stop it and start it again
        self._device = threading.Thread(target=self._run, args=(line, self._over), name="tone", daemon=True)
        self._device.start()

    def stop(self) -> None:
        self._over.set()
        if self._device is not None:
            self._device.join()

    def _run(self, line: AudioLine, over: threading.Event) -> None:
        """The device's thread: one block in and one out every 20 ms, by the clock."""
        due = time.monotonic()
        for block in _tone(line.input_rate_hz):
            due += 1 / _BLOCKS_A_SECOND
            if over.wait(due - time.monotonic()):
                return
            if time.monotonic() - due > _LATE:
                due = time.monotonic()  # the machine slept: a real microphone does not catch up either
            line.write_capture(block)
            self._measure(line.read_playback(line.output_rate_hz // _BLOCKS_A_SECOND))

    def _measure(self, block: bytes) -> None:
        samples = _samples(block)
        square = sum(sample * sample for sample in samples) / len(samples)
        self.rms_dbfs = _dbfs(math.sqrt(square))
        self.peak_dbfs = _dbfs(max(abs(sample) for sample in samples))
        if square:
            self.sounded += 1 / _BLOCKS_A_SECOND
            _log.debug("level %.1f dBFS rms, %.1f dBFS peak", self.rms_dbfs, self.peak_dbfs)


def _tone(rate_hz: int) -> Iterator[bytes]:
    """Blocks of the tone, without end. A second holds whole periods and whole blocks, so that it can be repeated."""
    height = _FULL_SCALE * 10 ** (_TONE_DBFS / 20)
    second = array(
        "h", (round(height * math.sin(2 * math.pi * _TONE_HZ * n / rate_hz)) for n in range(rate_hz))
    )
    if sys.byteorder == "big":
        second.byteswap()
    audio, size_bytes = second.tobytes(), 2 * (rate_hz // _BLOCKS_A_SECOND)
    return itertools.cycle(audio[at : at + size_bytes] for at in range(0, len(audio), size_bytes))


def _samples(block: bytes) -> array[int]:
    samples = array("h", block)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _dbfs(level: float) -> float:
    return max(20 * math.log10(level / _FULL_SCALE), _SILENCE_DBFS) if level > 0 else _SILENCE_DBFS

"""An audio backend without a device: a quiet tone is its microphone, a level meter its speaker."""

from __future__ import annotations

import itertools
import logging
import math
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Final

from agentframework import AudioBackend, AudioError, AudioFormat

__all__ = ["ToneBackend"]

_log = logging.getLogger(__name__)

_BLOCK: Final = 0.02
_TONE_HZ: Final = 440
_TONE_DBFS: Final = -40.0
_FULL_SCALE: Final = 32768
_SILENCE_DBFS: Final = -120.0
_LATE: Final = 0.5


class ToneBackend(AudioBackend):
    """Hears 440 Hz at -40 dBFS and measures what the agent says, a block of 20 ms at a time.

    `rms_dbfs` and `peak_dbfs` are the levels of the block that "sounds" now: 0 is the loudest there can be, -120
    is silence. `played` is the sound so far, in seconds. All three may be read on any thread.
    """

    def __init__(self) -> None:
        self.rms_dbfs = _SILENCE_DBFS
        self.peak_dbfs = _SILENCE_DBFS
        self.played = 0.0
        self._queued = bytearray()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._device: threading.Thread | None = None
        self._output = AudioFormat()

    def start(
        self, capture: Callable[[bytes], None], *, input_format: AudioFormat, output_format: AudioFormat
    ) -> None:
        for audio_format in (input_format, output_format):
            if audio_format.codec != "pcm":
                raise AudioError(f"the tone backend speaks pcm alone, and the agent {audio_format.name}")
        self._output = output_format
        self._device = threading.Thread(
            target=self._run, args=(capture, input_format), name="tone-device", daemon=True
        )
        self._device.start()

    def play(self, audio: bytes) -> None:
        with self._lock:
            self._queued += audio

    def interrupt(self) -> None:
        with self._lock:
            self._queued.clear()
        self._measure(b"")

    def stop(self) -> None:
        self._stopped.set()
        if self._device is not None and self._device is not threading.current_thread():
            self._device.join()

    def _run(self, capture: Callable[[bytes], None], input_format: AudioFormat) -> None:
        """The device's thread: one block in and one out every 20 ms, by the clock."""
        due = time.monotonic()
        for block in _tone(input_format):
            due += _BLOCK
            if self._stopped.wait(due - time.monotonic()):
                return
            if time.monotonic() - due > _LATE:
                due = time.monotonic()  # the machine slept: a real microphone does not catch up either
            capture(block)
            self._sound()

    def _sound(self) -> None:
        with self._lock:
            size_bytes = self._output.size_bytes(_BLOCK)
            block = bytes(self._queued[:size_bytes])
            del self._queued[:size_bytes]
        if block:
            self.played += self._output.duration(len(block))
        if self._measure(block):
            _log.debug("level %.1f dBFS rms, %.1f dBFS peak", self.rms_dbfs, self.peak_dbfs)

    def _measure(self, block: bytes) -> bool:
        """Sets the levels to those of a block; returns whether there is something to hear."""
        samples = _samples(block)
        square = sum(sample * sample for sample in samples) / max(len(samples), 1)
        self.rms_dbfs = _dbfs(math.sqrt(square))
        self.peak_dbfs = _dbfs(max((abs(sample) for sample in samples), default=0))
        return square > 0


def _tone(audio_format: AudioFormat) -> Iterator[bytes]:
    """Blocks of the tone, without end. A second holds whole periods and whole blocks, so that it can be repeated."""
    height = _FULL_SCALE * 10 ** (_TONE_DBFS / 20)
    rate_hz = audio_format.rate_hz
    second = array(
        "h", (round(height * math.sin(2 * math.pi * _TONE_HZ * n / rate_hz)) for n in range(rate_hz))
    )
    if sys.byteorder == "big":
        second.byteswap()
    audio, size_bytes = second.tobytes(), audio_format.size_bytes(_BLOCK)
    return itertools.cycle(audio[at : at + size_bytes] for at in range(0, len(audio), size_bytes))


def _samples(block: bytes) -> array[int]:
    samples = array("h", block[: len(block) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _dbfs(level: float) -> float:
    return max(20 * math.log10(level / _FULL_SCALE), _SILENCE_DBFS) if level > 0 else _SILENCE_DBFS

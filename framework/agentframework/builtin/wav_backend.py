"""The audio backend `wav`: hears a file and writes one, in real time or faster."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Literal

from agentframework import AudioBackend, AudioError, AudioLine
from agentframework.builtin.pace import Pace
from agentframework.builtin.wav_reader import WavReader
from agentframework.builtin.wav_writer import WavWriter

__all__ = ["WavBackend"]

_log = logging.getLogger("agentframework.audio")

_CLOSING = 0.35
_FAST_BLOCK = 0.1  # what waits to be sent is counted in blocks, and a big one is as good for a file
_FAST_TURN = 0.005
_FAST_WAITING = 0.3
_HELD_BACK = 0.1  # seconds of a beginning for which the line may wait; it waits for less


class WavBackend(AudioBackend):
    """In real time the output is the conversation's timeline: what the agent said, when it said it, and silence.

    Otherwise the input is given up to 20 times as fast, and the output holds what the agent said alone. Either way
    the microphone goes on with silence after the input's end, in real time, as it is by silence that an agent
    notices the end of what was said. A backend that is started again goes on where it was.
    """

    def __init__(
        self, source: Path | None, target: Path | None, *, realtime: bool = True, repeat: bool = False
    ) -> None:
        if source is None and target is None:
            raise AudioError("the audio backend wav needs input or output, or both, in [plugins.wav]")
        self._source = source
        self._target = target
        self._realtime = realtime
        self._repeat = repeat
        self._reader: WavReader | None = None
        self._has_written = False
        self._over = threading.Event()
        self._device: threading.Thread | None = None

    def start(self, line: AudioLine) -> None:
        reader = writer = None
        if self._source is None:
            line.end_capture()
        else:
            heard = 0 if self._reader is None else self._reader.position
            self._reader = reader = WavReader(self._source, position=heard)
        try:
            if reader is not None:
                line.use_rates(input_rate_hz=reader.rate_hz)
            if self._target is None:
                line.end_playback()
            else:
                writer = WavWriter(self._target, line.output_rate_hz, continues=self._has_written)
                self._has_written = True
        except AudioError:
            if reader is not None:
                reader.close()
            raise
        line.note_devices(
            f"the file {self._source}" if reader else "",
            f"the file {self._target}" if writer else "",
            hear_each_other=False,
        )
        self._over = threading.Event()
        device = _Device(line, reader, writer, self._over, repeat=self._repeat)
        self._device = threading.Thread(
            target=device.run, kwargs={"realtime": self._realtime}, name="wav", daemon=True
        )
        self._device.start()

    def stop(self) -> None:
        self._over.set()
        device, self._device = self._device, None
        if device is not None:
            device.join(_CLOSING)
            if device.is_alive():
                _log.debug("a file takes its time to be written; it is left to itself")


class _LostError(Exception):
    """A file that can be read or written no more."""

    def __init__(self, device: Literal["microphone", "speaker"], problem: str) -> None:
        super().__init__(device, problem)
        self.device = device
        self.problem = problem


class _Device:
    """What runs on the device's thread, from one start to the next stop; the files are its own."""

    def __init__(
        self,
        line: AudioLine,
        reader: WavReader | None,
        writer: WavWriter | None,
        over: threading.Event,
        *,
        repeat: bool,
    ) -> None:
        self._line = line
        self._reader = reader
        self._writer = writer
        self._over = over
        self._repeat = repeat
        self._is_over = reader is None
        self._speech_since: float | None = None

    def run(self, *, realtime: bool) -> None:
        try:
            if realtime:
                self._run_in_time()
            else:
                self._run_fast()
        except _LostError as lost:
            if not self._over.is_set():
                self._line.report_fault(lost.device, lost.problem)
        finally:
            self._close()

    def _run_in_time(self) -> None:
        pace, line = Pace(self._over), self._line
        while pace.wait():
            self._hear(pace.frames(line.input_rate_hz))
            if self._writer is not None:
                self._write(line.read_playback(pace.frames(line.output_rate_hz)))

    def _run_fast(self) -> None:
        """As fast as the wire takes it; then silence at its own pace."""
        line = self._line
        while not self._is_over and not self._over.wait(_FAST_TURN):
            if line.waiting < _FAST_WAITING:
                self._hear(round(line.input_rate_hz * _FAST_BLOCK))
            self._speak_fast()
        pace = Pace(self._over)
        while pace.wait():
            self._hear(pace.frames(line.input_rate_hz))
            self._speak_fast()

    def _hear(self, frames: int) -> None:
        if self._reader is None:
            return
        block = b"" if self._is_over else self._read(self._reader, frames)
        self._line.write_capture(block + bytes(2 * frames - len(block)))

    def _read(self, reader: WavReader, frames: int) -> bytes:
        try:
            block = reader.read(frames)
            if self._repeat and len(block) < 2 * frames:
                reader.rewind()
                block += reader.read(frames - len(block) // 2)
        except OSError as error:
            raise _LostError("microphone", f"its file cannot be read: {error.strerror or error}") from error
        if len(block) < 2 * frames and not self._repeat:
            self._is_over = True
            self._line.end_capture()
        return block

    def _speak_fast(self) -> None:
        """Take all that is said and nothing else; a beginning that the line still holds back is left there."""
        if self._writer is None:
            return
        line, now = self._line, time.monotonic()
        queued = line.queued
        if not queued:
            self._speech_since = None
            line.read_playback(0)  # a speaker that takes nothing would be taken for dead
            return
        if self._speech_since is None:
            self._speech_since = now
        if queued >= _HELD_BACK or now - self._speech_since > _HELD_BACK:
            self._write(line.read_playback(round(queued * line.output_rate_hz)))

    def _write(self, block: bytes) -> None:
        assert self._writer is not None
        try:
            self._writer.write(block)
        except OSError as error:
            raise _LostError("speaker", f"its file cannot be written: {error.strerror or error}") from error

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            try:
                self._writer.close()
            except OSError as error:
                _log.warning("the end of the agent's sound is not in its file: %s", error.strerror or error)

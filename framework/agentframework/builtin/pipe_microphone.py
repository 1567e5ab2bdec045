"""Hears what a command writes: raw samples, in any pieces, at the pace of the clock at most."""

from __future__ import annotations

import selectors
import threading
import time

from agentframework import AudioLine
from agentframework.builtin.pace import Pace
from agentframework.builtin.pipe_process import Process

__all__ = ["Microphone"]

_LONGEST = 0.1  # seconds of one block
_BURST = 0.25
_FASTER = 1.01  # a sound card's clock is not ours
_LOOK = 0.05
_LAST_STATUS = 0.2


class Microphone:
    """`run` it on a thread; it returns when it is over, or the command has failed and that is reported."""

    def __init__(self, process: Process, line: AudioLine, over: threading.Event) -> None:
        self.process = process
        self._line = line
        self._over = over
        self._rest = b""
        self._heard = 0.0

    def run(self) -> None:
        """Give the line what the command hears; after its end silence, or word of its failure."""
        self._listen()
        if self._over.is_set():
            return
        if self.process.status(_LAST_STATUS) == 0:
            self._line.end_capture()
            self._be_silent()
            return
        problem = self.process.last_words()
        if not self._over.is_set():
            self._line.report_fault("microphone", problem)

    def _listen(self) -> None:
        rate_hz = self._line.input_rate_hz
        most = 2 * round(rate_hz * _LONGEST)
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.pipe, selectors.EVENT_READ)
            while not self._over.is_set():
                self.process.read_errors()
                early = self._heard - _BURST - (time.monotonic() - started) * _FASTER
                if early > 0:  # a command that reads a file: the pipe makes it wait
                    self._over.wait(min(early, _LOOK))
                    continue
                if not selector.select(_LOOK):
                    continue
                data = self.process.pipe.read(most)
                if data == b"":
                    return
                self._give(data or b"")

    def _give(self, data: bytes) -> None:
        data = self._rest + data
        cut = len(data) - len(data) % 2
        self._rest = data[cut:]
        if cut:
            self._heard += cut / 2 / self._line.input_rate_hz
            self._line.write_capture(data[:cut])

    def _be_silent(self) -> None:
        pace = Pace(self._over)
        while pace.wait():
            self._line.write_capture(bytes(2 * pace.frames(self._line.input_rate_hz)))

"""The wire's end of an audio line: takes what is heard as it comes, and keeps the faults that a backend reports."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from agentframework import AudioFormat, AudioLine

__all__ = ["PCM", "Wire"]

PCM = AudioFormat("pcm", 16000)
_LIMIT = 10.0


class Wire:
    """`heard` is what came, `blocks` how long its pieces were; `wait` until something holds that a device brings."""

    def __init__(self, input_format: AudioFormat = PCM, output_format: AudioFormat = PCM) -> None:
        self.heard = bytearray()
        self.blocks: Counter[int] = Counter()
        self.faults: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        self.line = AudioLine(input_format, output_format, on_captured=self._take, on_fault=self._fault)

    def wait(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, _LIMIT), self.faults

    def _take(self) -> None:
        with self._changed:
            for block in self.line.take_captured():
                self.heard += block
                self.blocks[len(block)] += 1
            self._changed.notify_all()

    def _fault(self, device: str, problem: str) -> None:
        with self._changed:
            self.faults.append((device, problem))
            self._changed.notify_all()

"""Whatever is put, read, cleared, lost and found in whatever order: no sample twice, and none out of its place."""

from __future__ import annotations

from array import array
from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentframework.audio.line import AudioLine
from agentframework.formats import AudioFormat

PCM = AudioFormat()


class LineMachine(RuleBasedStateMachine):
    """A line beside a plain queue of samples, each of which has a number of its own and none of which is silence."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 10.0
        self.line = AudioLine(PCM, PCM, clock=lambda: self.now)
        self.queue: deque[int] = deque()
        self.number = 0
        self.received = self.handed = self.heard = 0
        self.is_lost = False

    @rule(samples=st.integers(0, 3000), is_final=st.booleans())
    def put(self, samples: int, is_final: bool) -> None:
        chunk = [(self.number + n) % 32767 + 1 for n in range(samples)]
        self.number += samples
        assert self.line.put(array("h", chunk).tobytes(), is_final=is_final) == self.received
        if not self.is_lost:
            self.queue.extend(chunk)
            self.received += samples

    @rule(frames=st.integers(0, 2000), latency=st.floats(0, 0.3))
    def read(self, frames: int, latency: float) -> None:
        block = array("h")
        block.frombytes(self.line.read_playback(frames, latency=latency))
        assert len(block) == frames
        sounding = [sample for sample in block if sample]
        assert list(block[: len(sounding)]) == sounding, "silence in the middle of speech"
        if sounding:
            assert len(sounding) == min(frames, len(self.queue)), "speech is held back"
        assert sounding == [self.queue.popleft() for _ in sounding]
        self.handed += len(sounding)

    @precondition(lambda self: self.queue)
    @rule()
    def wait_and_read(self) -> None:
        """Speech that has waited longer than a head start is not held back."""
        self.now += 0.07
        before = len(self.queue)
        self.read(100, 0.0)
        assert len(self.queue) < before

    @rule()
    def clear(self) -> None:
        heard = self.line.clear()
        assert self.heard <= heard <= self.handed
        self._pass_over()

    @rule()
    def lose(self) -> None:
        self.line.lose()
        self.is_lost = True
        self._pass_over()

    @rule()
    def find(self) -> None:
        self.line.find()
        self.is_lost = False

    @rule(seconds=st.floats(0, 2.0))
    def let_time_pass(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def positions_are_in_their_order(self) -> None:
        heard = self.line.heard
        assert self.heard <= heard <= self.handed <= self.received
        self.heard = heard
        assert self.line.received == self.received
        assert self.line.queued == pytest.approx(len(self.queue) / 16000)

    def teardown(self) -> None:
        self.now += 10
        assert self.line.heard == self.handed

    def _pass_over(self) -> None:
        self.queue.clear()
        self.handed = self.heard = self.received


LineMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLineMachine = LineMachine.TestCase

"""Whatever is said, interrupted and waited for: each millisecond is in one account, and speaking ends as it began."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agentframework.audio.line import AudioLine
from agentframework.callbacks import AgentStartedSpeaking, AgentStoppedSpeaking, AnswerPlayed, Event
from agentframework.formats import AudioFormat
from agentframework.protocol.messages.server import AudioEvent
from agentframework.session.speech import Speech
from virtual_time import VirtualTime

PCM = AudioFormat()


class SpeechMachine(RuleBasedStateMachine):
    """A line whose device reads 10 ms every 10 ms, and the events that are told of it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = VirtualTime()
        self.line = AudioLine(PCM, PCM, clock=self.time)
        self.time.every = lambda: self.line.read_playback(160, latency=0.03)
        self.events: list[Event] = []
        self.speech = Speech(self.line, self.events.append, self.time)
        self.event_id = 0
        self.missed = 0

    @rule(duration=st.sampled_from([0.0, 0.01, 0.05, 0.25, 1.0]), new=st.booleans(), final=st.booleans())
    def say(self, duration: float, new: bool, final: bool) -> None:
        self.event_id += new
        begins = self.line.put(array("h", [9] * round(16000 * duration)).tobytes(), is_final=final)
        event = AudioEvent(audio_base_64="", event_id=self.event_id, is_final=final)
        if self.line.is_lost:
            self.speech.miss(event, round(16000 * duration))
            self.missed += round(16000 * duration)
        else:
            self.speech.add(event, begins, self.line.received)

    @rule(ahead=st.integers(0, 2))
    def tell_the_text(self, ahead: int) -> None:
        self.speech.note_response(self.event_id + ahead)

    @rule(seconds=st.sampled_from([0.01, 0.04, 0.3, 1.3]))
    def let_time_pass(self, seconds: float) -> None:
        self.time.run(seconds)

    @rule()
    def interrupt(self) -> None:
        self.speech.interrupt(self.line.clear())
        assert self.told_ms == pytest.approx(self.received_ms, abs=self.rounding)

    @rule()
    def lose_the_device(self) -> None:
        self.speech.interrupt(self.line.clear())
        self.line.lose()

    @rule()
    def find_it(self) -> None:
        self.line.find()

    @rule()
    def connect_anew(self) -> None:
        self.speech.begin_anew()

    @property
    def answers(self) -> list[AnswerPlayed]:
        return [event for event in self.events if isinstance(event, AnswerPlayed)]

    @property
    def told_ms(self) -> int:
        return sum(answer.heard_ms + answer.queued_ms for answer in self.answers)

    @property
    def received_ms(self) -> float:
        return (self.line.received + self.missed) / 16

    @property
    def rounding(self) -> float:
        return 1 + len(self.answers)

    @invariant()
    def speaking_begins_and_ends_in_turn(self) -> None:
        turns = [
            type(event)
            for event in self.events
            if isinstance(event, AgentStartedSpeaking | AgentStoppedSpeaking)
        ]
        assert turns[0::2] == [AgentStartedSpeaking] * len(turns[0::2])
        assert turns[1::2] == [AgentStoppedSpeaking] * len(turns[1::2])

    @invariant()
    def no_more_is_told_than_was_said(self) -> None:
        assert self.told_ms <= self.received_ms + self.rounding
        assert all(answer.queued_ms == 0 or answer.interrupted for answer in self.answers)
        assert self.time.pending <= 1

    def teardown(self) -> None:
        self.time.run(self.line.queued + 3)
        assert self.time.pending == 0
        assert self.told_ms == pytest.approx(self.received_ms, abs=self.rounding)
        assert all(answer.queued_ms == 0 for answer in self.answers if not answer.interrupted)


SpeechMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestSpeechMachine = SpeechMachine.TestCase

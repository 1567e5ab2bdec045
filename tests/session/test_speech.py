"""What the user has heard of each answer, by the position of the playback; in virtual time."""

from __future__ import annotations

from array import array

import pytest

from agentframework.audio.line import AudioLine
from agentframework.callbacks import (
    AgentStartedSpeaking,
    AgentStoppedSpeaking,
    AnswerPlayed,
    Event,
)
from agentframework.formats import AudioFormat
from agentframework.protocol.messages.server import Alignment, AudioEvent
from agentframework.session.speech import Speech
from virtual_time import VirtualTime

PCM = AudioFormat()


def _audio_event(event_id: int, duration: float, text: str, is_final: bool | None) -> AudioEvent:
    each = duration * 1000 / max(len(text), 1)
    alignment = Alignment(
        chars=list(text),
        char_start_times_ms=[round(n * each) for n in range(len(text))],
        char_durations_ms=[round(each)] * len(text),
    )
    return AudioEvent(
        audio_base_64="", event_id=event_id, alignment=alignment if text else None, is_final=is_final
    )


class Stage:
    """A line with a device that takes 10 ms every 10 ms and sounds a `latency` later."""

    def __init__(self, *, reads: bool = True, latency: float = 0.04) -> None:
        self.time = VirtualTime()
        self.line = AudioLine(PCM, PCM, clock=self.time)
        self.said: list[tuple[float, Event]] = []
        self.speech = Speech(self.line, self._note, self.time)
        self._began = self.time.now
        if reads:
            self.time.every = lambda: self.line.read_playback(160, latency=latency)

    def _note(self, event: Event) -> None:
        self.said.append((round(self.time.now - self._began, 2), event))

    def chunk(self, event_id: int, duration: float, *, text: str = "", is_final: bool | None = None) -> None:
        begins = self.line.put(array("h", [1000] * round(duration * 16000)).tobytes())
        self.speech.add(_audio_event(event_id, duration, text, is_final), begins, self.line.received)

    def miss(self, event_id: int, duration: float, *, text: str) -> None:
        self.speech.miss(_audio_event(event_id, duration, text, None), round(duration * 16000))

    def interrupt(self) -> None:
        self.speech.interrupt(self.line.clear())

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.said]

    def moment(self, kind: type[Event]) -> float:
        return next(moment for moment, event in self.said if isinstance(event, kind))


def test_the_agent_speaks_when_it_sounds_and_not_when_it_is_received() -> None:
    stage = Stage()
    stage.time.run(0.5)
    stage.chunk(1, 1.0, is_final=True)
    stage.time.run(3)
    assert stage.events == [
        AgentStartedSpeaking(1),
        AgentStoppedSpeaking(1, interrupted=False),
        AnswerPlayed(1, heard_ms=1000, queued_ms=0, interrupted=False),
    ]
    assert stage.moment(AgentStartedSpeaking) == pytest.approx(0.54, abs=0.05)
    assert stage.moment(AgentStoppedSpeaking) == pytest.approx(1.55, abs=0.05)
    assert stage.time.pending == 0


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 1.0])
def test_however_late_a_device_sounds_the_beginning_is_told_when_it_does(latency: float) -> None:
    stage = Stage(latency=latency)
    stage.chunk(1, 1.0, is_final=True)
    stage.time.run(3)
    taken = 0.01
    assert stage.moment(AgentStartedSpeaking) == pytest.approx(taken + latency, abs=0.021)


def test_an_answer_that_does_not_say_which_chunk_is_the_last_ends_with_a_pause() -> None:
    stage = Stage()
    for _ in range(4):
        stage.chunk(1, 0.25)
    stage.time.run(1.2)
    assert AgentStoppedSpeaking(1, interrupted=False) not in stage.events
    stage.time.run(2)
    assert stage.moment(AgentStoppedSpeaking) == pytest.approx(1.3, abs=0.06)
    assert stage.events[-1] == AnswerPlayed(1, heard_ms=1000, queued_ms=0, interrupted=False)


def test_a_gap_that_is_shorter_than_a_pause_is_no_silence() -> None:
    stage = Stage()
    stage.chunk(1, 0.3)
    stage.time.run(0.5)
    stage.chunk(1, 0.3)
    stage.time.run(3)
    assert [type(event) for event in stage.events] == [
        AgentStartedSpeaking,
        AgentStoppedSpeaking,
        AnswerPlayed,
    ]
    assert stage.events[-1] == AnswerPlayed(1, heard_ms=600, queued_ms=0, interrupted=False)


@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
def test_an_interrupted_answer_says_what_was_heard_whatever_the_length_of_its_chunks(length: float) -> None:
    stage = Stage()
    for _ in range(round(3 / length)):
        stage.chunk(7, length)
    stage.time.run(1.04)
    stage.interrupt()
    (played,) = (event for event in stage.events if isinstance(event, AnswerPlayed))
    assert played.heard_ms == pytest.approx(1000, abs=15)
    assert played.heard_ms + played.queued_ms == 3000
    assert played.interrupted
    assert stage.events[0] == AgentStartedSpeaking(7)
    assert stage.events[-1] == AgentStoppedSpeaking(7, interrupted=True)
    assert stage.time.pending == 0


def test_an_answer_of_which_nothing_sounded_is_told_too() -> None:
    stage = Stage(reads=False)
    stage.chunk(3, 0.5)
    stage.time.run(0.3)
    stage.interrupt()
    assert stage.events == [AnswerPlayed(3, heard_ms=0, queued_ms=500, interrupted=True)]


def test_an_answer_that_comes_while_there_is_no_device_is_told_as_not_heard() -> None:
    stage = Stage()
    stage.line.lose()
    stage.miss(3, 0.5, text="Good ")
    stage.time.run(0.5)
    stage.miss(3, 0.25, text="morning.")
    stage.time.run(3)
    assert stage.events == [AnswerPlayed(3, heard_ms=0, queued_ms=750, interrupted=True, heard_text="")]
    assert stage.time.pending == 0


def test_of_an_answer_whose_device_comes_back_in_its_midst_the_rest_is_heard() -> None:
    stage = Stage()
    stage.line.lose()
    stage.miss(3, 0.5, text="Good morning, ")
    stage.line.find()
    stage.chunk(3, 0.5, text="dear all.", is_final=True)
    stage.time.run(3)
    assert stage.events == [
        AgentStartedSpeaking(3),
        AgentStoppedSpeaking(3, interrupted=False),
        AnswerPlayed(3, heard_ms=500, queued_ms=500, interrupted=True, heard_text="dear all."),
    ]


def test_two_answers_that_wait_at_once_have_an_account_each() -> None:
    stage = Stage()
    stage.speech.note_response(10)
    stage.chunk(10, 0.5)
    stage.chunk(11, 0.5)
    stage.speech.note_response(20)
    stage.chunk(20, 1.0)
    stage.time.run(1.54)
    stage.interrupt()
    played = [event for event in stage.events if isinstance(event, AnswerPlayed)]
    assert played[0] == AnswerPlayed(10, heard_ms=1000, queued_ms=0, interrupted=False)
    assert (played[1].event_id, played[1].interrupted) == (20, True)
    assert played[1].heard_ms == pytest.approx(500, abs=15)


def test_the_text_of_an_answer_may_come_after_its_first_chunk() -> None:
    stage = Stage()
    stage.speech.note_response(1)
    stage.chunk(1, 0.2, is_final=True)
    stage.time.run(1)
    stage.chunk(5, 0.3)
    stage.speech.note_response(5)
    stage.chunk(6, 0.3)
    stage.time.run(3)
    assert [event.event_id for event in stage.events if isinstance(event, AnswerPlayed)] == [1, 5]


def test_the_words_that_were_heard_are_those_that_sounded_to_their_end() -> None:
    stage = Stage()
    stage.chunk(1, 1.0, text="The museum opens at ")
    stage.chunk(1, 1.0, text="nine on weekdays.")
    stage.time.run(1.42)
    stage.interrupt()
    (played,) = (event for event in stage.events if isinstance(event, AnswerPlayed))
    assert played.heard_text == "The museum opens at nine"


def test_a_word_that_was_broken_off_between_two_chunks_was_not_heard() -> None:
    stage = Stage()
    stage.chunk(1, 0.5, text="Good mor")
    stage.chunk(1, 0.5, text="ning to you")
    stage.time.run(0.56)
    stage.interrupt()
    (played,) = (event for event in stage.events if isinstance(event, AnswerPlayed))
    assert played.heard_text == "Good"


def test_an_answer_that_was_heard_whole_has_all_its_words() -> None:
    stage = Stage()
    stage.chunk(1, 0.5, text="Good ")
    stage.chunk(1, 0.5, text="morning.", is_final=True)
    stage.time.run(2)
    assert stage.events[-1] == AnswerPlayed(1, 1000, 0, interrupted=False, heard_text="Good morning.")


def test_at_the_end_of_the_conversation_the_account_is_closed() -> None:
    stage = Stage()
    stage.chunk(1, 1.0)
    stage.time.run(0.54)
    stage.speech.end(stage.line.clear())
    assert [type(event) for event in stage.events] == [
        AgentStartedSpeaking,
        AnswerPlayed,
        AgentStoppedSpeaking,
    ]
    assert stage.time.pending == 0


def test_a_long_queue_costs_no_timer_but_one() -> None:
    stage = Stage()
    for _ in range(100):
        stage.chunk(1, 0.25)
    assert stage.time.pending == 1


def test_a_fast_burst_after_a_pause_does_not_put_off_its_beginning() -> None:
    stage = Stage()
    stage.chunk(1, 0.2)
    stage.time.run(0.7)
    for _ in range(100):
        stage.chunk(2, 0.05)
        stage.time.run(0.01)
    began = [moment for moment, event in stage.said if event == AgentStartedSpeaking(1)]
    assert len(began) == 2
    assert began[1] < 0.9


def test_after_a_reconnect_ids_begin_anew() -> None:
    stage = Stage()
    stage.speech.note_response(50)
    stage.chunk(50, 0.2, is_final=True)
    stage.time.run(2)
    stage.speech.begin_anew()
    stage.speech.note_response(1)
    stage.chunk(1, 0.2, is_final=True)
    stage.time.run(2)
    assert [event.event_id for event in stage.events if isinstance(event, AnswerPlayed)] == [50, 1]

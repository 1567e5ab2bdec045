"""Every event of a conversation is shown once, counted, and said in plain words."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from agentframework.callbacks import (
    DisconnectionDetails,
    Event,
    Reconnected,
    Reconnecting,
    SessionEnded,
    SessionStarted,
    method_name,
)
from agentframework.cli.plain import PlainScreen
from agentframework.cli.view import View, ending_text
from agentframework.formats import AudioFormat
from agentframework.redaction import Redactor
from cli_events import answered, called, complete, heard, part, response

PCM = AudioFormat.parse("pcm_16000")


class Watched:
    """A view on a plain screen, with a clock that is set by hand."""

    def __init__(self, *, traceback_hint: str = "") -> None:
        self.out = io.StringIO()
        self.now = 100.0
        screen = PlainScreen(self.out, self.out)
        self.view = View(screen, traceback_hint=traceback_hint, clock=lambda: self.now)

    def see(self, *events: Event) -> list[str]:
        """The lines that are there after these events."""
        for event in events:
            getattr(self.view, method_name(event))(event)
        return self.out.getvalue().splitlines()


def transcript(text: str) -> Event:
    return heard(type="user_transcript", user_transcription_event={"user_transcript": text})


def test_a_call_is_shown_with_arguments_result_and_time() -> None:
    assert Watched().see(called(), answered()) == ['tool: world_time(city="Oslo") -> "14:03" (3 ms)']


def test_a_secret_that_the_platform_filled_in_is_not_shown() -> None:
    out = io.StringIO()
    view = View(PlainScreen(out, out), redactor=Redactor(["1234567"]))
    view.on_tool_called(replace(called(), parameters={"pin": "1234567"}))
    view.on_tool_answered(replace(answered(), parameters={"pin": "1234567"}, text="1234567 is right"))
    assert out.getvalue() == 'tool: world_time(pin="***") -> "*** is right" (3 ms)\n'


def test_a_lost_connection_and_a_new_one_are_said() -> None:
    watched = Watched()
    lost = Reconnecting(2, 1.26, DisconnectionDetails("error", 1006))
    unreachable = Reconnecting(3, 2.0, DisconnectionDetails("error", message="nothing listens there"))
    again = Reconnected("conv_2", "conv_1", 3, lambda text: None)
    assert watched.see(part("delta", "Hel"), lost, unreachable, again) == [
        "agent: Hel",
        "note: the connection is lost (code 1006); attempt 2 to make another in 1.3 s",
        "note: the connection is lost; attempt 3 to make another in 2.0 s",
        "note: connected again; for the agent this is a new conversation, conv_2",
    ]
    assert watched.view.summary().conversation_id == "conv_2"


def test_streamed_text_that_is_then_said_whole_is_shown_once() -> None:
    streamed = [part("start"), part("delta", "Hel"), part("delta", "lo."), part("stop")]
    assert Watched().see(*streamed, response("Hello."), complete()) == ["agent: Hello."]


def test_streamed_text_that_nothing_follows_is_shown_when_the_turn_is_over() -> None:
    streamed = [part("start"), part("delta", "Hel"), part("delta", "lo."), part("stop")]
    assert Watched().see(*streamed, complete()) == ["agent: Hello."]


def test_streamed_text_is_shown_at_the_latest_when_the_next_begins_or_all_ends() -> None:
    lines = Watched().see(
        part("start"),
        part("delta", "One."),
        part("stop"),
        part("start"),
        part("delta", "Two."),
        SessionEnded("conv_1", DisconnectionDetails("agent", 1000)),
    )
    assert lines == ["agent: One.", "agent: Two."]


def test_an_answer_without_a_word_is_not_shown() -> None:
    assert Watched().see(response(""), response("  \n"), complete()) == []


def test_what_the_user_typed_is_not_repeated_by_its_transcript() -> None:
    watched = Watched()
    watched.view.user_typed("what  time is it?")
    assert watched.see(transcript("what time is it?")) == ["you: what  time is it?"]
    assert watched.view.summary().turns == 1


def test_what_the_user_said_aloud_is_shown_and_counted() -> None:
    watched = Watched()
    assert watched.see(transcript("good morning")) == ["you: good morning"]
    assert watched.view.summary().turns == 1


def test_an_interruption_and_its_correction_are_notes() -> None:
    lines = Watched().see(
        heard(type="interruption", interruption_event={"event_id": 3}),
        heard(
            type="agent_response_correction",
            agent_response_correction_event={
                "original_agent_response": "One two three.",
                "corrected_agent_response": "One two",
            },
        ),
    )
    assert lines == ["note: interrupted", 'note: the agent got as far as "One two"']


def test_an_interruption_by_what_was_just_typed_goes_without_saying() -> None:
    watched = Watched()
    interruption = heard(type="interruption", interruption_event={"event_id": 3})
    watched.view.user_typed("stop")
    assert watched.see(interruption) == ["you: stop"]
    assert watched.see(response("Yes?"), interruption) == ["you: stop", "agent: Yes?", "note: interrupted"]


def test_a_correction_to_nothing_says_so() -> None:
    correction = {"original_agent_response": "One.", "corrected_agent_response": ""}
    lines = Watched().see(heard(type="agent_response_correction", agent_response_correction_event=correction))
    assert lines == ["note: the agent said nothing"]


def test_the_first_unexpected_failure_says_where_the_traceback_is() -> None:
    watched = Watched(traceback_hint="run again with -v")
    lines = watched.see(
        called("a"), answered("a", outcome="exception"), called("b"), answered("b", outcome="exception")
    )
    assert [line.partition(":")[0] for line in lines] == ["tool", "note", "tool"]
    assert lines[1] == "note: run again with -v"


def test_a_failure_that_the_tool_meant_has_no_traceback() -> None:
    watched = Watched(traceback_hint="run again with -v")
    assert len(watched.see(called(), answered(outcome="tool error", text="No such city."))) == 1


def test_turns_calls_and_errors_are_counted_and_timed_from_the_start() -> None:
    watched = Watched()
    watched.now = 200.0
    watched.see(SessionStarted("conv_1", PCM, PCM))
    watched.view.user_typed("hello")
    watched.see(called("a"), answered("a"), called("b"), answered("b", outcome="timeout"))
    watched.view.failed("the connection broke")
    watched.now = 212.5
    assert watched.view.summary().text() == ("1 turn, 2 tool calls, 2 errors, 12.5 s, conversation conv_1")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            heard(type="error", error_event={"code": 1008, "message": "bad frame"}),
            "error: the agent's side reports error 1008: bad frame",
        ),
        (
            heard(type="client_error", error_event={"code": 400, "error_name": "bad", "message": "frame"}),
            "error: the agent's side did not accept something: bad: frame",
        ),
        (
            heard(type="client_error", error_event={"code": 400}),
            "error: the agent's side did not accept something: 400",
        ),
        (heard(type="guardrail_triggered"), "note: a guardrail was triggered"),
        (
            heard(type="guardrail_triggered", guardrail_triggered_event={"guardrail_name": "focus"}),
            "note: a guardrail was triggered: focus",
        ),
        (
            heard(type="queue_status", queue_status_event={"status": "waiting"}),
            "note: waiting for a free place: too many conversations at once",
        ),
        (heard(type="external_agent_connected"), "note: somebody else has joined for the agent"),
        (heard(type="external_agent_disconnected"), "note: the one who had joined for the agent has left"),
    ],
    ids=lambda value: value.type if not isinstance(value, str) else "",
)
def test_what_the_user_should_know_is_said_in_words(event: Event, line: str) -> None:
    assert Watched().see(event) == [line]


@pytest.mark.parametrize(
    "event",
    [
        heard(type="ping", ping_event={"event_id": 1}),
        heard(type="queue_status", queue_status_event={"status": "admitted"}),
        heard(type="something_new", payload=1),
    ],
    ids=lambda event: event.type,
)
def test_what_is_no_news_for_the_user_is_not_shown(event: Event) -> None:
    assert Watched().see(event) == []


@pytest.mark.parametrize(
    ("details", "said"),
    [
        (DisconnectionDetails("user"), ""),
        (DisconnectionDetails("agent", 1000), "the agent ended the conversation"),
        (
            DisconnectionDetails("agent", 1000, "max_duration_exceeded"),
            "the agent ended the conversation: max_duration_exceeded",
        ),
        (
            DisconnectionDetails("error", 1008, "Invalid message received", hint="look at the result"),
            "the connection was closed with code 1008 (Invalid message received). look at the result",
        ),
        (DisconnectionDetails("error", 1011, ""), "the connection was closed with code 1011"),
        (
            DisconnectionDetails("error", message="the name is not known", hint="look at the address"),
            "the name is not known. look at the address",
        ),
        (DisconnectionDetails("error"), "the conversation broke off"),
    ],
)
def test_an_end_is_told_with_code_reason_and_hint(details: DisconnectionDetails, said: str) -> None:
    assert ending_text(details) == said

"""The agent's turn is over when it says so, or when it has answered and falls silent."""

from __future__ import annotations

import math

import pytest

from agentframework.callbacks import AgentStartedSpeaking, AgentStoppedSpeaking, Event
from agentframework.cli.turn import OPENING, PATIENCE, QUIET, Turn
from cli_events import answered, called, complete, heard, part, response


def request(kind: str, call_id: str = "c1") -> Event:
    return heard(
        type="agent_tool_request",
        agent_tool_request={"tool_name": "look_up", "tool_call_id": call_id, "tool_type": kind},
    )


def their_response(call_id: str = "c1") -> Event:
    return heard(
        type="agent_tool_response", agent_tool_response={"tool_name": "look_up", "tool_call_id": call_id}
    )


def over_at(*events: Event, spoke: bool = True) -> float:
    """When the turn is over after these events, one a second, the first at 101; the user spoke at 100."""
    turn = Turn(100.0)
    if spoke:
        turn.user_spoke(100.0)
    for seconds, event in enumerate(events, 101):
        turn.hear(event, float(seconds))
    return turn.over_at()


def test_an_agent_that_says_that_it_is_done_is_done() -> None:
    assert over_at(response(), complete()) == 102


def test_an_agent_that_does_not_say_so_is_done_after_a_quiet_second() -> None:
    assert over_at(response()) == 101 + QUIET
    assert over_at(response(), response()) == 102 + QUIET


def test_streamed_parts_count_as_an_answer_once_they_stop() -> None:
    assert over_at(part("start"), part("delta")) == 102 + PATIENCE
    assert over_at(part("start"), part("delta"), part("stop")) == 103 + QUIET


def test_the_turn_goes_on_while_a_tool_of_ours_runs() -> None:
    assert over_at(response(), called()) == math.inf
    assert over_at(response(), called(), complete()) == math.inf
    assert over_at(called("a"), called("b"), answered("a")) == math.inf


def test_after_a_result_another_answer_is_due() -> None:
    assert over_at(response(), called(), answered()) == 103 + PATIENCE
    assert over_at(response(), called(), answered(), response()) == 104 + QUIET


def test_a_result_that_was_not_sent_makes_no_answer_due() -> None:
    assert over_at(response(), called(), answered(sent=False)) == 103 + QUIET


def test_the_agents_own_tools_prolong_its_turn_but_not_for_ever() -> None:
    assert over_at(response(), request("webhook")) == 102 + PATIENCE
    assert over_at(response(), request("webhook"), their_response()) == 103 + QUIET


def test_the_announcement_of_a_client_tool_call_is_no_call() -> None:
    assert over_at(response(), request("client")) == 101 + QUIET


def test_an_agent_that_goes_on_after_it_was_done_is_waited_for_again() -> None:
    assert over_at(response(), complete(), response()) == 103 + QUIET


def test_an_agent_that_speaks_first_is_given_time_for_it() -> None:
    assert over_at(spoke=False) == 100 + OPENING
    assert over_at(response(), spoke=False) == 101 + QUIET
    assert over_at(response(), complete(), spoke=False) == 102


@pytest.mark.parametrize(
    "event",
    [
        heard(type="ping", ping_event={"event_id": 1}),
        heard(type="vad_score", vad_score_event={"vad_score": 0.5}),
        heard(type="something_new", payload={}),
        heard(type="user_transcript", user_transcription_event={"user_transcript": "hello"}),
    ],
    ids=lambda event: event.type,
)
def test_what_says_nothing_about_turns_changes_nothing(event: Event) -> None:
    assert over_at(event) == 100 + PATIENCE
    assert over_at(event, spoke=False) == 100 + OPENING


def test_typing_is_a_sign_that_an_answer_is_coming() -> None:
    assert over_at(heard(type="agent_typing", agent_typing_event={"is_typing": True})) == 101 + PATIENCE


def test_an_answer_is_owed_from_the_users_words_to_the_agents() -> None:
    turn = Turn(0.0)
    owed = [turn.is_owed]
    turn.user_spoke(1.0)
    owed.append(turn.is_owed)
    turn.hear(response(), 2.0)
    owed.append(turn.is_owed)
    assert owed == [False, True, False]


def test_the_last_word_of_an_answer_has_its_time() -> None:
    turn = Turn(0.0)
    turn.user_spoke(1.0)
    assert turn.answered_at == math.inf
    turn.hear(response(), 2.0)
    assert turn.answered_at == 2.0
    turn.hear(called(), 3.0)
    assert turn.answered_at == math.inf


def test_the_word_that_an_interrupted_answer_is_whole_ends_no_turn() -> None:
    turn = Turn(100.0)
    turn.hear(response(), 100.5)
    turn.user_spoke(101.0)
    turn.hear(complete(), 101.5)
    assert turn.over_at() == 101 + PATIENCE
    turn.hear(response(), 102.0)
    turn.hear(complete(), 102.5)
    assert turn.over_at() == 102.5


def test_an_answer_is_over_when_it_has_sounded_too() -> None:
    turn = Turn(100.0)
    turn.user_spoke(100.0)
    turn.hear(response(), 101.0)
    turn.hear(AgentStartedSpeaking(1), 101.0)
    assert turn.answered_at == math.inf
    turn.hear(AgentStoppedSpeaking(1, interrupted=False), 107.0)
    assert turn.answered_at == 107

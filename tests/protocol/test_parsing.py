"""What a frame turns out to be: a message, a message of a type nobody knows, or an event that says what is wrong."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from agentframework.protocol.messages import (
    ClientToolResultMessage,
    InterruptionMessage,
    MalformedFrame,
    PingMessage,
    UnknownMessage,
    UserTranscriptMessage,
    parse_server_frame,
)
from agentframework.protocol.messages.parsing import describe_validation_error
from wire_examples import FRAMES, frame_of


def malformed(frame: str | bytes) -> MalformedFrame:
    event = parse_server_frame(frame)
    assert isinstance(event, MalformedFrame)
    return event


def test_the_problem_names_type_path_and_rule() -> None:
    event = malformed('{"type": "interruption", "interruption_event": {"event_id": []}}')
    assert event.problem.startswith("interruption: interruption_event.event_id: ")
    assert "integer" in event.problem
    assert event.message_type == "interruption"


def test_the_problem_never_holds_what_was_said() -> None:
    event = malformed(
        '{"type": "user_transcript", "user_transcription_event": {"user_transcript": ["spoken"]}}'
    )
    assert "spoken" not in event.problem
    assert "spoken" in event.frame


def test_a_wrong_optional_field_does_not_hide_a_wrong_needed_one() -> None:
    event = malformed('{"type": "ping", "ping_event": {"ping_ms": "soon", "event_id": []}}')
    assert event.problem.startswith("ping: ping_event.event_id: ")


def test_a_null_that_counts_as_absent_is_not_what_is_complained_about() -> None:
    event = malformed(frame_of("agent_chat_response_part", '{"text": null, "type": []}'))
    assert event.problem.startswith("agent_chat_response_part: text_response_part.type: ")


def test_a_needed_field_that_is_null_is_not_called_missing() -> None:
    assert "valid integer" in malformed('{"type": "ping", "ping_event": {"event_id": null}}').problem
    assert "required" in malformed('{"type": "ping", "ping_event": {}}').problem


def test_a_frame_is_shown_up_to_two_thousand_characters() -> None:
    frame = '{"type": "interruption", "x": "%s"}' % ("é" * 5000)
    assert malformed(frame).frame == frame[:2000]


def test_a_binary_frame_is_shown_up_to_two_hundred_bytes() -> None:
    assert malformed(b"\x00" * 1000).frame == repr(b"\x00" * 200)


def test_an_unknown_type_keeps_every_field_but_its_own_name() -> None:
    event = parse_server_frame('{"type": "brand_new", "a": {"type": "inner"}, "b": null}')
    assert event == UnknownMessage(type="brand_new", payload={"a": {"type": "inner"}, "b": None})


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    event = parse_server_frame(
        '{"type": "brand_new", "type": "ping", "ping_event": {"event_id": 1, "event_id": 2}}'
    )
    assert isinstance(event, PingMessage)
    assert event.ping_event.event_id == 2


def test_both_readers_agree_on_which_of_two_keys_counts() -> None:
    frame = frame_of("interruption", '{"event_id": 1}, "interruption_event": {"event_id": 2}')
    fast = parse_server_frame(frame)
    slow = parse_server_frame("\ufeff" + frame)
    assert isinstance(fast, InterruptionMessage)
    assert fast == slow


@pytest.mark.parametrize("message_type", sorted(FRAMES))
def test_the_slow_reader_reads_the_same_message_as_the_fast_one(message_type: str) -> None:
    frame = FRAMES[message_type].strip()
    assert parse_server_frame("\ufeff" + frame) == parse_server_frame(frame)


def test_a_byte_order_mark_and_a_raw_newline_in_a_text_do_no_harm() -> None:
    event = parse_server_frame(
        '\ufeff{"type": "user_transcript", "user_transcription_event": {"user_transcript": "a\nb"}}'
    )
    assert isinstance(event, UserTranscriptMessage)
    assert event.user_transcription_event.user_transcript == "a\nb"


def test_half_a_surrogate_pair_in_a_text_is_replaced() -> None:
    event = parse_server_frame(
        r'{"type": "user_transcript", "user_transcription_event": {"user_transcript": "a\ud83db"}}'
    )
    assert isinstance(event, UserTranscriptMessage)
    assert event.user_transcription_event.user_transcript == "a\ufffdb"


def test_a_wrong_optional_field_is_kept_under_its_path() -> None:
    event = parse_server_frame('{"type": "ping", "ping_event": {"event_id": 1, "ping_ms": "soon"}, "x": 2}')
    assert isinstance(event, PingMessage)
    assert event.model_extra == {"ping_event.ping_ms": "soon", "x": 2}
    assert not event.ping_event.model_extra


def test_an_error_is_described_in_one_line_without_what_came() -> None:
    with pytest.raises(ValidationError) as caught:
        ClientToolResultMessage.model_validate_json(
            json.dumps({"tool_call_id": "a", "result": {"said": "x"}})
        )
    assert describe_validation_error(caught.value).count("\n") == 0
    assert "said" not in describe_validation_error(caught.value)

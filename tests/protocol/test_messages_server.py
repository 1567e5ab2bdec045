"""Every message of the agent's side is read, with all that it holds and with the least that it may hold."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from agentframework.protocol.messages import (
    SERVER_MESSAGES,
    AgentChatResponsePartMessage,
    AudioMessage,
    ClientToolCallMessage,
    ConversationInitiationMetadataMessage,
    McpToolCallMessage,
    PingMessage,
    ServerMessage,
    UnknownMessage,
    parse_server_frame,
)
from wire_examples import ACTED_ON, FRAMES, LEAST, frame_of, payload_key

EVERY_TYPE = sorted(SERVER_MESSAGES)
WITH_PAYLOAD = [name for name in EVERY_TYPE if name != "dtmf_request"]
FREE_OBJECTS = ("asr_initiation_metadata", "external_agent_connected", "external_agent_disconnected")
WITH_MODEL = [name for name in WITH_PAYLOAD if name not in FREE_OBJECTS]


def written(message_type: str, payload: object) -> str:
    return frame_of(message_type, json.dumps(payload))


def read(frame: str, message_type: str) -> BaseModel:
    message = parse_server_frame(frame)
    assert type(message) is SERVER_MESSAGES[message_type]
    assert isinstance(message, BaseModel)
    return message


def payload_of(message: BaseModel, message_type: str) -> Any:
    return getattr(message, payload_key(message_type))


def test_there_is_a_class_in_the_union_and_an_example_for_every_type() -> None:
    assert set(FRAMES) == set(SERVER_MESSAGES)
    assert set(get_args(ServerMessage)) == set(SERVER_MESSAGES.values())
    assert set(ACTED_ON) <= set(SERVER_MESSAGES)


@pytest.mark.parametrize("message_type", EVERY_TYPE)
def test_a_full_message_is_read_whole_and_no_field_of_it_is_unknown(message_type: str) -> None:
    message = read(FRAMES[message_type], message_type)
    assert message.model_dump(exclude_unset=True) == json.loads(FRAMES[message_type])
    assert not message.model_extra
    if message_type in WITH_MODEL:
        assert not payload_of(message, message_type).model_extra


@pytest.mark.parametrize("message_type", EVERY_TYPE)
def test_unknown_fields_are_kept_beside_the_payload_and_inside_it(message_type: str) -> None:
    value = json.loads(FRAMES[message_type])
    value["new_outside"] = {"a": [1]}
    if message_type in WITH_PAYLOAD:
        value[payload_key(message_type)]["new_inside"] = "b"
    message = read(json.dumps(value), message_type)
    assert message.model_extra == {"new_outside": {"a": [1]}}
    if message_type in WITH_MODEL:
        assert payload_of(message, message_type).model_extra == {"new_inside": "b"}
    elif message_type in FREE_OBJECTS:
        assert payload_of(message, message_type)["new_inside"] == "b"


@pytest.mark.parametrize("message_type", sorted(LEAST))
def test_what_old_servers_leave_out_may_be_absent(message_type: str) -> None:
    payload = LEAST[message_type]
    frame = json.dumps({"type": message_type}) if payload is None else written(message_type, payload)
    message = read(frame, message_type)
    assert message.model_dump(exclude_unset=True) == json.loads(frame)


@pytest.mark.parametrize("message_type", [name for name in WITH_MODEL if LEAST[name]])
def test_each_field_of_the_least_payload_is_needed(message_type: str) -> None:
    for field in LEAST[message_type]:
        payload = {name: value for name, value in LEAST[message_type].items() if name != field}
        assert not isinstance(parse_server_frame(written(message_type, payload)), BaseModel)


@pytest.mark.parametrize(
    "message_type",
    [name for name in WITH_MODEL if '"event_id": ' in FRAMES[name] and "reasoning" not in name],
)
def test_an_event_id_may_come_as_a_numeric_string(message_type: str) -> None:
    payload = json.loads(FRAMES[message_type])[payload_key(message_type)]
    number = payload["event_id"]
    message = read(written(message_type, payload | {"event_id": str(number)}), message_type)
    assert payload_of(message, message_type).event_id == number


def test_the_event_id_of_a_streamed_part_need_not_be_a_number() -> None:
    message = parse_server_frame(written("agent_chat_response_part", {"type": "start", "event_id": "turn-a"}))
    assert isinstance(message, AgentChatResponsePartMessage)
    assert message.text_response_part.event_id == "turn-a"


@pytest.mark.parametrize("message_type", ["client_tool_call", "agent_tool_request", "mcp_tool_call"])
def test_a_call_id_may_come_as_a_number_and_becomes_a_text(message_type: str) -> None:
    payload = json.loads(FRAMES[message_type])[payload_key(message_type)]
    message = read(written(message_type, payload | {"tool_call_id": 77}), message_type)
    assert payload_of(message, message_type).tool_call_id == "77"


@pytest.mark.parametrize("message_type", [name for name in WITH_MODEL if LEAST[name] is not None])
def test_an_optional_field_that_is_null_is_as_good_as_absent(message_type: str) -> None:
    full = json.loads(FRAMES[message_type])[payload_key(message_type)]
    nulls = {field: LEAST[message_type].get(field) for field in full}
    least = read(written(message_type, LEAST[message_type]), message_type)
    assert read(written(message_type, nulls), message_type) == least


@pytest.mark.parametrize("message_type", ["asr_initiation_metadata", "guardrail_triggered"])
def test_an_optional_payload_that_is_null_is_as_good_as_absent(message_type: str) -> None:
    absent = read(json.dumps({"type": message_type}), message_type)
    assert read(written(message_type, None), message_type) == absent


def test_formats_that_the_metadata_leaves_out_are_the_default_of_the_wire() -> None:
    message = parse_server_frame(written("conversation_initiation_metadata", {"conversation_id": "c"}))
    assert isinstance(message, ConversationInitiationMetadataMessage)
    event = message.conversation_initiation_metadata_event
    assert (event.agent_output_audio_format, event.user_input_audio_format) == ("pcm_16000", "pcm_16000")


@pytest.mark.parametrize("field", ["alignment", "is_final"])
def test_audio_is_read_even_where_what_adorns_it_is_not(field: str) -> None:
    payload = {"audio_base_64": "AAAA", "event_id": 1, field: {"chars": [["deep"]]}}
    message = parse_server_frame(written("audio", payload))
    assert isinstance(message, AudioMessage)
    assert message.audio_event.audio_base_64 == "AAAA"
    assert getattr(message.audio_event, field) is None
    assert message.model_extra == {f"audio_event.{field}": {"chars": [["deep"]]}}


@pytest.mark.parametrize("ping_ms", ['"soon"', "[]", "NaN", "1e999"])
def test_a_ping_is_read_even_where_its_estimate_is_not(ping_ms: str) -> None:
    message = parse_server_frame(frame_of("ping", f'{{"event_id": 3, "ping_ms": {ping_ms}}}'))
    assert isinstance(message, PingMessage)
    assert (message.ping_event.event_id, message.ping_event.ping_ms) == (3, None)


def test_a_field_whose_default_would_claim_something_is_not_guessed() -> None:
    payload = LEAST["agent_tool_response"] | {"is_error": {"maybe": 1}}
    assert not isinstance(parse_server_frame(written("agent_tool_response", payload)), BaseModel)


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ('"false"', None),
        ("0", None),
        ('"x"', None),
        ("[]", None),
    ],
)
def test_only_a_json_boolean_says_whether_an_answer_is_expected(sent: str, read_as: bool | None) -> None:
    payload = f'{{"tool_call_id": "a", "expects_response": {sent}}}'
    message = parse_server_frame(frame_of("client_tool_call", payload))
    assert isinstance(message, ClientToolCallMessage)
    assert message.client_tool_call.expects_response is read_as


@pytest.mark.parametrize("parameters", [{}, {"a": 1}, None, [], "{}", 0, False, [1, {"b": None}]])
def test_parameters_of_a_call_are_kept_as_they_came(parameters: object) -> None:
    message = parse_server_frame(written("client_tool_call", {"tool_call_id": "a", "parameters": parameters}))
    assert isinstance(message, ClientToolCallMessage)
    assert message.client_tool_call.parameters == parameters
    assert type(message.client_tool_call.parameters) is type(parameters)


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ("loading", {}),
        ("awaiting_approval", {"approval_timeout_secs": 30}),
        ("success", {"result": [{"type": "text", "text": "found"}]}),
        ("failure", {"error_message": "gone"}),
    ],
)
def test_an_mcp_call_is_read_in_each_of_its_states(state: str, more: dict[str, object]) -> None:
    message = parse_server_frame(written("mcp_tool_call", LEAST["mcp_tool_call"] | {"state": state} | more))
    assert isinstance(message, McpToolCallMessage)
    assert (
        message.mcp_tool_call.model_dump(exclude_unset=True)
        == LEAST["mcp_tool_call"] | {"state": state} | more
    )


def test_a_type_that_nobody_knows_is_an_event_with_all_its_fields() -> None:
    message = parse_server_frame('{"a": 1, "type": "brand_new", "payload": {"b": [2]}}')
    assert message == UnknownMessage(type="brand_new", payload={"a": 1, "payload": {"b": [2]}})


def test_a_message_that_was_read_cannot_be_changed() -> None:
    message = parse_server_frame(FRAMES["ping"])
    assert isinstance(message, PingMessage)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message.ping_event, "event_id", 13)  # noqa: B010 - the type checker forbids it too

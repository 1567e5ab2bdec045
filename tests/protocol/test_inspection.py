"""What a client sends is a message, a message with remarks, or refused (design 7)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.protocol.inspection import Inspected, Refused, RemarkKind, inspect_client_frame
from agentframework.protocol.messages import (
    CLIENT_MESSAGES,
    ConversationInitiationClientDataMessage,
    FeedbackMessage,
    PongMessage,
    UserAudioChunkMessage,
)

VALID: dict[str, dict[str, Any]] = {
    "user_audio_chunk": {"user_audio_chunk": base64.b64encode(b"\0\0").decode()},
    "pong": {"type": "pong", "event_id": 12},
    "conversation_initiation_client_data": {"type": "conversation_initiation_client_data"},
    "client_tool_result": {
        "type": "client_tool_result",
        "tool_call_id": "tc_1",
        "result": "text",
        "is_error": False,
    },
    "contextual_update": {"type": "contextual_update", "text": "User opened pricing", "context_id": "page"},
    "user_message": {"type": "user_message", "text": "Hello"},
    "user_activity": {"type": "user_activity"},
    "multimodal_message": {
        "type": "multimodal_message",
        "text": {"type": "user_message", "text": "What is this?"},
        "file": {"type": "file_input", "file_id": "f1"},
        "files": [{"type": "file_input", "file_id": "f1"}],
    },
    "feedback": {"type": "feedback", "event_id": 43, "score": "like"},
    "mcp_tool_approval_result": {
        "type": "mcp_tool_approval_result",
        "tool_call_id": "mc_1",
        "is_approved": True,
    },
    "enclave_setup_config": {"type": "enclave_setup_config", "agent_config_dict": None},
}

REQUIRED = [
    ("pong", "event_id"),
    ("client_tool_result", "tool_call_id"),
    ("client_tool_result", "result"),
    ("client_tool_result", "is_error"),
    ("contextual_update", "text"),
    ("feedback", "event_id"),
    ("mcp_tool_approval_result", "tool_call_id"),
    ("mcp_tool_approval_result", "is_approved"),
]

WRONG_TYPES: list[tuple[str, str, object]] = [
    ("user_audio_chunk", "user_audio_chunk", 5),
    ("pong", "event_id", "twelve"),
    ("pong", "event_id", 1.5),
    ("pong", "event_id", True),
    ("pong", "event_id", None),
    ("client_tool_result", "result", {"temperature": 3}),
    ("client_tool_result", "result", [1]),
    ("client_tool_result", "result", 7),
    ("client_tool_result", "result", True),
    ("client_tool_result", "result", None),
    ("client_tool_result", "tool_call_id", 5),
    ("client_tool_result", "is_error", "false"),
    ("client_tool_result", "is_error", 0),
    ("client_tool_result", "error_type", 5),
    ("contextual_update", "text", ["a"]),
    ("contextual_update", "context_id", 5),
    ("user_message", "text", 5),
    ("user_message", "text", {"text": "Hello"}),
    ("multimodal_message", "text", "Hello"),
    ("multimodal_message", "files", {"file_id": "f1"}),
    ("multimodal_message", "file", {"type": "file_input"}),
    ("feedback", "event_id", "first"),
    ("feedback", "score", "great"),
    ("mcp_tool_approval_result", "is_approved", "yes"),
    ("conversation_initiation_client_data", "conversation_config_override", []),
    ("conversation_initiation_client_data", "dynamic_variables", "name=Ann"),
    ("conversation_initiation_client_data", "user_id", 5),
    ("enclave_setup_config", "tools_config_list", {}),
    ("enclave_setup_config", "post_call_audio_webhook", {"url": "https://x/a", "hmac_secret": "short"}),
    ("enclave_setup_config", "post_call_audio_webhook", {}),
]

NO_MESSAGES = [
    ("", "not JSON"),
    ("hello", "not JSON"),
    ('{"type": "pong", "event_id": NaN}', "not JSON"),
    ("[" * 100_000, "nested too deeply"),
    ("[]", "expected an object, got a list"),
    ("5", "expected an object, got a number"),
    ('"user_activity"', "expected an object, got a text"),
    ("null", "expected an object, got null"),
    ("{}", "an object without a type"),
    ('{"type": null}', "an object without a type"),
    ('{"type": 5}', "type: expected a text, got a number"),
    ('{"type": "tool_result"}', "did you mean 'client_tool_result'?"),
    ('{"type": "hello"}', "no message has this type"),
    ('{"user_audio_chunk": "***"}', "no standard base64"),
    ('{"user_audio_chunk": "AAA"}', "no standard base64"),
    (b'{"type": "user_activity"}', "a binary frame"),
]


def refusal(frame: str | bytes) -> str:
    read = inspect_client_frame(frame)
    assert isinstance(read, Refused)
    return read.problem


def inspected(message: dict[str, Any]) -> Inspected:
    read = inspect_client_frame(json.dumps(message))
    assert isinstance(read, Inspected), read
    return read


def test_there_is_an_example_of_each_message() -> None:
    assert set(VALID) == set(CLIENT_MESSAGES)


@pytest.mark.parametrize("message_type", VALID)
def test_a_correct_message_is_read_without_a_remark(message_type: str) -> None:
    read = inspected(VALID[message_type])

    assert read.message.type == message_type
    assert type(read.message) is CLIENT_MESSAGES[message_type]
    assert read.remarks == ()


@pytest.mark.parametrize(("message_type", "field"), REQUIRED)
def test_a_missing_field_is_refused_by_its_name(message_type: str, field: str) -> None:
    frame = {name: value for name, value in VALID[message_type].items() if name != field}

    assert refusal(json.dumps(frame)) == f"{message_type}.{field}: required, but missing"


@pytest.mark.parametrize(("message_type", "field", "value"), WRONG_TYPES)
def test_a_field_of_the_wrong_type_is_refused_by_its_name(
    message_type: str, field: str, value: object
) -> None:
    problem = refusal(json.dumps({**VALID[message_type], field: value}))

    assert field in problem
    assert problem.startswith(message_type)


def test_a_refusal_says_what_was_expected_and_what_came() -> None:
    frame = json.dumps({**VALID["client_tool_result"], "result": {"secret": "s3cret"}})

    assert refusal(frame) == "client_tool_result.result: expected a text, got an object"


@pytest.mark.parametrize(("frame", "problem"), NO_MESSAGES)
def test_what_is_no_message_is_refused(frame: str | bytes, problem: str) -> None:
    assert problem in refusal(frame)


def test_old_and_new_webhook_exclude_each_other() -> None:
    webhook = {"url": "https://x/a"}
    frame = {
        "type": "enclave_setup_config",
        "post_call_audio_webhook": webhook,
        "post_call_audio_webhook_url": "https://x/b",
    }

    assert "exclude each other" in refusal(json.dumps(frame))
    assert inspected({**frame, "post_call_audio_webhook_url": ""}).remarks == ()


def test_audio_is_decoded() -> None:
    read = inspected({"user_audio_chunk": base64.b64encode(b"\1\2\3\4").decode()})

    assert isinstance(read.message, UserAudioChunkMessage)
    assert read.audio == b"\1\2\3\4"


@pytest.mark.parametrize("message_type", sorted(set(VALID) - {"user_audio_chunk"}))
def test_an_extra_field_is_remarked_with_the_nearest_known_one(message_type: str) -> None:
    read = inspected({**VALID[message_type], "typ": 1})

    assert [remark.kind for remark in read.remarks] == [RemarkKind.EXTRA_FIELD]
    assert read.remarks[0].text == f"{message_type}: typ: no such field is known; did you mean 'type'?"


def test_an_extra_field_inside_a_part_is_remarked_by_its_path() -> None:
    file = {"type": "file_input", "file_id": "f1", "name": "a.png"}
    read = inspected({"type": "multimodal_message", "files": [file]})

    assert read.remarks[0].text.startswith("multimodal_message.files: name: ")


def test_audio_with_a_type_or_company_is_remarked() -> None:
    read = inspected({"type": "user_audio_chunk", "user_audio_chunk": "AAAA", "sample_rate": 16000})

    assert [remark.kind for remark in read.remarks] == [RemarkKind.EXTRA_FIELD] * 2


def test_many_odd_fields_give_a_handful_of_remarks() -> None:
    read = inspected({"type": "user_activity", **{f"field{n}": n for n in range(1000)}})

    assert len(read.remarks) == 20


@pytest.mark.parametrize("message_type", ["pong", "feedback"])
def test_an_event_id_as_text_is_read_with_a_remark(message_type: str) -> None:
    read = inspected({**VALID[message_type], "event_id": "12"})

    assert isinstance(read.message, PongMessage | FeedbackMessage)
    assert read.message.event_id == 12
    assert [remark.kind for remark in read.remarks] == [RemarkKind.NUMERIC_STRING]


ODD_INITIATIONS: list[tuple[dict[str, Any], RemarkKind, str]] = [
    ({"conversation_config_override": {"text_only": True}}, RemarkKind.UNKNOWN_OVERRIDE, "text_only"),
    ({"conversation_config_override": {"agent": None}}, RemarkKind.ODD_VALUE, "agent: an object"),
    ({"dynamic_variables": {"a": {"b": 1}}}, RemarkKind.ODD_VALUE, "dynamic_variables.a"),
    ({"dynamic_variables": {"system__time": "now"}}, RemarkKind.ODD_VALUE, "reserved"),
    ({"source_info": {"source": "me", "version": "1" * 51}}, RemarkKind.ODD_VALUE, "version"),
    ({"start_procedure_ids": ["p"] * 6}, RemarkKind.ODD_VALUE, "start_procedure_ids"),
]


@pytest.mark.parametrize(("fields", "kind", "words"), ODD_INITIATIONS)
def test_odd_initiation_data_is_remarked(fields: dict[str, Any], kind: RemarkKind, words: str) -> None:
    read = inspected({"type": "conversation_initiation_client_data", **fields})

    assert isinstance(read.message, ConversationInitiationClientDataMessage)
    assert [remark.kind for remark in read.remarks] == [kind]
    assert words in read.remarks[0].text


def test_more_files_than_the_platform_takes_are_remarked() -> None:
    file = {"type": "file_input", "file_id": "f1"}

    assert inspected({"type": "multimodal_message", "files": [file] * 5}).remarks == ()
    assert inspected({"type": "multimodal_message", "files": [file] * 6}).remarks != ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = sorted({name for cls in CLIENT_MESSAGES.values() for name in cls.model_fields} - {"type"})


@given(st.text() | st.binary())
def test_no_text_and_no_bytes_make_it_raise(frame: str | bytes) -> None:
    assert isinstance(inspect_client_frame(frame), Refused)


@given(st.sampled_from(sorted(CLIENT_MESSAGES)), st.dictionaries(st.sampled_from(FIELDS) | st.text(), JSON))
def test_no_object_makes_it_raise(message_type: str, fields: dict[str, object]) -> None:
    read = inspect_client_frame(json.dumps({"type": message_type, **fields}))

    if isinstance(read, Inspected):
        assert read.message.to_frame()

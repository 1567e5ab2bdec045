"""What we send is exactly what the wire asks for, and what would be refused there cannot be built here."""

from __future__ import annotations

import json
from typing import Any

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentframework.protocol.messages import (
    CLIENT_MESSAGES,
    ClientMessage,
    ClientToolResultMessage,
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    FeedbackMessage,
    FileInput,
    McpToolApprovalResultMessage,
    MultimodalMessage,
    PongMessage,
    PostCallWebhook,
    SourceInfo,
    UserActivityMessage,
    UserAudioChunkMessage,
    UserMessage,
)

OVERRIDES: dict[str, Any] = {
    "agent": {"first_message": "Hi", "prompt": {"llm": "gemini-2.5-flash", "tool_ids": []}},
    "conversation": {"text_only": True},
}
VARIABLES: dict[str, Any] = {
    "user_name": "Ann",
    "n": 3,
    "vip": True,
    "list": ["a", 1, None, ["x"]],
    "none": None,
}
ON_PREM_OLD_FIELDS = (
    '{"type":"enclave_setup_config","agent_config_dict":null,"override_agent_config_list":null,'
    '"tools_config_list":null,"post_call_transcription_webhook_url":null,"post_call_audio_webhook_url":null,'
    '"prompt_knowledge_base":null'
)

GOLDEN: list[tuple[ClientMessage, str]] = [
    (UserAudioChunkMessage(user_audio_chunk="AAAA"), '{"user_audio_chunk":"AAAA"}'),
    (PongMessage(event_id=123), '{"type":"pong","event_id":123}'),
    (PongMessage(event_id=0), '{"type":"pong","event_id":0}'),
    (ConversationInitiationClientDataMessage(), '{"type":"conversation_initiation_client_data"}'),
    (
        ConversationInitiationClientDataMessage(
            conversation_config_override=OVERRIDES,
            custom_llm_extra_body={"temperature": 0.7},
            dynamic_variables=VARIABLES,
            user_id="u1",
            source_info=SourceInfo(source="python_sdk", version=None),
            branch_id="br_1",
            environment="staging",
            starting_workflow_node_id="n1",
            procedure_ids=["p1"],
            start_procedure_ids=["p1"],
            tool_mock_config={"mocking_strategy": "all"},
        ),
        (
            '{"type":"conversation_initiation_client_data","conversation_config_override":{"agent":'
            '{"first_message":"Hi","prompt":{"llm":"gemini-2.5-flash","tool_ids":[]}},"conversation":'
            '{"text_only":true}},"custom_llm_extra_body":{"temperature":0.7},"dynamic_variables":{"user_name":"Ann",'
            '"n":3,"vip":true,"list":["a",1,null,["x"]],"none":null},"user_id":"u1","source_info":'
            '{"source":"python_sdk"},"branch_id":"br_1","environment":"staging","starting_workflow_node_id":"n1",'
            '"procedure_ids":["p1"],"start_procedure_ids":["p1"],"tool_mock_config":{"mocking_strategy":"all"}}'
        ),
    ),
    (
        ClientToolResultMessage(tool_call_id="tc_1", result="text", is_error=False),
        '{"type":"client_tool_result","tool_call_id":"tc_1","result":"text","is_error":false}',
    ),
    (
        ClientToolResultMessage(tool_call_id="tc_1", result="", is_error=True, error_type="client_timeout"),
        (
            '{"type":"client_tool_result","tool_call_id":"tc_1","result":"","is_error":true,'
            '"error_type":"client_timeout"}'
        ),
    ),
    (ContextualUpdateMessage(text="Æ 🎧"), '{"type":"contextual_update","text":"Æ 🎧"}'),
    (
        ContextualUpdateMessage(text="User opened pricing", context_id="page"),
        '{"type":"contextual_update","text":"User opened pricing","context_id":"page"}',
    ),
    (UserMessage(text='say "hi"\n'), '{"type":"user_message","text":"say \\"hi\\"\\n"}'),
    (UserMessage(text=None), '{"type":"user_message"}'),
    (
        UserMessage(text="", user_identifier="u", rich_content_id="rc"),
        '{"type":"user_message","text":"","user_identifier":"u","rich_content_id":"rc"}',
    ),
    (UserActivityMessage(), '{"type":"user_activity"}'),
    (
        MultimodalMessage(
            text=UserMessage(text="What is this?"),
            file=FileInput(file_id="f1"),
            files=[FileInput(file_id="f1"), FileInput(file_id="f2")],
        ),
        (
            '{"type":"multimodal_message","text":{"type":"user_message","text":"What is this?"},"file":'
            '{"type":"file_input","file_id":"f1"},"files":[{"type":"file_input","file_id":"f1"},'
            '{"type":"file_input","file_id":"f2"}]}'
        ),
    ),
    (
        MultimodalMessage(text=UserMessage(text="Hi")),
        '{"type":"multimodal_message","text":{"type":"user_message","text":"Hi"}}',
    ),
    (FeedbackMessage(event_id=43, score="like"), '{"type":"feedback","event_id":43,"score":"like"}'),
    (FeedbackMessage(event_id=43, score=None), '{"type":"feedback","event_id":43,"score":null}'),
    (
        McpToolApprovalResultMessage(tool_call_id="mc_1", is_approved=True),
        '{"type":"mcp_tool_approval_result","tool_call_id":"mc_1","is_approved":true}',
    ),
    (EnclaveSetupConfigMessage(), ON_PREM_OLD_FIELDS + "}"),
    (
        EnclaveSetupConfigMessage(
            bedrock_inference_profile="global",
            post_call_transcription_webhook=PostCallWebhook(
                url="https://x/t", hmac_secret="0123456789abcdef"
            ),
            post_call_audio_webhook=PostCallWebhook(url="https://x/a"),
        ),
        ON_PREM_OLD_FIELDS + ',"bedrock_inference_profile":"global","post_call_transcription_webhook":'
        '{"url":"https://x/t","hmac_secret":"0123456789abcdef"},"post_call_audio_webhook":{"url":"https://x/a"}}',
    ),
]


@pytest.mark.parametrize(("message", "frame"), GOLDEN, ids=lambda value: getattr(value, "type", None))
def test_a_message_is_written_as_the_wire_wants_it(message: ClientMessage, frame: str) -> None:
    assert message.to_frame() == frame


def test_there_is_a_golden_frame_for_every_message() -> None:
    assert {message.type for message, _ in GOLDEN} == set(CLIENT_MESSAGES)
    assert {type(message) for message, _ in GOLDEN} == set(CLIENT_MESSAGES.values())


@pytest.mark.parametrize(("message", "frame"), GOLDEN, ids=lambda value: getattr(value, "type", None))
def test_what_was_written_is_read_as_the_same_message(message: ClientMessage, frame: str) -> None:
    assert type(message).model_validate_json(frame).to_frame() == frame


WRONG: list[tuple[type[ClientMessage], dict[str, Any]]] = [
    (UserAudioChunkMessage, {"user_audio_chunk": b"\x00\x01"}),
    (UserAudioChunkMessage, {}),
    (PongMessage, {"event_id": "12"}),
    (PongMessage, {"event_id": 12.0}),
    (PongMessage, {"event_id": True}),
    (PongMessage, {"event_id": None}),
    (PongMessage, {"event_id": 1, "type": "ping"}),
    (ConversationInitiationClientDataMessage, {"conversation_config_override": "x"}),
    (ConversationInitiationClientDataMessage, {"conversation_config_override": {"agent": object()}}),
    (ConversationInitiationClientDataMessage, {"custom_llm_extra_body": {"temperature": float("nan")}}),
    (ConversationInitiationClientDataMessage, {"custom_llm_extra_body": [1]}),
    (ConversationInitiationClientDataMessage, {"dynamic_variables": {"a": {1, 2}}}),
    (ConversationInitiationClientDataMessage, {"dynamic_variables": {"a": b"x"}}),
    (ConversationInitiationClientDataMessage, {"dynamic_variables": {"a": "\ud800"}}),
    (ConversationInitiationClientDataMessage, {"user_id": 7}),
    (ConversationInitiationClientDataMessage, {"source_info": {"source": 7}}),
    (ConversationInitiationClientDataMessage, {"branch_id": 7}),
    (ConversationInitiationClientDataMessage, {"procedure_ids": "p1"}),
    (ConversationInitiationClientDataMessage, {"procedure_ids": [1]}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": {"b": 1}, "is_error": False}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": 1, "is_error": False}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": None, "is_error": False}),
    (ClientToolResultMessage, {"tool_call_id": 1, "result": "b", "is_error": False}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": "b", "is_error": "false"}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": "b", "is_error": 0}),
    (ClientToolResultMessage, {"tool_call_id": "a", "result": "b"}),
    (ContextualUpdateMessage, {"text": None}),
    (ContextualUpdateMessage, {"text": "a", "context_id": 1}),
    (UserMessage, {"text": 5}),
    (UserMessage, {"text": b"bytes"}),
    (MultimodalMessage, {"text": "no user_message"}),
    (MultimodalMessage, {"file": {"file_id": 1}}),
    (MultimodalMessage, {"files": [{}]}),
    (FeedbackMessage, {"event_id": 1, "score": "LIKE"}),
    (FeedbackMessage, {"score": "like"}),
    (McpToolApprovalResultMessage, {"tool_call_id": "a", "is_approved": "yes"}),
    (EnclaveSetupConfigMessage, {"agent_config_dict": []}),
    (EnclaveSetupConfigMessage, {"tools_config_list": [1]}),
    (EnclaveSetupConfigMessage, {"prompt_knowledge_base": [1]}),
    (EnclaveSetupConfigMessage, {"post_call_audio_webhook": {"hmac_secret": "0123456789abcdef"}}),
]


@pytest.mark.parametrize(("message_class", "fields"), WRONG)
def test_a_field_of_the_wrong_type_is_refused_when_the_message_is_built(
    message_class: type[ClientMessage], fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        message_class(**fields)


def test_a_table_that_contains_itself_is_refused() -> None:
    knot: dict[str, Any] = {}
    knot["knot"] = knot
    with pytest.raises(ValidationError, match="cannot be written as JSON"):
        ConversationInitiationClientDataMessage(dynamic_variables={"a": knot})


def test_a_table_that_is_nested_without_end_is_refused() -> None:
    tower: list[Any] = []
    for _ in range(100_000):
        tower = [tower]
    with pytest.raises(ValidationError, match="cannot be written as JSON"):
        ConversationInitiationClientDataMessage(dynamic_variables={"a": tower})


def test_what_was_refused_is_not_shown_in_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        PostCallWebhook.model_validate({"url": "https://x/t", "hmac_secret": ["top secret"]})
    assert "hmac_secret" in str(caught.value)
    assert "top secret" not in str(caught.value)


def test_the_secret_of_a_webhook_is_not_in_its_repr() -> None:
    setup = EnclaveSetupConfigMessage(
        post_call_audio_webhook=PostCallWebhook(url="https://x/a", hmac_secret="0123456789abcdef")
    )
    assert "0123456789abcdef" not in repr(setup)


def test_a_later_change_of_the_callers_table_does_not_change_the_message() -> None:
    variables: dict[str, Any] = {"list": ["a"]}
    message = ConversationInitiationClientDataMessage(dynamic_variables=variables)
    variables["list"].append(object())
    assert json.loads(message.to_frame())["dynamic_variables"] == {"list": ["a"]}


def test_overrides_that_are_null_are_left_out_at_any_depth() -> None:
    message = ConversationInitiationClientDataMessage(
        conversation_config_override={"agent": {"first_message": None, "prompt": {"llm": None}}, "tts": None},
        tool_mock_config={"mocked_tool_names": None},
    )
    frame = json.loads(message.to_frame())
    assert frame["conversation_config_override"] == {"agent": {"prompt": {}}}
    assert frame["tool_mock_config"] == {}


def test_nulls_are_sent_where_they_mean_something() -> None:
    message = ConversationInitiationClientDataMessage(
        dynamic_variables={"a": None, "b": [None]}, custom_llm_extra_body={"stop": None}
    )
    frame = json.loads(message.to_frame())
    assert frame["dynamic_variables"] == {"a": None, "b": [None]}
    assert frame["custom_llm_extra_body"] == {"stop": None}


def test_what_an_on_prem_export_holds_is_sent_as_it_is() -> None:
    export = {"tts": {"voice_id": None}, "tools": [{"a": None}]}
    message = EnclaveSetupConfigMessage(
        agent_config_dict=export, tools_config_list=[{"name": "t", "x": None}]
    )
    frame = json.loads(message.to_frame())
    assert frame["agent_config_dict"] == export
    assert frame["tools_config_list"] == [{"name": "t", "x": None}]


@given(st.text())
def test_any_text_arrives_as_it_was(text: str) -> None:
    assert json.loads(UserMessage(text=text).to_frame().encode("utf-8"))["text"] == text


@pytest.mark.parametrize(
    ("text", "arrives"),
    [("\ud800", "\ufffd"), ("x\udc80y", "x\ufffdy"), ("é\ud83d", "é\ufffd"), ("\ud83d\ude00", "\U0001f600")],
)
def test_half_a_surrogate_pair_is_replaced_since_utf8_cannot_carry_it(text: str, arrives: str) -> None:
    assert json.loads(UserMessage(text=text).to_frame().encode("utf-8"))["text"] == arrives
    result = ClientToolResultMessage(tool_call_id="a", result=text, is_error=False)
    assert json.loads(result.to_frame().encode("utf-8"))["result"] == arrives


@given(st.binary(max_size=400))
def test_the_short_way_to_a_frame_of_audio_ends_where_the_long_one_does(audio: bytes) -> None:
    chunk = pybase64.b64encode_as_string(audio)
    assert UserAudioChunkMessage.frame_of(audio) == UserAudioChunkMessage(user_audio_chunk=chunk).to_frame()

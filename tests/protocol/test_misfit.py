"""A program's values that are no message are refused in words, without the values themselves."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from agentframework.protocol.messages import (
    ClientMessage,
    ContextualUpdateMessage,
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
    FeedbackMessage,
    McpToolApprovalResultMessage,
    UserMessage,
)
from agentframework.protocol.messages.misfit import make_message
from agentframework.protocol.opening import opening_message


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (UserMessage, {"text": 5}, "user_message.text: expected a text, got a number"),
        (UserMessage, {"text": b"secret"}, "user_message.text: expected a text, got a bytes"),
        (ContextualUpdateMessage, {}, "contextual_update.text: required, but missing"),
        (
            ContextualUpdateMessage,
            {"text": ["secret"]},
            "contextual_update.text: expected a text, got a list",
        ),
        (
            FeedbackMessage,
            {"event_id": 3, "score": "great"},
            "feedback.score: expected 'like' or 'dislike', got a text",
        ),
        (FeedbackMessage, {"event_id": "3"}, "feedback.event_id: expected a whole number, got a text"),
        (
            McpToolApprovalResultMessage,
            {"tool_call_id": "t", "is_approved": "yes"},
            "mcp_tool_approval_result.is_approved: expected true or false, got a text",
        ),
        (
            EnclaveSetupConfigMessage,
            {"tools_config_list": [{"a": object()}]},
            "enclave_setup_config.tools_config_list.0: cannot be written as JSON: Object of type object",
        ),
        (
            ConversationInitiationClientDataMessage,
            {"dynamic_variables": {"when": datetime.date(2026, 1, 2)}},
            "conversation_initiation_client_data.dynamic_variables: cannot be written as JSON: Object of type date",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_not_shown(
    kind: type[ClientMessage], fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError) as refused:
        make_message(kind, **fields)
    assert str(refused.value).startswith(said)
    assert "secret" not in str(refused.value)
    assert "pydantic" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", ["overrides", "dynamic_variables", "custom_llm_extra_body"])
def test_what_should_be_a_table_and_is_none_is_refused(name: str) -> None:
    wrong: dict[str, Any] = {name: ["x"]}
    with pytest.raises(
        ValueError, match=r"conversation_initiation_client_data\.\w+: expected an object, got a list"
    ):
        opening_message(text_only=True, **wrong)

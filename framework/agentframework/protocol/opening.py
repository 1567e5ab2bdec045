"""The opening frame of a conversation, with each setting where the server reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentframework.protocol.messages import ConversationInitiationClientDataMessage

__all__ = ["opening_message"]


def opening_message(
    *,
    text_only: bool,
    overrides: Mapping[str, Any] | None = None,
    dynamic_variables: Mapping[str, Any] | None = None,
    custom_llm_extra_body: Mapping[str, Any] | None = None,
    user_id: str | None = None,
    branch_id: str | None = None,
) -> ConversationInitiationClientDataMessage:
    """The message that opens a conversation (protocol 2.3); what is empty is left out.

    `text_only` goes to `conversation_config_override.conversation`, where the server reads it (protocol 4.7), unless
    `overrides` says something of its own there.
    """
    override = dict(overrides or {})
    if text_only:
        override["conversation"] = {"text_only": True, **(override.get("conversation") or {})}
    return ConversationInitiationClientDataMessage(
        conversation_config_override=override or None,
        custom_llm_extra_body=dict(custom_llm_extra_body or {}) or None,
        dynamic_variables=dict(dynamic_variables or {}) or None,
        user_id=user_id or None,
        branch_id=branch_id,
    )

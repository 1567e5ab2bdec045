"""The opening frame of a conversation, with each setting where the server reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentframework.protocol.messages import ConversationInitiationClientDataMessage
from agentframework.protocol.messages.misfit import make_message

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
    override: Any = _copied(overrides)
    if text_only and isinstance(override, dict):
        override["conversation"] = {"text_only": True, **(override.get("conversation") or {})}
    return make_message(
        ConversationInitiationClientDataMessage,
        conversation_config_override=override or None,
        custom_llm_extra_body=_copied(custom_llm_extra_body) or None,
        dynamic_variables=_copied(dynamic_variables) or None,
        user_id=user_id or None,
        branch_id=branch_id,
    )


def _copied(given: Any) -> Any:
    """A table as a dict of its own; what is no table is left for the message to refuse."""
    return dict(given) if isinstance(given, Mapping) else given or {}

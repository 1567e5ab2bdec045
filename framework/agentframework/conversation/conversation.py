"""The SDK's `Conversation`, on our engine."""

from __future__ import annotations

from typing import Literal

from agentframework.conversation.account import File
from agentframework.conversation.base import BaseConversation
from agentframework.conversation.outgoing import multimodal_message
from agentframework.protocol.messages import (
    ContextualUpdateMessage,
    FeedbackMessage,
    UserActivityMessage,
    UserMessage,
)
from agentframework.protocol.messages.misfit import make_message

__all__ = ["Conversation"]


class Conversation(BaseConversation):
    """A conversation for programs without a loop of their own: every method may be called from any thread."""

    __doc__ = f"{__doc__}\n\n{BaseConversation.__doc__}"
    _has_own_loop = False

    def start_session(self) -> None:
        """Open the conversation; returns when the agent has accepted it.

        Raises `StartError` where that does not happen within `connect_timeout`, with the reason and what would help;
        `AuthError`, `NotFoundError` or `RestError` where no signed URL is to be had; `SessionError` where it
        was started before. Interrupted while it waits (Ctrl-C), it ends the conversation.
        """
        started = self._begin(None)
        try:
            started.result()
        except BaseException:
            self._end()
            raise

    def end_session(self) -> None:
        """End the conversation; from any thread, callback or tool, as often as you like; does not wait."""
        self._end()

    def wait_for_session_end(self) -> str | None:
        """Wait until either side has ended it; the conversation's id, or None where the start failed.

        Raises `SessionError` where it was never started: there is no end to wait for.
        """
        self._running().ended.result()
        return self.conversation_id

    def send_user_message(
        self, text: str, *, user_identifier: str | None = None, rich_content_id: str | None = None
    ) -> None:
        """Say something in writing (protocol 2.6). Raises `SessionEndedError` before the start and after the end."""
        self._send(
            make_message(
                UserMessage, text=text, user_identifier=user_identifier, rich_content_id=rich_content_id
            )
        )

    def send_contextual_update(self, text: str, *, context_id: str | None = None) -> None:
        """Tell the agent something in the background; it takes the place of what had the same `context_id`."""
        self._send(make_message(ContextualUpdateMessage, text=text, context_id=context_id))

    def register_user_activity(self) -> None:
        """The user is there: keeps the agent from speaking up (protocol 2.7). Raises `SessionEndedError`."""
        self._send(UserActivityMessage())

    def send_multimodal_message(
        self, text: str | None = None, file_id: str | None = None, file_ids: list[str] | None = None
    ) -> None:
        """Send text with files that were uploaded before. Raises ValueError where there is neither."""
        self._send(multimodal_message(text, file_id, file_ids))

    def send_feedback(self, event_id: int, score: Literal["like", "dislike"] | None) -> None:
        """Rate the answer of that event id; None takes the rating back (protocol 2.9). Raises `SessionEndedError`."""
        self._send(make_message(FeedbackMessage, event_id=event_id, score=score))

    def send_mcp_tool_approval(self, tool_call_id: str, approved: bool) -> None:
        """The user's yes or no to an MCP tool that awaits it. Raises `SessionError` where it was given before."""
        self._approve(tool_call_id, approved)

    def upload_file(self, file: File, *, filename: str | None = None, content_type: str | None = None) -> str:
        """Upload a file (a path, or its bytes) for `send_multimodal_message`; its id. Waits. Raises `RestError`."""
        return self._upload(file, filename, content_type).result()

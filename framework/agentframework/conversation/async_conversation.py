"""The SDK's `AsyncConversation`, on our engine."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any, Literal, TypeVar

from agentframework.conversation.account import File
from agentframework.conversation.base import BaseConversation
from agentframework.conversation.done import Done
from agentframework.conversation.outgoing import multimodal_message
from agentframework.protocol.messages import (
    ContextualUpdateMessage,
    FeedbackMessage,
    UserActivityMessage,
    UserMessage,
)
from agentframework.protocol.messages.misfit import make_message

__all__ = ["AsyncConversation"]

T = TypeVar("T")


class AsyncConversation(BaseConversation):
    """A conversation on the loop that `start_session` is awaited on: coroutines of callbacks and tools run there."""

    __doc__ = f"{__doc__}\n\n{BaseConversation.__doc__}"
    _has_own_loop = True

    async def start_session(self) -> None:
        """Open the conversation; returns when the agent has accepted it.

        Raises `StartError` where that does not happen within `connect_timeout`, with the reason and what would help;
        `AuthError`, `NotFoundError` or `RestError` where no signed URL is to be had; `SessionError` where it
        was started before. Cancelled while it waits, it ends the conversation.
        """
        started = self._begin(asyncio.get_running_loop())
        try:
            await self._outcome(started)
        except BaseException:
            self._end()
            raise

    def end_session(self) -> Done:
        """End the conversation; from any thread, callback or tool, as often as you like; does not wait.

        The call does it: what is returned may be awaited, as in the SDK, and need not be.
        """
        self._end()
        return Done()

    async def wait_for_session_end(self) -> str | None:
        """Wait until either side has ended it; the conversation's id, or None where the start failed.

        Raises `SessionError` where it was never started: there is no end to wait for. Cancelling it ends nothing.
        """
        await self._outcome(self._running().ended)
        return self.conversation_id

    async def send_user_message(
        self, text: str, *, user_identifier: str | None = None, rich_content_id: str | None = None
    ) -> None:
        """Say something in writing (protocol 2.6). Raises `SessionEndedError` before the start and after the end."""
        self._send(
            make_message(
                UserMessage, text=text, user_identifier=user_identifier, rich_content_id=rich_content_id
            )
        )

    async def send_contextual_update(self, text: str, *, context_id: str | None = None) -> None:
        """Tell the agent something in the background; it takes the place of what had the same `context_id`."""
        self._send(make_message(ContextualUpdateMessage, text=text, context_id=context_id))

    async def register_user_activity(self) -> None:
        """The user is there: keeps the agent from speaking up (protocol 2.7). Raises `SessionEndedError`."""
        self._send(UserActivityMessage())

    async def send_multimodal_message(
        self, text: str | None = None, file_id: str | None = None, file_ids: list[str] | None = None
    ) -> None:
        """Send text with files that were uploaded before. Raises ValueError where there is neither."""
        self._send(multimodal_message(text, file_id, file_ids))

    async def send_feedback(self, event_id: int, score: Literal["like", "dislike"] | None) -> None:
        """Rate the answer of that event id; None takes the rating back (protocol 2.9). Raises `SessionEndedError`."""
        self._send(make_message(FeedbackMessage, event_id=event_id, score=score))

    async def send_mcp_tool_approval(self, tool_call_id: str, approved: bool) -> None:
        """The user's yes or no to an MCP tool that awaits it. Raises `SessionError` where it was given before."""
        self._approve(tool_call_id, approved)

    async def upload_file(
        self, file: File, *, filename: str | None = None, content_type: str | None = None
    ) -> str:
        """Upload a file (a path, or its bytes) for `send_multimodal_message`; its id. Waits. Raises `RestError`."""
        return await asyncio.wrap_future(self._upload(file, filename, content_type))

    async def _outcome(self, future: Future[T]) -> T:
        """What the engine's future comes to; cancelling whoever awaits it leaves the engine as it is.

        Those who wait on one loop share one future of it, so that waiting again and again leaves nothing behind.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] | None = self._awaited.get((future, loop))
        if waiting is None:
            waiting = self._awaited[future, loop] = asyncio.wrap_future(future)
            waiting.add_done_callback(_look_at)
        return await asyncio.shield(waiting)


def _look_at(waiting: asyncio.Future[Any]) -> None:
    """An error that nobody waits for any more is no oversight, which asyncio would take it for."""
    if not waiting.cancelled():
        waiting.exception()

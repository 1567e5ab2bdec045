"""What a program says in a conversation, as messages."""

from __future__ import annotations

from collections.abc import Sequence

from agentframework.protocol.messages import FileInput, MultimodalMessage, UserMessage
from agentframework.protocol.messages.misfit import make_message

__all__ = ["multimodal_message"]


def multimodal_message(
    text: str | None, file_id: str | None, file_ids: Sequence[str] | None
) -> MultimodalMessage:
    """Text with files that were uploaded before (protocol 2.8); `file_id` is the old way to name one file.

    Raises ValueError where there is neither text nor a file.
    """
    names = list(file_ids) if file_ids else [file_id] if file_id else []
    files = [FileInput(file_id=name) for name in names]
    if not text and not files:
        raise ValueError("a multimodal message needs a text or a file")
    return make_message(
        MultimodalMessage,
        text=make_message(UserMessage, text=text) if text else None,
        file=files[0] if files else None,
        files=files or None,
    )

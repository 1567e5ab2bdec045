"""A transcript of each conversation, appended to a file: handlers of events."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from agentframework import Callbacks, MessageSent, SessionEnded, SessionStarted, ToolAnswered

__all__ = ["Transcript"]

_log = logging.getLogger(__name__)


class Transcript(Callbacks):
    """Writes a line for each thing that was said and each tool that answered in one conversation.

    The methods are called one after another, so that no lock is needed, and away from the thread that holds the
    socket, so that a slow disk delays nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_writable = True

    def on_session_started(self, event: SessionStarted) -> None:
        now = datetime.now().astimezone()
        self._write(f"--- {event.conversation_id} {now:%Y-%m-%d %H:%M:%S %z}")

    def on_message_sent(self, event: MessageSent) -> None:
        # What was typed; what was said aloud comes back as a transcript.
        if event.message.type == "user_message":
            self._write(f"user: {event.message.text}")

    def on_user_transcript(self, message: Any) -> None:
        self._write(f"user: {message.user_transcription_event.user_transcript}")

    def on_agent_response(self, message: Any) -> None:
        self._write(f"agent: {message.agent_response_event.agent_response}")

    def on_agent_response_correction(self, message: Any) -> None:
        said = message.agent_response_correction_event.corrected_agent_response
        self._write(f"agent, interrupted: {said}")

    def on_tool_answered(self, event: ToolAnswered) -> None:
        self._write(f"tool: {event.tool_name}: {event.outcome} after {event.duration:.2f} s")

    def on_session_ended(self, event: SessionEnded) -> None:
        self._write(f"--- ended by {event.details.reason}")

    def _write(self, line: str) -> None:
        if not self._is_writable:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line.replace("\n", " ") + "\n")
        except OSError as error:
            self._is_writable = False
            _log.warning("no transcript: %s", error)

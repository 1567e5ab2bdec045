"""The transcript, told of events as the runtime tells them."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentframework import AudioFormat, DisconnectionDetails, SessionEnded, SessionStarted, ToolAnswered
from agentframework_example_tools.transcript import Transcript


def tell(transcript: Transcript) -> None:
    transcript.on_session_started(SessionStarted("conv_1", AudioFormat(), AudioFormat()))
    typed: Any = SimpleNamespace(message=SimpleNamespace(type="user_message", text="hello"))
    transcript.on_message_sent(typed)
    typed.message.type = "user_activity"
    transcript.on_message_sent(typed)
    spoken = SimpleNamespace(user_transcript="what time\nis it?")
    transcript.on_user_transcript(SimpleNamespace(user_transcription_event=spoken))
    answer = SimpleNamespace(agent_response="Nearly noon, and")
    transcript.on_agent_response(SimpleNamespace(agent_response_event=answer))
    corrected = SimpleNamespace(corrected_agent_response="Nearly noon")
    transcript.on_agent_response_correction(SimpleNamespace(agent_response_correction_event=corrected))
    transcript.on_tool_answered(
        ToolAnswered("tc_1", "clock", {}, "test", "ok", "12:00", is_error=False, sent=True, duration=0.25)
    )
    transcript.on_session_ended(SessionEnded("conv_1", DisconnectionDetails("user")))


def test_each_event_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "transcript.txt"
    tell(Transcript(path))
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("--- conv_1 ")
    assert rest == [
        "user: hello",
        "user: what time is it?",
        "agent: Nearly noon, and",
        "agent, interrupted: Nearly noon",
        "tool: clock: ok after 0.25 s",
        "--- ended by user",
    ]


def test_a_second_conversation_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "transcript.txt"
    tell(Transcript(path))
    tell(Transcript(path))
    assert path.read_text(encoding="utf-8").count("--- conv_1") == 2


def test_a_file_that_cannot_be_written_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tell(Transcript(tmp_path / "missing" / "transcript.txt"))
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["no transcript"]

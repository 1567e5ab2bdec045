"""Events of a conversation, made as the wire makes them, for the tests of the command line."""

from __future__ import annotations

import json

from agentframework.callbacks import Event, ToolAnswered, ToolCalled
from agentframework.protocol.messages import parse_server_frame

__all__ = ["answered", "called", "complete", "heard", "part", "response"]


def heard(**message: object) -> Event:
    """A message as it is parsed from the wire; the arguments are its fields."""
    return parse_server_frame(json.dumps(message))


def response(text: str = "Hello.") -> Event:
    return heard(type="agent_response", agent_response_event={"agent_response": text})


def part(kind: str, text: str = "") -> Event:
    return heard(type="agent_chat_response_part", text_response_part={"text": text, "type": kind})


def complete() -> Event:
    return heard(type="agent_response_complete", agent_response_complete_event={"event_id": 1})


def called(call_id: str = "c1", name: str = "world_time", parameters: object = None) -> ToolCalled:
    return ToolCalled(call_id, name, {"city": "Oslo"} if parameters is None else parameters, "tools")


def answered(
    call_id: str = "c1",
    name: str = "world_time",
    parameters: object = None,
    *,
    outcome: str = "ok",
    text: str = "14:03",
    sent: bool = True,
    duration: float = 0.003,
) -> ToolAnswered:
    sent_parameters = {"city": "Oslo"} if parameters is None else parameters
    is_error = outcome != "ok"
    return ToolAnswered(call_id, name, sent_parameters, "tools", outcome, text, is_error, sent, duration)

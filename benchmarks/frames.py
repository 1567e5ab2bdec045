"""The frames that the server of the benchmarks sends, as bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

__all__ = ["BLOCK", "METADATA", "agent_response", "audio", "ping", "tool_call"]

BLOCK = bytes(8_000)
"""250 ms of 16-bit mono PCM at 16 kHz."""

_AUDIO = base64.b64encode(BLOCK).decode()


def _frame(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


METADATA = _frame(
    "conversation_initiation_metadata",
    conversation_initiation_metadata_event={
        "conversation_id": "conv_bench",
        "agent_output_audio_format": "pcm_16000",
        "user_input_audio_format": "pcm_16000",
    },
)


def tool_call(number: int) -> bytes:
    """A tool call with a typical set of arguments."""
    call = {
        "tool_name": "weather",
        "tool_call_id": f"tc_{number}",
        "parameters": {"city": "Oslo", "unit": "celsius", "days": 3},
        "expects_response": True,
    }
    return _frame("client_tool_call", client_tool_call=call)


def audio(number: int) -> bytes:
    """Speech of 250 ms."""
    return _frame("audio", audio_event={"audio_base_64": _AUDIO, "event_id": number})


def ping(number: int) -> bytes:
    """A ping that is to be answered at once."""
    return _frame("ping", ping_event={"event_id": number})


def agent_response(text: str) -> bytes:
    """Something that the agent said, for the callback."""
    return _frame("agent_response", agent_response_event={"agent_response": text})

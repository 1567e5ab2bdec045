"""From a frame of the agent's side to a message; what is no message becomes an event that says why."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from agentframework.protocol.messages.base import MalformedFrame, UnknownMessage
from agentframework.protocol.messages.server import ServerMessage

__all__ = ["ReceivedMessage", "describe_validation_error", "parse_server_frame"]

ReceivedMessage = ServerMessage | UnknownMessage | MalformedFrame
"""Whatever a frame can turn out to be."""

_SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)
_FRAME_SHOWN = 2000


def parse_server_frame(frame: str | bytes) -> ReceivedMessage:
    """The message that `frame` holds (protocol 3). Never raises, whatever came.

    A `type` that nobody knows becomes an `UnknownMessage` with its fields; what is no JSON object, has no
    `type`, or lacks a field that its type needs becomes a `MalformedFrame`.
    """
    if isinstance(frame, bytes):
        return MalformedFrame("a binary frame; the wire has text frames only", None, repr(frame[:200]))
    try:
        return _SERVER_MESSAGE.validate_json(frame)
    except ValidationError as error:
        return _what_it_is_instead(frame, error)


def describe_validation_error(error: ValidationError) -> str:
    """The first problem of `error` in one line: where, and what; without the values that came."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    what = first["msg"]
    return f"{where}: {what}" if where else what


def _what_it_is_instead(frame: str, error: ValidationError) -> ReceivedMessage:
    shown = frame[:_FRAME_SHOWN]
    kind = error.errors(include_url=False, include_input=False, include_context=False)[0]["type"]
    value = _read_json(frame)
    if value is None and kind == "json_invalid":
        return MalformedFrame("not JSON, or nested too deeply to read", None, shown)
    if not isinstance(value, dict):
        return MalformedFrame("JSON, but no object", None, shown)
    if kind == "json_invalid":
        return _read_again(value, shown)
    message_type = value.get("type")
    if message_type is None:
        return MalformedFrame("an object without a type", None, shown)
    if not isinstance(message_type, str):
        return MalformedFrame("an object whose type is no text", None, shown)
    if kind == "union_tag_invalid":
        fields = {key: field for key, field in value.items() if key != "type"}
        return UnknownMessage(type=message_type, payload=fields)
    return MalformedFrame(f"{message_type}: {describe_validation_error(error)}", message_type, shown)


def _read_again(value: dict[str, Any], shown: str) -> ReceivedMessage:
    """A second reading of what only the fast JSON reader refused (nesting beyond 200), so that a call is answered."""
    try:
        return _SERVER_MESSAGE.validate_python(value)
    except ValidationError as error:
        return MalformedFrame(f"nested too deeply: {describe_validation_error(error)}", None, shown)


def _read_json(frame: str) -> Any:
    try:
        return json.loads(frame)
    except (ValueError, RecursionError):
        return None

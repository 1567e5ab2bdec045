"""From a frame of the agent's side to a message; what is no message becomes an event that says why."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from agentframework.protocol.messages.base import MalformedFrame, UnknownMessage, without_lone_surrogates
from agentframework.protocol.messages.salvage import salvage_json
from agentframework.protocol.messages.server import SERVER_MESSAGES, ServerMessage

__all__ = ["ReceivedMessage", "describe_validation_error", "parse_server_frame"]

ReceivedMessage = ServerMessage | UnknownMessage | MalformedFrame
"""Whatever a frame can turn out to be."""

_SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)
_FRAME_SHOWN = 2000
_NO_JSON = ("json_invalid", "string_unicode")


def parse_server_frame(frame: str | bytes) -> ReceivedMessage:
    """The message that `frame` holds (protocol 3). Never raises, whatever came.

    A `type` that nobody knows becomes an `UnknownMessage` with its fields; what is no JSON object, has no
    `type`, or lacks a field that its type needs becomes a `MalformedFrame`. An optional field that is null, or of
    a type that cannot be read, counts as absent; what stood there is kept in the message's `model_extra` under
    its path, such as "audio_event.alignment".
    """
    if isinstance(frame, bytes):
        return MalformedFrame("a binary frame; the wire has text frames only", None, repr(frame[:200]))
    try:
        return _SERVER_MESSAGE.validate_json(frame)
    except ValidationError as error:
        return _read_again(frame, error)


def describe_validation_error(error: ValidationError) -> str:
    """The first problem of `error` in one line: where, and what; without the values that came."""
    return _describe(_problems(error)[0])


def _describe(problem: ErrorDetails) -> str:
    where = ".".join(str(part) for part in problem["loc"][1:])
    what = problem["msg"]
    return f"{where}: {what}" if where else what


def _problems(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False, include_context=False)


def _read_again(frame: str, refusal: ValidationError) -> ReceivedMessage:
    shown = without_lone_surrogates(frame[:_FRAME_SHOWN])
    try:
        value = salvage_json(frame, deep=_problems(refusal)[0]["type"] in _NO_JSON)
    except ValueError as error:
        return MalformedFrame(str(error), None, shown)
    if not isinstance(value, dict):
        return MalformedFrame("JSON, but no object", None, shown)
    message_type = value.get("type")
    if message_type is None:
        return MalformedFrame("an object without a type", None, shown)
    if not isinstance(message_type, str):
        return MalformedFrame("an object whose type is no text", None, shown)
    if message_type not in SERVER_MESSAGES:
        fields = {key: field for key, field in value.items() if key != "type"}
        return UnknownMessage(type=message_type, payload=fields)
    try:
        return _SERVER_MESSAGE.validate_python(value)
    except ValidationError as error:
        read = _read_without_unreadable(value, _problems(error))
        return (
            MalformedFrame(f"{message_type}: {read}", message_type, shown) if isinstance(read, str) else read
        )


def _read_without_unreadable(value: dict[str, Any], problems: list[ErrorDetails]) -> ServerMessage | str:
    """The message with its unreadable fields left out, or what is wrong with one that it cannot do without."""
    readable = dict(value)
    for path in {_path(problem) for problem in problems}:
        holder = readable
        if len(path) == 2:
            holder = readable[path[0]] = dict(readable[path[0]])
        came = holder.pop(path[-1], None)
        if came is not None:
            # null, not absence: a default would claim something that the agent's side did not say
            holder[path[-1]] = None
            readable[".".join(path)] = came
    try:
        return _SERVER_MESSAGE.validate_python(readable)
    except ValidationError as error:
        needed = {_path(problem) for problem in _problems(error)}
        return _describe(next((problem for problem in problems if _path(problem) in needed), problems[0]))


def _path(problem: ErrorDetails) -> tuple[str, ...]:
    """Payload and field of the payload, which is as far as optional fields go."""
    return tuple(str(step) for step in problem["loc"][1:3])

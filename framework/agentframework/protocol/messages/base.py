"""What all messages share: lenient reading, extra fields kept, and one way to write a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["MalformedFrame", "Message", "Payload", "UnknownMessage"]


class Payload(BaseModel):
    """A part of a message. Fields that we do not know are kept in `model_extra` (protocol 0)."""

    model_config = ConfigDict(extra="allow", frozen=True, coerce_numbers_to_str=True)


class Message(Payload):
    """One frame of the wire: one JSON object, named by its `type` (protocol 2 and 3)."""

    type: str

    def to_frame(self) -> str:
        """The JSON text of this message; what was not set is left out (protocol 2.3: never send null)."""
        return self.model_dump_json(exclude_none=True)


class UnknownMessage(Message):
    """A message whose `type` is in no list that we know; its fields are kept in `payload`."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MalformedFrame:
    """A frame that is no message: the session goes on, the event says what was wrong.

    `message_type` is the frame's `type` where that much could be read. `frame` is what came, cut to 2,000
    characters; it may hold spoken words, so it belongs in no log.
    """

    problem: str
    message_type: str | None
    frame: str
    type: str = "malformed_frame"

"""What all messages share: lenient reading, extra fields kept, and one way to write a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["MalformedFrame", "Message", "Payload", "UnknownMessage", "without_lone_surrogates"]


def without_lone_surrogates(text: str) -> str:
    """`text` as UTF-8 can carry it: halves of surrogate pairs that stand alone become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Payload(BaseModel):
    """A part of a message. Fields that we do not know are kept in `model_extra` (protocol 0)."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # what came may be spoken words, or a secret
    )


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

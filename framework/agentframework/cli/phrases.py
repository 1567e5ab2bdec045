"""How calls, results, durations and counts are written on one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentframework.cleaning import clean

__all__ = [
    "Summary",
    "call_text",
    "count",
    "duration_text",
    "flat",
    "harmless",
    "result_text",
    "shortened",
]

_LONGEST_SHOWN = 4000
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def harmless(text: str) -> str:
    """The text cleaned, without tabs: what an agent or a tool says must not steer a terminal. Line breaks stay."""
    return clean(text.expandtabs(4))


def flat(text: str) -> str:
    """The text on one line, every run of white space as one space."""
    return " ".join(harmless(text).split())


def shortened(text: str, width: int, *, mark: str = "…") -> str:
    """The first `width` characters at most, with a mark where something was left out."""
    if len(text) <= width:
        return text
    return text[: max(width - len(mark), 0)].rstrip() + mark[: max(width, 0)]


def call_text(name: str, parameters: Any, *, width: int, mark: str = "…") -> str:
    """A call as it would be written: `world_time(city="Oslo")`, at most `width` characters.

    Where it is too long, the longest values are shortened before whole arguments are left out.
    """
    name = flat(name) or "?"
    if parameters is None:
        return shortened(f"{name}()", width, mark=mark)
    if not isinstance(parameters, Mapping):
        return shortened(f"{name}({_value_text(parameters)})", width, mark=mark)
    values = {flat(str(key)): _value_text(value) for key, value in parameters.items()}
    room = width - len(name) - 2 - sum(len(key) + 1 for key in values) - 2 * max(len(values) - 1, 0)
    longest = _longest_that_fits([len(value) for value in values.values()], room)
    said = ", ".join(f"{key}={_cut(value, longest, mark)}" for key, value in values.items())
    if len(name) + len(said) + 2 > width:
        said = shortened(said, width - len(name) - 2, mark=mark)
    return f"{name}({said})"


def result_text(text: str, *, width: int, mark: str = "…") -> str:
    """A result on one line of at most `width` characters; text that is no JSON stands in quotes.

    A number, an object, an array, true, false and null stand as they are, so that "7" and 7 look the same:
    both went out as the same text (protocol 2.4).
    """
    line = flat(text[:_LONGEST_SHOWN])
    if _reads_as_json(line):
        return _cut(line, width, mark)
    return f'"{shortened(line, max(width - 2, 1), mark=mark)}"'


def duration_text(seconds: float) -> str:
    """A duration for people: `3 ms`, `1.2 s`, `2 min 5 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def count(number: int, noun: str) -> str:
    """`1 tool`, `2 tools`, `no tools`."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a conversation came to; `duration` is in seconds."""

    turns: int
    tool_calls: int
    errors: int
    duration: float
    conversation_id: str | None

    @property
    def parts(self) -> list[str]:
        """What there is to say, the conversation's id last."""
        parts = [count(self.turns, "turn"), count(self.tool_calls, "tool call"), count(self.errors, "error")]
        parts.append(duration_text(self.duration))
        if self.conversation_id:
            parts.append(f"conversation {flat(self.conversation_id)}")
        return parts

    def text(self, separator: str = ", ") -> str:
        """The summary on one line."""
        return separator.join(self.parts)


def _value_text(value: Any) -> str:
    try:
        return flat(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def _cut(value: str, width: int, mark: str) -> str:
    """A value's JSON cut to `width`, with the closing quote or bracket that it had."""
    if len(value) <= width or value[-1] not in '"]}':
        return shortened(value, width, mark=mark)
    return shortened(value, width - 1, mark=mark) + value[-1]


def _reads_as_json(line: str) -> bool:
    if line in {"true", "false", "null"} or _PLAIN_NUMBER.fullmatch(line):
        return True
    return line[:1] + line[-1:] in {"{}", "[]"}


def _longest_that_fits(lengths: list[int], room: int) -> int:
    """The greatest length to which all values may be cut so that together they take `room`; 8 at least."""
    longest = max(lengths, default=0)
    while longest > 8 and sum(min(length, longest) for length in lengths) > room:
        longest -= 1
    return longest

"""Reads a reaction of the talker as what a row of `talker_sets` expects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.talker import Call, Reaction, Say, Talker
from talker_sets import TODAY, Asks, Drops, Expected, NoFit, Row, Which

__all__ = ["heard", "is_expected", "talker_for", "tool_of"]

_FIRST = re.compile(r"For (\S+) I need (\S+?)(?: \(.*\))?\. What should it be\?", re.DOTALL)
_AGAIN = re.compile(r"That does not fit: (\S+) of (\S+) is to be .*\. What should it be\?", re.DOTALL)


def talker_for(tools: Sequence[ToolDeclaration]) -> Talker:
    return Talker(tools, today=lambda: TODAY)


def heard(tools: Sequence[ToolDeclaration], row: Row) -> list[Reaction]:
    """What a fresh talker does about each line of a row."""
    talker = talker_for(tools)
    return [talker.hear(said) for said, _ in row]


def is_expected(reaction: Reaction, expected: Expected) -> bool:
    if isinstance(expected, Call):
        return reaction == expected
    if not isinstance(reaction, Say):
        return False
    match expected:
        case Asks(tool, parameter):
            return _asked(reaction) == (tool, parameter)
        case Which(tools):
            return reaction.text.startswith("Do you mean ") and all(name in reaction.text for name in tools)
        case NoFit():
            return "no tool that fits" in reaction.text and "/tools" in reaction.text
        case Drops():
            return reaction.text.startswith("All right, I leave it.")


def tool_of(reaction: Reaction) -> str | None:
    """The tool that a reaction calls or asks for."""
    if isinstance(reaction, Call):
        return reaction.name
    asked = _asked(reaction) if isinstance(reaction, Say) else None
    return None if asked is None else asked[0]


def _asked(reaction: Say) -> tuple[str, str] | None:
    first, again = _FIRST.fullmatch(reaction.text), _AGAIN.fullmatch(reaction.text)
    if first is not None:
        return first[1], first[2]
    return None if again is None else (again[2], again[1])

"""Words before and after a value that say which parameter it is for."""

from __future__ import annotations

from typing import Final

from agentframework.localagent.parameters import Parameter
from agentframework.localagent.words import Found, Line, word_set

__all__ = ["PREPOSITIONS", "cue_strength", "is_direction_of"]

PREPOSITIONS: Final = word_set(
    "in at to for from with about of by on into onto under over near as until till between than"
)

# Pairs such as origin and destination are told apart by these.
_FROM_NAMES: Final = word_set("from source origin start starts begin beginning since after old")
_FROM_WORDS: Final = word_set("from between since")
_TO_NAMES: Final = word_set("to into target destination dest end ends until before new")
_TO_WORDS: Final = word_set("to into until till")
_WANTED: Final = ("how", "many"), ("how", "much")

_SKIPPED: Final = word_set("is are = : the a an of my to at be should be will number")
_FARTHEST: Final = 4

_STRONG: Final = 3
_FAINT: Final = 1


def is_direction_of(parameter: Parameter, low: str) -> bool:
    """Whether a preposition such as "from" or "until" introduces what this parameter is for."""
    names = set(parameter.words)
    return (low in _FROM_WORDS and bool(names & _FROM_NAMES)) or (
        low in _TO_WORDS and bool(names & _TO_NAMES)
    )


def cue_strength(parameter: Parameter, line: Line, found: Found[object]) -> int:
    """How clearly the words beside a value say that it is for this parameter; 0 where they say nothing."""
    return max(_before(parameter, line, found.start), _after(parameter, line, found.end))


def _before(parameter: Parameter, line: Line, start: int) -> int:
    lows = tuple(token.low for token in line.tokens[max(start - 2, 0) : start])
    if lows in _WANTED:
        return _STRONG if set(parameter.words) & _TO_NAMES else 0
    for at in range(start - 1, max(start - 1 - _FARTHEST, -1), -1):
        token = line.tokens[at]
        if is_direction_of(parameter, token.low) or token.stem in parameter.stems - {"to", "from"}:
            return _STRONG
        if token.low not in _SKIPPED:
            return _FAINT if token.stem in parameter.described else 0
    return 0


def _after(parameter: Parameter, line: Line, end: int) -> int:
    if end >= len(line.tokens):
        return 0
    stem = line.tokens[end].stem
    if line.tokens[end].is_stop:
        return 0
    return _STRONG if stem in parameter.stems else _FAINT if stem in parameter.described else 0

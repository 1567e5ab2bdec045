"""Durations in what was said, in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agentframework.localagent.numerals import find_numbers
from agentframework.localagent.words import Found, Token, low_at

__all__ = ["TIME_UNITS", "find_durations", "time_unit_of"]

TIME_UNITS: Final = {
    "second": 1,
    "sec": 1,
    "minute": 60,
    "min": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
}
"""How many seconds a unit has."""

_AMOUNTS: Final[tuple[tuple[list[str], float], ...]] = (
    (["half", "a"], 0.5),
    (["half", "an"], 0.5),
    (["a", "half"], 0.5),
    (["a", "quarter", "of", "an"], 0.25),
    (["quarter", "of", "an"], 0.25),
    (["a"], 1),
    (["an"], 1),
    (["one"], 1),
)


def time_unit_of(word: str) -> str | None:
    """The unit of time that a word in lower case names, in any number: `minute` for "minutes"."""
    singular = word.removesuffix("s")
    return singular if singular in TIME_UNITS else None


def find_durations(tokens: Sequence[Token]) -> list[Found[float]]:
    """The durations that are said, in seconds: `20 minutes`, `an hour and a half`, `two hours and 5 minutes`."""
    numbers = {number.start: number for number in find_numbers(tokens)}
    found: list[Found[float]] = []
    at = 0
    while at < len(tokens):
        read = _duration_at(tokens, at, numbers)
        if read is None:
            at += 1
            continue
        seconds, end = read
        joined = end + (low_at(tokens, end) == "and")
        more = _duration_at(tokens, joined, numbers) if joined < len(tokens) else None
        if more is not None and more[0] < seconds:
            seconds, end = seconds + more[0], more[1]
        found.append(Found(at, end, seconds))
        at = end
    return found


def _duration_at(
    tokens: Sequence[Token], at: int, numbers: Mapping[int, Found[int | float]]
) -> tuple[float, int] | None:
    amount, end = _amount_at(tokens, at, numbers)
    unit = time_unit_of(low_at(tokens, end))
    if amount is None or unit is None:
        return None
    end += 1
    if [token.low for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        amount, end = amount + 0.5, end + 3
    return amount * TIME_UNITS[unit], end


def _amount_at(
    tokens: Sequence[Token], at: int, numbers: Mapping[int, Found[int | float]]
) -> tuple[int | float | None, int]:
    """How many of a unit, and where the unit stands; `half an`, `a quarter of an` and `an` count as well."""
    lows = [token.low for token in tokens[at : at + 4]]
    for words, amount in _AMOUNTS:
        if lows[: len(words)] == words and time_unit_of(low_at(tokens, at + len(words))) is not None:
            return amount, at + len(words)
    number = numbers.get(at)
    return (None, at) if number is None else (number.value, number.end)

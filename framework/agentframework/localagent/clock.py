"""Times of day in what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Final

from agentframework.localagent.numerals import find_numbers
from agentframework.localagent.words import Found, Token, low_at, word_set

__all__ = ["find_times"]

_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*([ap])?m?")
_NAMED_TIMES: Final = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_DAY_PARTS: Final = {"morning": 0, "afternoon": 12, "evening": 12, "night": 12}
_BEFORE_CLOCK: Final = word_set("at from to until till by before after between and around @")


def find_times(tokens: Sequence[Token], *, bare: bool) -> list[Found[time]]:
    """The times of day that are said, in their order; with `bare` also a lone hour as in "from 9 to five"."""
    numbers = {number.start: number for number in find_numbers(tokens)}
    found: list[Found[time]] = []
    at = 0
    while at < len(tokens):
        read = _time_at(tokens, at, numbers, bare=bare)
        if read is None:
            at += 1
            continue
        moment, end = read
        moment, end = _in_day_part(tokens, moment, end)
        found.append(Found(at, end, moment))
        at = end
    return found


def _time_at(
    tokens: Sequence[Token], at: int, numbers: Mapping[int, Found[int | float]], *, bare: bool
) -> tuple[time, int] | None:
    token = tokens[at]
    if token.low in _NAMED_TIMES:
        return _NAMED_TIMES[token.low], at + 1
    if token.kind == "clock":
        return _clock_time(token.low.replace(".", ""), tokens, at + 1)
    past = _past_or_to(tokens, at, numbers)
    if past is not None:
        return past
    hour = numbers.get(at)
    if hour is None or not isinstance(hour.value, int) or not 0 <= hour.value <= 24:
        return None
    follows = low_at(tokens, hour.end)
    if follows in {"am", "pm"}:
        return _hour(hour.value, 0, follows, hour.end + 1)
    if follows in {"o'clock", "oclock"}:
        return _hour(hour.value, 0, "", hour.end + 1)
    minutes = numbers.get(hour.end)
    if minutes is not None and minutes.value in range(10, 60) and tokens[at].kind == "word":
        suffix = low_at(tokens, minutes.end)
        half = suffix if suffix in {"am", "pm"} else ""
        return _hour(hour.value, int(minutes.value), half, minutes.end + bool(half))
    is_cued = at == 0 or tokens[at - 1].low in _BEFORE_CLOCK
    is_alone = hour.end >= len(tokens) or not tokens[hour.end].is_content or follows in _DAY_PARTS
    return _hour(hour.value, 0, "", hour.end) if bare and is_cued and is_alone else None


def _past_or_to(
    tokens: Sequence[Token], at: int, numbers: Mapping[int, Found[int | float]]
) -> tuple[time, int] | None:
    """`half past six`, `quarter to nine`, `ten past two`."""
    named = {"half": 30, "quarter": 15}.get(tokens[at].low)
    before = numbers.get(at)
    minutes, end = (named, at + 1) if named else (before.value, before.end) if before else (None, at)
    hour = numbers.get(end + 1)
    word = low_at(tokens, end)
    if hour is None or word not in {"past", "to"} or (word == "to" and minutes == 30):
        return None
    if not isinstance(minutes, int) or not isinstance(hour.value, int) or minutes not in range(1, 31):
        return None
    if word == "to" and named is None and minutes % 5:
        return None
    if hour.value not in range(1, 24) or (word == "to" and named is None and tokens[at].kind == "number"):
        # "from 9 to 17" is no time of day
        return None
    said = hour.value * 60 + (minutes if word == "past" else -minutes)
    suffix = low_at(tokens, hour.end)
    half = suffix if suffix in {"am", "pm"} else ""
    return _hour(said // 60, said % 60, half, hour.end + bool(half))


def _clock_time(low: str, tokens: Sequence[Token], end: int) -> tuple[time, int] | None:
    read = _CLOCK.fullmatch(low)
    if read is None:
        return None
    half = {"a": "am", "p": "pm"}.get(read[4] or "", "")
    if not half and low_at(tokens, end) in {"am", "pm"}:
        half, end = low_at(tokens, end), end + 1
    made = _hour(int(read[1]), int(read[2] or 0), half, end)
    seconds = int(read[3] or 0)
    return None if made is None or seconds > 59 else (made[0].replace(second=seconds), end)


def _hour(hour: int, minute: int, half: str, end: int) -> tuple[time, int] | None:
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return (time(hour % 24, minute), end) if hour <= 24 and minute <= 59 else None


def _in_day_part(tokens: Sequence[Token], moment: time, end: int) -> tuple[time, int]:
    """Moves "five in the afternoon" and "at 8 tonight" to the half of the day that is said."""
    lows = [token.low for token in tokens[end : end + 3]]
    if lows[:2] == ["in", "the"] and lows[2:3] and lows[2] in _DAY_PARTS:
        shift, end = _DAY_PARTS[lows[2]], end + 3
    elif lows[:2] == ["at", "night"]:
        shift, end = 12, end + 2
    else:
        shift = 12 if lows[:1] == ["tonight"] else 0
    return (moment.replace(hour=moment.hour + 12) if shift and 1 <= moment.hour < 12 else moment), end

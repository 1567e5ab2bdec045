"""Dates, times of day and durations in what was said; the day that "tomorrow" counts from is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Final

from agentframework.localagent.numerals import find_numbers
from agentframework.localagent.words import Found, Token, word_list, word_set

__all__ = ["TIME_UNITS", "WEEKDAYS", "find_dates", "find_durations", "find_times", "time_unit_of"]

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

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = {
    name[:length]: number
    for number, name in enumerate(
        word_list(
            """january february march april may june july august september october november december"""
        ),
        1,
    )
    for length in (3, 4, len(name))
}
_NEAR: Final = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
_ORDINAL: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*([ap])?m?")
_NAMED_TIMES: Final = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_DAY_PARTS: Final = {"morning": 0, "afternoon": 12, "evening": 12, "night": 12}
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
_BEFORE_CLOCK: Final = word_set("at from to until till by before after between and around @")


def time_unit_of(word: str) -> str | None:
    """The unit of time that a word in lower case names, in any number: `minute` for "minutes"."""
    singular = word.removesuffix("s")
    return singular if singular in TIME_UNITS else None


def find_dates(tokens: Sequence[Token], today: date) -> list[Found[date]]:
    """The days that are said, in their order; a weekday is the next one after today."""
    found: list[Found[date]] = []
    at = 0
    while at < len(tokens):
        try:
            read = _date_at(tokens, at, today)
            read = None if read is None else (_past(read[0], tokens, at, today), read[1])
        except (OverflowError, ValueError):
            # such as 30 February, or more days from now than the calendar has
            read = None
        if read is not None:
            found.append(Found(at, read[1], read[0]))
            at = read[1]
        else:
            at += 1
    return found


def _past(said: date, tokens: Sequence[Token], at: int, today: date) -> date:
    """The last such day where "since" stands before a weekday, or a day of a month, that would be the next one."""
    if said <= today or _low(tokens, at - 1) != "since":
        return said
    if tokens[at].low in WEEKDAYS:
        return said - timedelta(days=7)
    is_of_month = tokens[at].low in _MONTHS or _ORDINAL.fullmatch(tokens[at].low) is not None
    return said.replace(year=said.year - 1) if is_of_month and said.year <= today.year + 1 else said


def _date_at(tokens: Sequence[Token], at: int, today: date) -> tuple[date, int] | None:
    token = tokens[at]
    lows = [other.low for other in tokens[at : at + 5]]
    if token.kind == "date":
        return date.fromisoformat(token.text), at + 1
    if lows[:4] == ["the", "day", "after", "tomorrow"] or lows[:3] == ["day", "after", "tomorrow"]:
        return today + timedelta(days=2), at + lows.index("tomorrow") + 1
    if token.low in _NEAR:
        return today + timedelta(days=_NEAR[token.low]), at + 1
    return _weekday_at(lows, at, today) or _month_at(lows, at, today) or _distant(tokens, at, today)


def _weekday_at(lows: Sequence[str], at: int, today: date) -> tuple[date, int] | None:
    is_next, is_this = lows[0] == "next", lows[0] in {"this", "coming"}
    name = lows[1] if (is_next or is_this) and len(lows) > 1 else lows[0]
    end = at + (2 if is_next or is_this else 1)
    if is_next and name == "week":
        return today + timedelta(days=7), end
    if name not in WEEKDAYS:
        return None
    number = WEEKDAYS.index(name)
    if is_next:
        monday = today + timedelta(days=7 - today.weekday())
        return monday + timedelta(days=number), end
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1), end


def _month_at(lows: Sequence[str], at: int, today: date) -> tuple[date, int] | None:
    """`3 March`, `3rd of March 2027`, `March 3rd`, `the 3rd of March`, and the year where it follows."""
    words = [(place, low) for place, low in enumerate(lows) if low not in {"the", "of"}]
    if len(words) < 2 or words[0][0] > 1 or (words[0][0] == 1 and lows[0] != "the"):
        return None
    (_, one), (last, other) = words[:2]
    day, month = (other, one) if one in _MONTHS else (one, other)
    number = _ORDINAL.fullmatch(day)
    if month not in _MONTHS or number is None:
        return None
    follows = lows[last + 1] if last + 1 < len(lows) else ""
    if re.fullmatch(r"[1-9]\d{3}", follows, re.ASCII):
        return date(int(follows), _MONTHS[month], int(number[1])), at + last + 2
    said = date(today.year, _MONTHS[month], int(number[1]))
    return (said if said >= today else said.replace(year=today.year + 1)), at + last + 1


def _distant(tokens: Sequence[Token], at: int, today: date) -> tuple[date, int] | None:
    """`in three days`, `in a week`, `two weeks from now`, and `24.12.2026`."""
    dotted = _DOTTED.fullmatch("".join(token.low for token in tokens[at : at + 5])[:10])
    if dotted is not None and tokens[at].kind == "number":
        end, length = at, 0
        while length < len(dotted[0]):
            length += len(tokens[end].low)
            end += 1
        return date(int(dotted[3]), int(dotted[2]), int(dotted[1])), end
    begin = at + (tokens[at].low == "in")
    spans = find_durations(tokens[begin : begin + 8])
    if not spans or spans[0].start or spans[0].value % 86400:
        return None
    end = begin + spans[0].end
    follows = [token.low for token in tokens[end : end + 2]]
    is_ago, is_from = follows[:1] == ["ago"], follows in (["from", "now"], ["from", "today"])
    if begin == at and not is_ago and not is_from:
        return None
    days = int(spans[0].value // 86400) * (-1 if is_ago else 1)
    return today + timedelta(days=days), end + (1 if is_ago else 2 if is_from else 0)


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
        joined = end + (_low(tokens, end) == "and")
        more = _duration_at(tokens, joined, numbers) if joined < len(tokens) else None
        if more is not None and more[0] < seconds:
            seconds, end = seconds + more[0], more[1]
        found.append(Found(at, end, seconds))
        at = end
    return found


def _duration_at(
    tokens: Sequence[Token], at: int, numbers: dict[int, Found[int | float]]
) -> tuple[float, int] | None:
    amount, end = _amount_at(tokens, at, numbers)
    unit = time_unit_of(_low(tokens, end))
    if amount is None or unit is None:
        return None
    end += 1
    if [token.low for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        amount, end = amount + 0.5, end + 3
    return amount * TIME_UNITS[unit], end


def _amount_at(
    tokens: Sequence[Token], at: int, numbers: dict[int, Found[int | float]]
) -> tuple[int | float | None, int]:
    """How many of a unit, and where the unit stands; `half an`, `a quarter of an` and `an` count as well."""
    lows = [token.low for token in tokens[at : at + 4]]
    for words, amount in _AMOUNTS:
        if lows[: len(words)] == words and time_unit_of(_low(tokens, at + len(words))) is not None:
            return amount, at + len(words)
    number = numbers.get(at)
    return (None, at) if number is None else (number.value, number.end)


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
    tokens: Sequence[Token], at: int, numbers: dict[int, Found[int | float]], *, bare: bool
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
    follows = _low(tokens, hour.end)
    if follows in {"am", "pm"}:
        return _hour(hour.value, 0, follows, hour.end + 1)
    if follows in {"o'clock", "oclock"}:
        return _hour(hour.value, 0, "", hour.end + 1)
    minutes = numbers.get(hour.end)
    if minutes is not None and minutes.value in range(10, 60) and tokens[at].kind == "word":
        suffix = _low(tokens, minutes.end)
        half = suffix if suffix in {"am", "pm"} else ""
        return _hour(hour.value, int(minutes.value), half, minutes.end + bool(half))
    is_cued = at == 0 or tokens[at - 1].low in _BEFORE_CLOCK
    is_alone = hour.end >= len(tokens) or not tokens[hour.end].is_content or follows in _DAY_PARTS
    return _hour(hour.value, 0, "", hour.end) if bare and is_cued and is_alone else None


def _past_or_to(
    tokens: Sequence[Token], at: int, numbers: dict[int, Found[int | float]]
) -> tuple[time, int] | None:
    """`half past six`, `quarter to nine`, `ten past two`."""
    named = {"half": 30, "quarter": 15}.get(tokens[at].low)
    before = numbers.get(at)
    minutes, end = (named, at + 1) if named else (before.value, before.end) if before else (None, at)
    hour = numbers.get(end + 1)
    word = _low(tokens, end)
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
    suffix = _low(tokens, hour.end)
    half = suffix if suffix in {"am", "pm"} else ""
    return _hour(said // 60, said % 60, half, hour.end + bool(half))


def _clock_time(low: str, tokens: Sequence[Token], end: int) -> tuple[time, int] | None:
    read = _CLOCK.fullmatch(low)
    if read is None:
        return None
    half = {"a": "am", "p": "pm"}.get(read[4] or "", "")
    if not half and _low(tokens, end) in {"am", "pm"}:
        half, end = _low(tokens, end), end + 1
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


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""

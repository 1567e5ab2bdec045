"""Days in what was said; the day that "tomorrow" counts from is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from agentframework.localagent.durations import find_durations
from agentframework.localagent.words import Found, Token, low_at, word_list

__all__ = ["WEEKDAYS", "find_dates"]

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
    if said <= today or low_at(tokens, at - 1) != "since":
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

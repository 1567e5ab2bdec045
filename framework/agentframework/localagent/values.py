"""Values of a given kind in what was said: everything but free text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Final

from agentframework.localagent.clock import find_times
from agentframework.localagent.days import WEEKDAYS, find_dates
from agentframework.localagent.durations import TIME_UNITS, find_durations
from agentframework.localagent.numerals import find_numbers
from agentframework.localagent.parameters import Kind, Parameter
from agentframework.localagent.words import (
    STOP_WORDS,
    Found,
    Line,
    Token,
    is_typo_of,
    name_words,
    stem_of,
    word_set,
)

__all__ = ["find_values"]

_TRUE: Final = word_set("yes on true yep yeah sure ok okay enable enabled activate certainly")
_FALSE: Final = word_set("no off false nope not don't never disable disabled deactivate without")
_NEGATIONS: Final = word_set("no not without don't never skip")
_SWITCHES: Final = word_set("on off enabled enable active activate power powered switched")
_SWITCHED_ON: Final = frozenset({"on", "enable", "activate"})
_SWITCHED_OFF: Final = frozenset({"off", "disable", "deactivate"})
_OPPOSITES: Final = ("un", "dis", "de")
# In longer texts a word that is nearly a choice is more likely another word.
_SHORT: Final = 40
_EMPTY_NAMES: Final = word_set("is has be do should with as in the a on off")


def find_values(
    parameter: Parameter, line: Line, today: date, *, is_asked: bool = False
) -> list[Found[object]]:
    """The values for a parameter, in the order in which they are said, whether they are within its bounds or not.

    With `is_asked` the line is the answer to a question for this parameter, so that a lone "5" is a time of day
    and "no" a value. Free text, arrays and objects are not looked for.
    """
    find = _FINDERS.get(parameter.kind)
    return (
        [] if find is None else sorted(find(parameter, line, today, is_asked), key=lambda found: found.start)
    )


def _numbers(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    unit = parameter.time_unit
    durations = find_durations(line.tokens) if unit is not None else []
    for span in durations:
        amount = span.value / TIME_UNITS[unit or "second"]
        yield Found(span.start, span.end, _whole(amount))
    for number in find_numbers(line.tokens):
        if any(span.start <= number.start < span.end for span in durations):
            continue
        follows = line.tokens[number.end] if number.end < len(line.tokens) else None
        counts_other = follows is not None and follows.is_content and follows.stem not in parameter.stems
        if unit is None or is_asked or not counts_other:
            value = _whole(number.value) if parameter.kind == "integer" else number.value
            yield Found(number.start, number.end, value)


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _choices(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    taken: set[int] = set()
    found: list[Found[object]] = [
        Found(number.start, number.end, choice)
        for number in find_numbers(line.tokens)
        for choice in parameter.choices
        if choice == number.value
    ]
    found += _weekdays(parameter, line, today)
    found += [span for span in _said_choices(parameter, line) if is_asked or _is_meant(line, span)]
    # of "living room" and "room" the longer is meant; of "m" and "M" the one that is written so
    found.sort(key=lambda span: (span.start - span.end, line.said(span.start, span.end) != str(span.value)))
    for span in found:
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            yield span


def _weekdays(parameter: Parameter, line: Line, today: date) -> Iterator[Found[object]]:
    """The weekday of each day that is said, such as "tomorrow", where weekdays are the choices."""
    names = {str(choice).casefold(): choice for choice in parameter.choices}
    if names.keys() <= set(WEEKDAYS):
        for day in find_dates(line.tokens, today):
            name = WEEKDAYS[day.value.weekday()]
            if name in names:
                yield Found(day.start, day.end, names[name])


def _said_choices(parameter: Parameter, line: Line) -> Iterator[Found[object]]:
    """Wherever a choice is said, in any case and number, in one word or in several."""
    forms: dict[str, list[str]] = {}
    longest = 0
    for choice in parameter.choices:
        if isinstance(choice, str):
            words = [word for part in choice.split() for word in name_words(part)]
            for form in ("".join(words), " ".join(map(stem_of, words))):
                forms.setdefault(form, []).append(choice)
            longest = max(longest, len(words) + 1)
    forms.pop("", None)
    for start, token in enumerate(line.tokens):
        for end in range(start + 1, min(start + longest, len(line.tokens)) + 1):
            part = [other for other in line.tokens[start:end] if not other.is_mark]
            joined = "".join(letter for other in part for letter in other.low if letter.isalnum())
            said = forms.get(joined, []) + forms.get(" ".join(other.stem for other in part), [])
            yield from (Found(start, end, choice) for choice in said)
        if len(line.tokens) <= _SHORT:
            meant = [form for form in forms if is_typo_of(token.low, form)]
            yield from (Found(start, start + 1, forms[form][0]) for form in meant)


def _is_meant(line: Line, span: Found[object]) -> bool:
    """Whether a word that nearly every sentence has stands for a choice here."""
    low = line.tokens[span.start].low
    if span.end - span.start > 1 or low not in STOP_WORDS or low == "off":
        return True
    return low == "on" and _is_switch_word(line, span.start)


def _is_switch_word(line: Line, at: int) -> bool:
    """Whether an "on" is the end of "turn on" and no preposition, as in "on Friday"."""
    follows = line.tokens[at + 1] if at + 1 < len(line.tokens) else None
    if follows is None or follows.is_mark:
        return True
    before = line.tokens[at - 1].low if at else ""
    return before in {"turn", "switch", "put", "is"} or (
        follows.is_stop and follows.low not in {"a", "an", "my", "this"}
    )


def _booleans(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    named = [stem_of(word) for word in parameter.words if word not in _EMPTY_NAMES]
    is_switch = bool(_SWITCHES & set(parameter.words)) or "on or off" in parameter.description.lower()
    is_inverse = "off" in parameter.words
    for at, token in enumerate(line.tokens):
        if is_switch and token.low in _SWITCHED_OFF:
            yield Found(at, at + 1, is_inverse)
        elif is_switch and token.low in _SWITCHED_ON and (token.low != "on" or _is_switch_word(line, at)):
            yield Found(at, at + 1, not is_inverse)
        elif _is_opposite(token, named):
            yield Found(at, at + 1, False)
        elif named and [other.stem for other in line.tokens[at : at + len(named)]] == named:
            before = next((back for back in (1, 2) if _low(line, at - back) in _NEGATIONS), 0)
            yield Found(at - before, at + len(named), not before)
        elif is_asked and token.low in _TRUE | _FALSE:
            yield Found(at, at + 1, token.low in _TRUE)


def _is_opposite(token: Token, named: list[str]) -> bool:
    """Whether the word is "unlock" where the parameter is `locked`."""
    return len(named) == 1 and any(
        token.low.startswith(prefix) and stem_of(token.low.removeprefix(prefix)) == named[0]
        for prefix in _OPPOSITES
    )


def _dates(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    for span in find_dates(line.tokens, today):
        yield Found(span.start, span.end, span.value.isoformat())


def _times(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    for span in find_times(line.tokens, bare=True):
        yield Found(span.start, span.end, _clock(span.value, parameter))


def _clock(moment: time, parameter: Parameter) -> str:
    is_short = "HH:MM" in parameter.description and "HH:MM:SS" not in parameter.description
    return moment.isoformat("minutes" if is_short else "seconds")


def _date_times(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    """Each time of day on the day that is said beside it; today where no day is said."""
    days = find_dates(line.tokens, today)
    for span in find_times(line.tokens, bare=True):
        near = [
            day
            for day in days
            if day.end in {span.start, span.start - 1} or day.start in {span.end, span.end + 1}
        ]
        day = near[0] if near else None
        moment = datetime.combine(day.value if day else today, span.value)
        start = min(span.start, day.start) if day else span.start
        yield Found(start, max(span.end, day.end) if day else span.end, moment.isoformat())


def _emails(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    for at, token in enumerate(line.tokens):
        if token.kind == "email":
            yield Found(at, at + 1, token.text)


def _said_moments(parameter: Parameter, line: Line, today: date, is_asked: bool) -> Iterator[Found[object]]:
    """A text that names a day or a time of day is given it in the words that were said."""
    if parameter.says == "date":
        for day in find_dates(line.tokens, today):
            yield Found(day.start, day.end, line.said(day.start, day.end))
    elif parameter.says == "time":
        for moment in find_times(line.tokens, bare=False):
            yield Found(moment.start, moment.end, line.said(moment.start, moment.end))


def _low(line: Line, at: int) -> str:
    return line.tokens[at].low if at >= 0 else ""


_Finder = Callable[[Parameter, Line, date, bool], Iterator[Found[object]]]
_FINDERS: Final[Mapping[Kind, _Finder]] = {
    "integer": _numbers,
    "number": _numbers,
    "choice": _choices,
    "boolean": _booleans,
    "date": _dates,
    "time": _times,
    "date-time": _date_times,
    "email": _emails,
    "text": _said_moments,
}

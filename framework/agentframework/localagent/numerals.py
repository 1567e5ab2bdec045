"""Numbers in what was said: in digits or in words, whole or not, with their signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agentframework.localagent.words import Found, Token, word_list, word_set

__all__ = ["find_numbers", "number_of"]

_SMALL: Final = {
    word: value
    for value, word in enumerate(
        word_list("""zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen""")
    )
}
_TENS: Final = {
    word: value * 10
    for value, word in enumerate(word_list("twenty thirty forty fifty sixty seventy eighty ninety"), 2)
}
_SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "k": 1000}
_GROUPS: Final = {"dozen": 12, "couple": 2, "pair": 2}
_MINUS: Final = frozenset({"minus", "negative"})
_UNIT_WORDS: Final = word_set("percent degree degrees euro euros dollar dollars bucks")
# "the red one" and "which one" count nothing
_BEFORE_PRONOUN: Final = word_set("the this that which another any no some each every last next first")
_LONGEST: Final = 18
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def number_of(text: str) -> int | float | None:
    """The number that a text in digits is: `1,000` is a thousand, `2,5` is two and a half; None for anything else."""
    digits = text.strip("%$€£").replace("−", "-")
    sign, digits = (digits[:1], digits[1:]) if digits[:1] in {"+", "-"} else ("", digits)
    digits = digits.lstrip("$€£")
    if len(digits) > _LONGEST or not digits.isascii():
        return None
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    try:
        value = float(digits) if "." in digits else int(digits)
    except ValueError:
        return None
    return -value if sign == "-" else value


def find_numbers(tokens: Sequence[Token]) -> list[Found[int | float]]:
    """The numbers in their order; a unit sign such as "percent" belongs to its number."""
    found: list[Found[int | float]] = []
    at = 0
    while at < len(tokens):
        read = _signed(tokens, at)
        if read is None:
            at += 1
            continue
        value, end = read
        if end < len(tokens) and tokens[end].low in _UNIT_WORDS:
            end += 1
        found.append(Found(at, end, value))
        at = end
    return found


def _signed(tokens: Sequence[Token], at: int) -> tuple[int | float, int] | None:
    if tokens[at].low in _MINUS and at + 1 < len(tokens):
        read = _unsigned(tokens, at + 1)
        return None if read is None else (-read[0], read[1])
    return _unsigned(tokens, at)


def _unsigned(tokens: Sequence[Token], at: int) -> tuple[int | float, int] | None:
    token = tokens[at]
    if token.kind == "number":
        value = number_of(token.text)
        if value is None:
            return None
        end = at + 1
        while end < len(tokens) and tokens[end].low in _SCALES:
            value *= _SCALES[tokens[end].low]
            end += 1
        return _with_fraction(tokens, value, end)
    if token.low == "half" and tokens[at + 1 : at + 2] and tokens[at + 1].low in {"a", "an"}:
        group = _GROUPS.get(tokens[at + 2].low) if at + 2 < len(tokens) else None
        return None if group is None else (group // 2, at + 3)
    if token.low == "one" and _is_pronoun(tokens, at):
        return None
    spelled = _spelled(tokens, at)
    return None if spelled is None else _with_fraction(tokens, *spelled)


def _is_pronoun(tokens: Sequence[Token], at: int) -> bool:
    """Whether a "one" stands for a thing, as in "the red one"."""
    counts = at + 1 < len(tokens) and tokens[at + 1].is_content
    return not counts and any(token.low in _BEFORE_PRONOUN for token in tokens[max(at - 2, 0) : at])


def _with_fraction(tokens: Sequence[Token], value: float, end: int) -> tuple[int | float, int]:
    """Adds "and a half" and "point two five" where they follow."""
    lows = [token.low for token in tokens[end : end + 8]]
    if lows[:3] == ["and", "a", "half"]:
        return value + 0.5, end + 3
    if lows[:1] == ["point"] and isinstance(value, int):
        digits = ""
        for low in lows[1:]:
            digit = _SMALL.get(low, 10)
            if digit > 9:
                break
            digits += str(digit)
        if digits:
            return float(f"{value}.{digits}"), end + 1 + len(digits)
    return value, end


def _spelled(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """A number in words, and where it ends: the longest that is said as one number from here on."""
    start = end = at
    total, largest = 0, 10**12
    part: int | None = None
    if tokens[at].low in {"a", "an"}:
        follows = tokens[at + 1].low if at + 1 < len(tokens) else ""
        if follows in _GROUPS:
            return _GROUPS[follows], at + 2
        if follows not in _SCALES or follows == "k":
            return None
        part, at = 1, at + 1
    while at < len(tokens):
        low = tokens[at].low
        if low == "and" and part is not None and total + part and _joins(tokens, at, part):
            at += 1
        elif (added := _added(part, low)) is not None:
            part, at, end = added, at + 1, at + 1
        elif low in _SCALES and part is not None and 100 < _SCALES[low] < largest:
            largest = _SCALES[low]
            total, part, at, end = total + part * largest, 0, at + 1, at + 1
        elif low == "dozen" and part is not None:
            return (total + part) * 12, at + 1
        else:
            break
    return None if part is None or end == start else (total + part, end)


def _joins(tokens: Sequence[Token], at: int, part: int) -> bool:
    """Whether an "and" stands inside a number, as in "one hundred and five"."""
    follows = tokens[at + 1].low if at + 1 < len(tokens) else ""
    return part % 100 == 0 and (follows in _SMALL or follows in _TENS)


def _added(part: int | None, low: str) -> int | None:
    """What a part of a number becomes with the next word; None where that word begins another number."""
    if low == "hundred":
        return part * 100 if part is not None and 0 < part < 100 else None
    value = _SMALL.get(low, _TENS.get(low))
    if value is None:
        return None
    if not part:
        return value if part is None or low != "zero" else None
    if part % 100 == 0 and value:
        return part + value
    return part + value if part % 10 == 0 and part % 100 >= 20 and 0 < value < 10 else None

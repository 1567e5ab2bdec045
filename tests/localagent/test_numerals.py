"""Numbers are read in digits and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.numerals import find_numbers
from agentframework.localagent.words import read_line, word_list


def _numbers(text: str) -> list[int | float]:
    return [found.value for found in find_numbers(read_line(text).tokens)]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("5", [5]),
        ("minus five", [-5]),
        ("-5 or +7", [-5, 7]),
        ("3.5 and 2,5", [3.5, 2.5]),
        ("1,000 and 12,345.5", [1000, 12345.5]),
        ("50%", [50]),
        ("$20, 30€ and five euros", [20, 30, 5]),
        ("twenty-one", [21]),
        ("twenty one", [21]),
        ("ninety nine bottles", [99]),
        ("two twenty-sided dice", [2, 20]),
        ("one hundred and five", [105]),
        ("a hundred", [100]),
        ("two thousand three hundred and forty-five", [2345]),
        ("three million", [3_000_000]),
        ("2 million", [2_000_000]),
        ("a million and one", [1_000_001]),
        ("two and a half", [2.5]),
        ("2 and a half", [2.5]),
        ("three point one four", [3.14]),
        ("a dozen", [12]),
        ("two dozen", [24]),
        ("half a dozen", [6]),
        ("five and six", [5, 6]),
        ("zero", [0]),
        ("the red one", []),
        ("one red", [1]),
        ("and a point", []),
        ("someone", []),
        ("SPRING20", []),
        ("9" * 19, []),
    ],
)
def test_numbers_are_read_as_people_say_them(said: str, values: list[float]) -> None:
    assert _numbers(said) == values


@given(st.integers(-999_999, 999_999))
def test_digits_are_the_number_that_they_are(number: int) -> None:
    assert _numbers(f"say {number} now") == [number]
    assert _numbers(f"{number:,}") == [number]


_ONES = word_list(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
)
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _spelled(number: int) -> str:
    if number >= 1000:
        rest = f" {_spelled(number % 1000)}" if number % 1000 else ""
        return f"{_spelled(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {_spelled(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    if number >= 20:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    return _ONES[number]


@given(st.integers(0, 999_999))
def test_a_number_in_words_is_that_number(number: int) -> None:
    assert _numbers(f"exactly {_spelled(number)} of them") == [number]

"""What a pattern fits, and which values stand at a place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.policy import compile_pattern
from agentframework.policy.patterns import MISSING, compile_glob, values_at

letters = st.text("ab*?.\n", max_size=12)


@given(st.text("ab*?.\n", max_size=6), letters)
def test_a_glob_is_what_its_regular_expression_is(glob: str, text: str) -> None:
    words = {"*": ".*", "?": "."}
    pattern = "".join(words.get(character) or re.escape(character) for character in glob)
    assert compile_glob(glob)(text) == bool(re.fullmatch(pattern, text, re.DOTALL))


def test_many_stars_take_no_time() -> None:
    assert not compile_glob("*a" * 40 + "*b")("a" * 100_000)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("/etc/*", ["/etc/passwd", "/etc/"], ["/etc", "etc/passwd", 7]),
        ("7*", ["7", 7, 7.0, 70], [17, "x7"]),
        ("true", [True, "true"], [1, "True"]),
        ("[a]", ["[a]"], ["a"]),
        (7, [7, 7.0], ["7", 8, True]),
        (True, [True], [1, "true", False]),
        (["a", "b*", 3], ["a", "bc", 3], ["c", 4]),
        ({"minimum": 10}, [10, 10.5, 10**400], [9, "11", True, None]),
        ({"exclusiveMinimum": 10, "maximum": 20}, [11, 20], [10, 21]),
        ({"exclusiveMaximum": 0}, [-1], [0]),
    ],
)
def test_a_pattern_fits_some_values_and_no_others(
    pattern: Any, fitting: list[Any], others: list[Any]
) -> None:
    test = compile_pattern(pattern)
    assert [value for value in fitting if not test(value)] == []
    assert [value for value in others if test(value)] == []


@pytest.mark.parametrize(
    "pattern", [None, [], {}, {"least": 3}, {"minimum": "3"}, {"minimum": True}, object()]
)
def test_what_is_no_pattern_is_refused(pattern: object) -> None:
    with pytest.raises(ValueError, match=r"a pattern is text|minimum is a number"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("arguments", "place", "values"),
    [
        ({"to": "Anna"}, "to", ["Anna"]),
        ({}, "to", [MISSING]),
        ({"to": None}, "to", [None]),
        ({"card": {"number": 1}}, "card.number", [1]),
        ({"card": "x"}, "card.number", [MISSING]),
        ({"to": ["a", "b"]}, "to", ["a", "b"]),
        ({"to": []}, "to", [MISSING]),
        ({"to": {}}, "to", [MISSING]),
        ({"to": {"x": [1, {"y": 2}]}}, "to", [1, 2]),
        ({"people": [{"iban": 1}, {}, {"iban": 3}]}, "people[].iban", [1, MISSING, 3]),
        ({"people": [{"iban": 1}]}, "people.iban", [1]),
        ({"a.b": 1}, "a.b", [1]),
        ({"a.b": 1, "a": {"b": 2}}, "a.b", [2, 1]),
    ],
)
def test_the_values_at_a_place(arguments: dict[str, Any], place: str, values: list[Any]) -> None:
    assert list(values_at(arguments, place)) == values

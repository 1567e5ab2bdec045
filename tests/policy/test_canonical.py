"""One text for equal arguments, and different ones for all others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.policy import canonical_json, hash_of

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


def is_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: numbers by their value, and no boolean is a number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


@given(values, values)
def test_values_that_differ_have_texts_that_differ(one: Any, other: Any) -> None:
    if canonical_json(one) == canonical_json(other):
        assert is_equal(one, other)


@given(values)
def test_the_text_says_the_value(value: Any) -> None:
    assert is_equal(json.loads(canonical_json(value)), value)


@given(st.dictionaries(st.text(), values))
def test_the_order_of_names_does_not_count(arguments: dict[str, Any]) -> None:
    turned = dict(reversed(arguments.items()))
    assert hash_of("pay", arguments) == hash_of("pay", turned)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"n": 7}, {"n": 7.0}), ({"n": 0}, {"n": -0.0}), ({"n": [1, {"m": 2.0}]}, {"n": [1.0, {"m": 2}]})],
)
def test_equal_numbers_are_written_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert hash_of("pay", one) == hash_of("pay", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": 1}, {"n": True}),
        ({"n": 1}, {"n": "1"}),
        ({"n": None}, {}),
        ({"n": 2**53}, {"n": 2**53 + 1}),
        ({"n": 2**53 + 1}, {"n": float(2**53)}),
        ({"a": "b", "c": "d"}, {"a": 'b","c":"d'}),
    ],
)
def test_others_are_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert hash_of("pay", one) != hash_of("pay", other)


def test_the_tool_is_part_of_the_hash() -> None:
    assert hash_of("pay", {}) != hash_of("refund", {})


def test_half_a_character_has_a_hash_too() -> None:
    assert hash_of("say", {"text": "\ud800"}) != hash_of("say", {"text": "?"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: "a"}, {"a": object()}])
def test_what_is_no_json_has_none(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)

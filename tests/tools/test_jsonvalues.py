"""A JSON value is copied within its bounds, and a float that is a whole number is noticed."""

from __future__ import annotations

import enum
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.tools.jsonvalues import (
    MAX_DEPTH,
    OutOfBoundsError,
    json_from_text,
    path_to_half_character,
    read_json,
)

finite_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(finite_json)
def test_a_copy_says_the_same(value: object) -> None:
    assert json.dumps(read_json(value).value) == json.dumps(value)


def test_a_copy_shares_no_container() -> None:
    value: dict[str, Any] = {"a": [{"b": []}]}
    copied = read_json(value).value
    copied["a"][0]["b"].append(1)
    copied["c"] = 1
    assert value == {"a": [{"b": []}]}


class Level(enum.IntEnum):
    HIGH = 2


class Name(str):
    __slots__ = ()


def test_a_copy_holds_plain_types_alone() -> None:
    copied = read_json({"a": Level.HIGH, "b": Name("x")}).value
    assert [type(item) for item in copied.values()] == [int, str]


@pytest.mark.parametrize(
    ("value", "is_noticed"),
    [(7.0, True), ([{"a": -0.0}], True), (7.5, False), (7, False), ({"a": "7.0"}, False), (True, False)],
)
def test_a_whole_float_is_noticed(value: object, is_noticed: bool) -> None:
    assert read_json(value).has_whole_floats is is_noticed


def out_of_bounds(value: object) -> tuple[list[str | int], str, str]:
    with pytest.raises(OutOfBoundsError) as caught:
        read_json(value)
    return caught.value.path, caught.value.expected, caught.value.came


@pytest.mark.parametrize(
    ("value", "path", "expected", "came"),
    [
        ({"a": [0, math.nan]}, ["a", 1], "a finite number", "NaN"),
        ([[-math.inf]], [0, 0], "a finite number", "-Infinity"),
        ({"a": b"x"}, ["a"], "a JSON value", "a value of type bytes"),
        ({"a": {2: 1}}, ["a"], "names that are text", "a name of type int"),
        ([2**1024], [0], "a number of at most 300 digits", "a longer one"),
    ],
)
def test_what_is_out_of_bounds_is_told_with_its_path(
    value: object, path: list[str | int], expected: str, came: str
) -> None:
    assert out_of_bounds(value) == (path, expected, came)


def test_the_largest_number_is_read() -> None:
    assert read_json(2**1024 - 1).value == 2**1024 - 1


def test_a_value_that_holds_itself_is_too_deep() -> None:
    itself: list[object] = []
    itself.append(itself)
    path, expected, _ = out_of_bounds(itself)
    assert expected == "at most 64 levels of objects and lists"
    assert path == [0] * MAX_DEPTH


def test_a_text_is_read_as_json() -> None:
    assert json_from_text(' {"a": [1]} ') == {"a": [1]}


@pytest.mark.parametrize("text", ["", "x", "{", "{'a': 1}", "[1,]", "1" * 5000])
def test_a_text_that_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        json_from_text(text)


def test_a_text_is_bounded_before_it_is_read() -> None:
    with pytest.raises(OutOfBoundsError):
        json_from_text("[" * 200_000)
    with pytest.raises(OutOfBoundsError):
        json_from_text('"' + "é" * (512 * 1024) + '"')


@pytest.mark.parametrize("item", ["", [], {}], ids=repr)
def test_many_small_values_are_bounded_too(item: object) -> None:
    assert len(read_json([item] * 300_000).value) == 300_000
    _, expected, came = out_of_bounds([item] * 400_000)
    assert (expected, came) == ("at most 1 MiB of JSON", "more")


@pytest.mark.parametrize(
    ("value", "is_interoperable"),
    [
        ({"a": [1, -0.5, "é", "😀", None, True, 2**53 - 1, 2.0**52]}, True),
        ([2**53], False),
        ([-(2**53)], False),
        ([2.0**53], False),
        ({"\ud800": 1}, False),
        (["a\udfff"], False),
    ],
)
def test_what_readers_of_json_take_differently_is_noticed(value: object, is_interoperable: bool) -> None:
    assert read_json(value).is_interoperable is is_interoperable


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("\ud800", []),
        ({"a": ["x", "\ud83d\ude00"]}, ["a", 1]),
        ({"\ud800": 1}, ["\ud800"]),
        ({"a": ["é", "😀", 7, None], "b": {}}, None),
    ],
)
def test_half_a_character_is_found(value: object, path: list[str | int] | None) -> None:
    assert path_to_half_character(value) == path

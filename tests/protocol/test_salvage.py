"""JSON that the fast reader refuses is read as far as it can be understood, and in one pass."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.protocol.messages.salvage import MAX_DEPTH, salvage_json

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    depth, level = 0, [value]
    while containers := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [inner for one in containers for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


@given(JSON_VALUES, st.booleans(), st.booleans())
def test_any_json_is_read_as_it_is(value: object, ascii_only: bool, deep: bool) -> None:
    assert salvage_json(json.dumps(value, ensure_ascii=ascii_only), deep=deep) == value


@given(
    JSON_VALUES, st.integers(MAX_DEPTH + 1, 3 * MAX_DEPTH), st.sampled_from(['[@, "]"]', '{"a}": @, "[": 1}'])
)
def test_what_is_nested_too_deep_becomes_null_and_nothing_beside_it_is_lost(
    value: object, depth: int, shell: str
) -> None:
    inner = json.dumps(value)
    for _ in range(depth):
        inner = shell.replace("@", inner)
    found = salvage_json(f'{{"before": "[", "deep": {inner}, "after": [1, "\\"]"]}}', deep=True)
    assert (found["before"], found["after"]) == ("[", [1, '"]'])
    assert depth_of(found) == MAX_DEPTH


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 5_000, 200_000])
def test_nesting_is_kept_up_to_the_limit_and_no_further(depth: int) -> None:
    found = salvage_json("[" * depth + "]" * depth, deep=True)
    assert depth_of(found) == min(depth, MAX_DEPTH)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "]" * 100_000,
        "[" * 300 + '"' + '\\"' * 100_000,
        "[" * 300 + '"a' * 100_000,
        '[{"a":' * 100_000,
        "[" * 300 + "{" * 300 + "}" * 299 + "]" * 300,
    ],
    ids=["open", "closed", "escaped quotes", "quotes", "mixed", "one bracket short"],
)
def test_deep_nonsense_is_refused_in_one_pass(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        salvage_json(text, deep=True)


def test_deep_nesting_is_refused_where_nobody_asked_for_a_cut() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        salvage_json("[" * 200_000 + "]" * 200_000, deep=False)


def test_an_integer_too_long_to_convert_is_infinite() -> None:
    long = "9" * 5000
    assert salvage_json(f"[1, {long}, -{long}]", deep=False) == [1, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'"a\ude00\ud83d"', "a\ufffd\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\\ud800"', r"\ud800"),
        (r'{"\udfff": ["\ud800x"]}', {"\ufffd": ["\ufffdx"]}),
        ('"\ud800"', "\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced_wherever_it_stands(text: str, value: object) -> None:
    assert salvage_json(text, deep=False) == value


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\ufeff"])
def test_an_empty_frame_is_called_that(text: str) -> None:
    with pytest.raises(ValueError, match="an empty frame"):
        salvage_json(text, deep=False)


def test_the_place_where_json_breaks_off_is_named() -> None:
    with pytest.raises(ValueError, match=r"not JSON: .* at character 7$"):
        salvage_json('{"a": nope}', deep=False)

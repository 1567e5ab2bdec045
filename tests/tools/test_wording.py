"""What is expected and what came is said in words that a voice model can use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agentframework.tools.wording import expected_words, listed, place_words, quoted, shortened, value_words


def words(schema: object) -> str:
    definitions: dict[str, Any] = {"#/$defs/count": {"type": "integer", "minimum": 1}}

    def resolve(rules: object) -> Mapping[str, Any]:
        if not isinstance(rules, Mapping):
            return {}
        return definitions[rules["$ref"]] if "$ref" in rules else rules

    return expected_words(schema, resolve)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, "a value"),
        (True, "a value"),
        ({"title": "A"}, "a value"),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 1}, "text of at least 1 character"),
        ({"type": "string", "minLength": 2, "maxLength": 2}, "text of 2 characters"),
        ({"type": "string", "minLength": 2, "maxLength": 4}, "text of 2 to 4 characters"),
        ({"type": "string", "maxLength": 4}, "text of at most 4 characters"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "text that matches ^[a-z]+$"),
        ({"type": "string", "format": "date"}, "a date like 2026-12-31"),
        ({"type": "string", "format": "date-time"}, "a date and time like 2026-12-31T18:30:00Z"),
        ({"type": "string", "format": "email"}, "an e-mail address"),
        ({"type": "string", "format": "colour"}, "text"),
        ({"type": "integer"}, "a whole number"),
        ({"type": "integer", "minimum": 1, "maximum": 10}, "a whole number from 1 to 10"),
        ({"type": "number", "minimum": 0}, "a number of at least 0"),
        ({"type": "number", "maximum": 1.5}, "a number of at most 1.5"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "a number above 0 and below 1"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 10}, "a number above 0 and of at most 10"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "a number of at least 0 and below 1"),
        ({"type": "integer", "multipleOf": 5}, "a whole number in steps of 5"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "null"}, "null"),
        ({"type": "array"}, "a list"),
        ({"type": "array", "items": {"type": "string"}}, "a list, each text"),
        ({"type": "array", "items": {"$ref": "#/$defs/count"}}, "a list, each a whole number of at least 1"),
        (
            {"type": "array", "minItems": 1, "uniqueItems": True},
            "a list of at least 1 item without repetition",
        ),
        ({"type": "object"}, "an object"),
        ({"type": "object", "required": ["street", "zip"]}, 'an object with "street" and "zip"'),
        ({"enum": ["fast", "slow", 3, None]}, '"fast", "slow", 3 or null'),
        ({"const": "fast"}, '"fast"'),
        ({"type": ["string", "null"], "minLength": 1}, "text of at least 1 character or null"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "a whole number or null"),
        ({"oneOf": [{"type": "integer"}, {"type": "integer"}, {"type": "string"}]}, "a whole number or text"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[+-]"}]}, "a number"),
        ({"allOf": [{"$ref": "#/$defs/count"}]}, "a whole number of at least 1"),
        ({"$ref": "#/$defs/count"}, "a whole number of at least 1"),
    ],
)
def test_a_schema_is_said_like_this(schema: object, said: str) -> None:
    assert words(schema) == said


def test_a_long_choice_is_cut_with_a_count() -> None:
    said = words({"enum": [f"colour {number}" for number in range(30)]})
    assert said.endswith('"colour 6" or 23 others')


def test_a_schema_of_lists_of_lists_comes_to_an_end() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    assert words(endless) == "a list, each a list, each a list, each a list"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (7.5, "7.5"),
        ("", "an empty text"),
        ("Oslo", 'the text "Oslo"'),
        ('say "hi"\n', 'the text "say \\"hi\\"\\n"'),
        ("x" * 100, 'the text "' + "x" * 39 + '…"'),
        ([], "an empty list"),
        ([1], "a list of 1 item"),
        ([1, 2], "a list of 2 items"),
        ({}, "an empty object"),
        ({"a": 1, "b": 2}, 'an object with "a" and "b"'),
        ("\ud800", 'the text "?"'),
    ],
)
def test_a_value_is_said_like_this(value: object, said: str) -> None:
    assert value_words(value) == said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ((), "the arguments"),
        (("city",), "city"),
        (("address", "zip"), "address.zip"),
        (("items", 2, "price"), "items[2].price"),
        (("first-name",), "first-name"),
        (("2026",), "2026"),
        (("a b",), '"a b"'),
        (("a", "b.c"), 'a["b.c"]'),
        (("a", ""), 'a[""]'),
        (("\n", 0), '"\\n"[0]'),
    ],
)
def test_a_place_is_said_like_this(path: tuple[str | int, ...], said: str) -> None:
    assert place_words(path, "the arguments") == said


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a or b"),
        (["a", "b", "c"], "a, b or c"),
        (["a"] * 8, "a, a, a, a, a, a, a or a"),
        (["a"] * 9, "a, a, a, a, a, a, a or 2 others"),
    ],
)
def test_words_are_listed_like_this(members: list[str], said: str) -> None:
    assert listed(members) == said


def test_shortening_keeps_what_fits() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert shortened("a bcd", 3) == "a…"


def test_a_quotation_is_one_short_line() -> None:
    assert quoted({"a": ["\n"]}) == '{"a": ["\\n"]}'
    assert quoted(list(range(1000))) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,…"

"""The parts of a schema are found through every word that applies one."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework.tools.subschemas import item_parts, member_parts, parts_below, parts_beside, prefix_of

A, B, C = {"const": "a"}, {"const": "b"}, {"const": "c"}


@pytest.mark.parametrize(
    ("rules", "beside"),
    [
        ({}, []),
        ({"$ref": "#/$defs/a"}, ["at #/$defs/a"]),
        ({"allOf": [A], "anyOf": [B], "oneOf": [C]}, [A, B, C]),
        ({"if": A, "then": B, "else": C}, [A, B, C]),
        ({"not": A}, [A]),
        ({"dependentSchemas": {"x": A}, "dependencies": {"x": ["y"], "z": B}}, [A, ["y"], B]),
        ({"properties": {"x": A}, "items": B}, []),
    ],
)
def test_parts_that_are_applied_to_the_same_value(rules: dict[str, Any], beside: list[Any]) -> None:
    assert list(parts_beside(rules, lambda reference: f"at {reference}")) == beside


def test_parts_that_are_applied_to_what_is_below() -> None:
    rules = {
        "properties": {"x": A},
        "patternProperties": {"^y": B},
        "additionalProperties": C,
        "prefixItems": [A],
        "items": B,
        "contains": C,
        "allOf": [A],
    }
    below = [(step, part) for step, part in parts_below(rules) if part is not None]
    assert below == [("x", A), ("*", B), ("*", C), ("[]", A), ("[]", B), ("[]", C)]


@pytest.mark.parametrize(("name", "parts"), [("x", [A]), ("y", [C, B])])
def test_a_member_has_what_is_declared_for_its_name_or_for_every_other(name: str, parts: list[Any]) -> None:
    rules = {"properties": {"x": A}, "patternProperties": {"^z": B}, "additionalProperties": C}
    assert list(member_parts([rules, {"additionalProperties": True}], name)) == parts


@pytest.mark.parametrize("words", [{"prefixItems": [A], "items": B}, {"items": [A], "additionalItems": B}])
def test_an_item_has_what_is_declared_for_its_place_and_for_all(words: dict[str, Any]) -> None:
    assert prefix_of(words) == [A]
    assert list(item_parts([words], 0)) == [A, B]
    assert list(item_parts([words], 1)) == [B]

"""Each failing place is repaired by the table and no other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from agentframework.tools.definition import Definition
from agentframework.tools.repair import UNREPAIRED, mend, repaired, whole_number
from agentframework.tools.schema import check_schema

INT: dict[str, Any] = {"type": "integer"}


def mismatch(rules: dict[str, Any], value: Any) -> ValidationError:
    return one(Draft202012Validator(rules).iter_errors(value))


def one(mismatches: Iterable[ValidationError]) -> ValidationError:
    (found,) = mismatches
    return found


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        (INT, 7.5),
        (INT, [7]),
        ({"type": "string"}, 7),
        ({"type": "string"}, True),
        ({"type": "boolean"}, 1),
        ({"type": "null"}, ""),
        ({"type": "array"}, {"0": 1}),
        ({"minLength": 3}, "7"),
        ({"enum": [1]}, "1"),
        ({"enum": ["a", "A"]}, "á"),
        ({"not": {"type": "string"}}, "7"),
    ],
)
def test_what_the_table_does_not_name_is_left(rules: dict[str, Any], value: object) -> None:
    assert repaired(mismatch(rules, value)) is UNREPAIRED


def test_only_a_whole_float_becomes_an_integer() -> None:
    def found(rules: dict[str, Any], value: Any) -> ValidationError:
        schema = check_schema({"properties": {"v": rules, "an integer": INT}}, Definition("a_tool", ""))
        assert schema.exact_validator is not None
        return one(schema.exact_validator.iter_errors({"v": value}))

    assert whole_number(found(INT, 7.0)) == 7
    assert whole_number(found({"type": ["integer", "string"]}, 7.0)) == 7
    assert whole_number(found(INT, 7.5)) is UNREPAIRED
    assert whole_number(found(INT, "7")) is UNREPAIRED
    assert whole_number(found({"type": "string"}, 7.0)) is UNREPAIRED


def mended(rules: dict[str, Any], values: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The values after the repairs, and how many mismatches are left."""
    left = mend(values, Draft202012Validator(rules), repaired)
    return values, len(left)


def test_every_failing_place_is_repaired_and_the_rest_is_left() -> None:
    rules = {"properties": {"a": INT, "b": INT, "c": {"items": INT}}}
    assert mended(rules, {"a": "1", "b": "x", "c": ["2", 3], "d": "4"}) == (
        {"a": 1, "b": "x", "c": [2, 3], "d": "4"},
        1,
    )


def test_what_a_repair_brings_to_light_is_repaired_too() -> None:
    inner = {"type": "object", "properties": {"a": INT}}
    outer = {"properties": {"o": {"type": "object", "properties": {"i": inner}}}}
    assert mended(outer, {"o": '{"i": "{\\"a\\": \\"7\\"}"}'}) == ({"o": {"i": {"a": 7}}}, 0)


def test_of_two_choices_the_one_that_repairs_come_nearest_to_is_taken() -> None:
    by_kind = [
        {"properties": {"kind": {"const": "circle"}, "size": {"type": "array"}}},
        {"properties": {"kind": {"const": "square"}, "size": INT}},
    ]
    rules = {"properties": {"shape": {"anyOf": by_kind}}}
    assert mended(rules, {"shape": {"kind": "square", "size": "3"}}) == (
        {"shape": {"kind": "square", "size": 3}},
        0,
    )


def test_a_value_that_fits_two_choices_of_one_is_left() -> None:
    rules = {"properties": {"v": {"oneOf": [INT, {"type": "number"}]}}}
    assert mended(rules, {"v": 7}) == ({"v": 7}, 1)


def test_a_rule_that_never_ends_in_peace_is_given_up() -> None:
    # what a repair makes of the text is refused by the other rule, whatever it is
    rules = {"properties": {"v": {"allOf": [INT, {"type": "string"}]}}}
    assert mended(rules, {"v": "7"}) == ({"v": 7}, 1)

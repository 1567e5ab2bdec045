"""Schemas of many shapes become parameters; a shape that is not known is text."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, Field

from agentframework.localagent.parameters import Parameter, read_parameters


def _one(schema: Any, **root: Any) -> Parameter:
    return read_parameters({"type": "object", "properties": {"it": schema}, **root})[0]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer"}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "array", "items": {"type": "string"}}, "array"),
        ({"type": "object"}, "object"),
        ({"properties": {"a": {}}}, "object"),
        ({"enum": ["a", "b"]}, "choice"),
        ({"const": "a"}, "choice"),
        ({"enum": [None, True]}, "text"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "time"}, "time"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"type": "string", "format": "email"}, "email"),
        ({"type": "string", "description": "A day, as YYYY-MM-DD."}, "date"),
        ({"type": "string", "description": "When, as YYYY-MM-DD HH:MM."}, "date-time"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"type": ["integer", "string"]}, "text"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "text"),
        ({"allOf": [{"type": "number"}]}, "number"),
        ({"$ref": "#/$defs/Count"}, "integer"),
        ({"$ref": "#/$defs/Round"}, "text"),
        ({"$ref": "#/$defs/Missing"}, "text"),
        ({"$ref": "https://example.com/schema"}, "text"),
        ({}, "text"),
        (True, "text"),
        (None, "text"),
        ({"type": 5, "enum": "no list", "minimum": "none"}, "text"),
    ],
)
def test_a_schema_has_the_kind_of_its_values(schema: object, kind: str) -> None:
    definitions = {"Count": {"type": "integer"}, "Round": {"$ref": "#/$defs/Round"}}
    assert _one(schema, **{"$defs": definitions}).kind == kind


@pytest.mark.parametrize("schema", [{}, None, [], {"type": "object"}, {"properties": []}, {"required": 5}])
def test_what_describes_no_properties_has_no_parameters(schema: object) -> None:
    assert read_parameters(schema) == ()


def test_a_required_name_without_a_schema_is_a_text_to_ask_for() -> None:
    (parameter,) = read_parameters({"required": ["city"]})
    assert (parameter.name, parameter.kind, parameter.is_required) == ("city", "text", True)


class _Size(Enum):
    SMALL = "small"
    LARGE = "large"


class _Order(BaseModel):
    size: _Size
    count: int | None = Field(None, gt=0, le=9, description="How many.")


def test_the_schema_of_a_pydantic_model_is_read_through_its_references() -> None:
    size, count = read_parameters(_Order.model_json_schema())
    assert (size.kind, size.choices, size.is_required) == ("choice", ("small", "large"), True)
    assert (count.kind, count.description, count.is_required) == ("integer", "How many.", False)


def test_bounds_say_which_numbers_are_taken() -> None:
    half_open = _one({"type": "number", "exclusiveMinimum": 0, "maximum": 10})
    assert [half_open.takes(value) for value in (0, 0.1, 10, 10.1)] == [False, True, True, False]
    whole = _one({"type": "integer"})
    assert [whole.takes(value) for value in (3, 3.5)] == [True, False]


@pytest.mark.parametrize(
    ("name", "description", "unit"),
    [
        ("minutes", "", "minute"),
        ("delay_seconds", "", "second"),
        ("duration", "In hours.", "hour"),
        ("count", "How many.", None),
    ],
)
def test_a_number_counts_the_unit_of_time_that_it_names(
    name: str, description: str, unit: str | None
) -> None:
    assert Parameter(name, "number", description).time_unit == unit

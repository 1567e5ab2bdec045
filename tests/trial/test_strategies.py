"""What is drawn for a schema fits it, and reaches what it allows."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from pydantic import BaseModel, Field

from agentframework import Tool
from agentframework.tools.definition import Definition
from agentframework.tools.schema import check_schema
from agentframework.trial.strategies import _Drawer, arguments_of


def move(v: object) -> None: ...


INT = {"type": "integer"}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": INT}, "required": ["v"]}

SIMPLE: list[dict[str, Any]] = [
    {"type": "null"},
    {"type": "boolean"},
    {"type": "integer", "minimum": 3, "maximum": 5},
    {"type": "integer", "exclusiveMinimum": 3, "maximum": 4.5},
    {"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 30},
    {"type": "number", "minimum": -1, "maximum": 1.5},
    {"type": ["integer", "null"]},
    {"type": "string", "minLength": 2, "maxLength": 4},
    {"type": "string", "pattern": "^[A-Z]{2}[0-9]$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "ipv6"},
    {"enum": ["a", 1, None]},
    {"const": {"a": [1]}},
    {"type": "array", "items": INT, "minItems": 2, "maxItems": 3},
    {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True},
    {"type": "array", "prefixItems": [INT, {"type": "null"}], "items": False, "minItems": 2},
    {"type": "object", "properties": {"a": INT, "b": False}, "required": ["a"]},
    {"type": "object", "additionalProperties": INT},
    {"type": "object", "required": ["x"]},
    {"type": "object", "patternProperties": {"^a": INT}, "additionalProperties": False},
    {"type": "object", "additionalProperties": INT, "propertyNames": {"pattern": "^[a-c]{1,3}$"}},
    {"anyOf": [INT, {"type": "string"}]},
    {"oneOf": [{"type": "null"}, {"type": "boolean"}]},
    {"allOf": [{"type": "integer", "minimum": 1}, {"maximum": 3}]},
    {"type": "integer", "anyOf": [{"minimum": 5, "maximum": 6}, {"const": 9}]},
    {"properties": {"a": INT}, "required": ["a"], "type": "object"},
    {"$ref": "#/$defs/node"},
    {"$ref": "#/$defs/n~1o", "minimum": 2},
    {"minLength": 2, "maxLength": 2, "type": "string"},
    True,  # type: ignore[list-item]
]


@pytest.mark.parametrize("rules", SIMPLE, ids=str)
def test_what_is_drawn_fits_before_anything_is_filtered(rules: dict[str, Any]) -> None:
    document = {
        "type": "object",
        "properties": {"v": rules},
        "required": ["v"],
        "additionalProperties": False,
        "$defs": {"node": NODE, "n/o": INT},
    }
    validator = check_schema(document, Definition("move", "a test")).validator
    misses = 0

    @settings(max_examples=30, database=None, phases=(Phase.generate,))
    @given(_Drawer(document).values(document))
    def draw(arguments: Any) -> None:
        nonlocal misses
        misses += not validator.is_valid(arguments)

    draw()
    # an exclusive bound and joined bounds are left to the filter
    assert misses <= 6


class Colour(enum.Enum):
    RED = "red"


class Home(BaseModel, extra="forbid"):
    street: str
    since: dt.date
    people: list[int] = []


def every_kind(
    day: dt.date,
    at: dt.datetime,
    time: dt.time,
    wait: dt.timedelta,
    price: Decimal,
    ident: UUID,
    colour: Colour,
    size: Literal["small", "large"],
    home: Home | None,
    share: Annotated[float, Field(gt=0, lt=1)],
    by_name: dict[str, int],
    pair: tuple[int, str],
    some: set[int],
    raw: bytes,
) -> None: ...


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(arguments_of(Tool("every_kind", every_kind)))
def test_arguments_of_a_signature_fit_without_a_repair(arguments: dict[str, Any]) -> None:
    tool = Tool("every_kind", every_kind, strict=True)
    assert tool.read_arguments(arguments) == arguments


def test_optional_arguments_and_every_choice_are_reached() -> None:
    def choose(size: Literal["small", "large"], more: int | str | None = None) -> None: ...

    drawn = arguments_of(Tool("choose", choose))
    for wanted in (
        lambda found: "more" not in found,
        lambda found: found.get("more", 0) is None,
        lambda found: isinstance(found.get("more"), str) and found["size"] == "large",
        lambda found: isinstance(found.get("more"), int) and found["more"] > 2**53,
    ):
        assert find(drawn, wanted, settings=settings(max_examples=2_000, database=None))


def test_what_a_schema_says_in_a_hard_way_is_left_to_the_filter() -> None:
    schema = {
        "properties": {"v": {"type": "integer", "minimum": 0, "maximum": 9, "not": {"multipleOf": 2}}},
        "required": ["v"],
        "if": {"properties": {"v": {"const": 3}}},
        "then": False,
    }
    drawn = arguments_of(Tool("move", move, parameters=schema))

    @settings(max_examples=20, database=None, suppress_health_check=list(HealthCheck))
    @given(drawn)
    def draw(arguments: Any) -> None:
        assert arguments["v"] % 2 == 1 and arguments["v"] != 3

    draw()


def test_a_schema_that_nothing_fits_is_found_out() -> None:
    schema = {"properties": {"v": {"allOf": [INT, {"type": "string"}]}}, "required": ["v"]}
    with pytest.raises(Unsatisfiable):
        find(arguments_of(Tool("move", move, parameters=schema)), lambda _: True)


@given(st.data())
def test_a_pattern_that_python_does_not_know_is_no_obstacle(data: st.DataObject) -> None:
    drawn = _Drawer({}).values({"type": "string", "pattern": r"^\p{L}"})
    assert isinstance(data.draw(drawn), str)

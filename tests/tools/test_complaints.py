"""The errors of jsonschema and of pydantic are told in one wording: field, expectation, what came."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, FutureDate, ValidationError, field_validator, model_validator

from agentframework.errors import ArgumentProblem
from agentframework.tools.complaints import problems_of_model, problems_of_schema, shown_problems
from agentframework.tools.definition import Definition
from agentframework.tools.schema import check_schema
from agentframework.tools.wording import value_words

HERE = Definition("a_tool", "a plugin")
TEXT = {"type": "string"}
INT = {"type": "integer"}


def told(rules: dict[str, Any], sent: dict[str, Any]) -> list[str]:
    schema = check_schema({"type": "object", **rules}, HERE)
    return [str(problem) for problem in problems_of_schema(schema.validator.iter_errors(sent), sent, schema)]


def value_told(rules: object, value: object) -> list[str]:
    return told({"properties": {"v": rules}}, {"v": value})


CIRCLE = {
    "type": "object",
    "properties": {"kind": {"const": "circle"}, "radius": INT},
    "required": ["radius"],
}
SQUARE = {"type": "object", "properties": {"kind": {"const": "square"}, "side": INT}, "required": ["side"]}


@pytest.mark.parametrize(
    ("rules", "value", "expected"),
    [
        ({"type": "array", "uniqueItems": True}, [1, 1], "a list without repetition"),
        ({"minimum": 1}, 0, "a value"),
        ({"not": INT}, 1, "another value"),
        ({"contains": TEXT}, [1], "a list with a fitting item"),
        ({"minProperties": 1}, {}, "an object with more entries"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "an object with fewer entries"),
        ({"oneOf": [INT, {"type": "number"}]}, 1, "a value that fits one of the choices alone"),
        ({"unevaluatedProperties": False}, {"a": 1}, "an object without further fields"),
        ({"anyOf": [INT, TEXT]}, [], "a whole number or text"),
        ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}, 1, "a whole number of at least 3"),
        ({"allOf": [{"anyOf": [INT]}, {}]}, "x", "a whole number"),
        (False, 1, "nothing here"),
    ],
)
def test_a_broken_rule_is_told_with_the_value_that_broke_it(rules: Any, value: object, expected: str) -> None:
    assert value_told(rules, value) == [f"v: expected {expected}, got {value_words(value)}"]


@pytest.mark.parametrize(
    ("rules", "value", "field", "expected"),
    [
        ({"required": ["a"], "properties": {"a": TEXT}}, {}, "v.a", "text"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "v.b", "a value"),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, "v.b", "a value"),
        ({"anyOf": [INT, CIRCLE]}, {"kind": "circle"}, "v.radius", "a whole number"),
        ({"anyOf": [CIRCLE, SQUARE]}, {"kind": "square"}, "v.side", "a whole number"),
    ],
)
def test_a_missing_field_is_told_wherever_it_is_missing(
    rules: dict[str, Any], value: object, field: str, expected: str
) -> None:
    assert value_told(rules, value) == [f"{field}: expected {expected}, got nothing (it is required)"]


def test_of_two_choices_the_one_that_the_value_names_itself_is_told() -> None:
    big_square = {**SQUARE, "required": ["side", "colour"]}
    rules = {"anyOf": [{**CIRCLE, "required": []}, big_square]}
    assert list(dict.fromkeys(value_told(rules, {"kind": "square"}))) == [
        "v.side: expected a whole number, got nothing (it is required)",
        "v.colour: expected a value, got nothing (it is required)",
    ]


def test_an_unknown_field_is_told_with_the_known_ones() -> None:
    known = {"properties": {"city": TEXT, "unit": TEXT}, "patternProperties": {"^x-": {}}}
    assert told({**known, "additionalProperties": False}, {"colour": 1, "x-more": 2, "cty": 3}) == [
        "colour: expected no field of this name (there are city and unit), got 1",
        "cty: expected no field of this name (did you mean city?), got 3",
    ]
    assert told({"properties": {"city": TEXT}, "additionalProperties": False}, {"z": 1}) == [
        "z: expected no field of this name (there is city), got 1"
    ]
    assert told({"additionalProperties": False}, {"z": 1}) == [
        "z: expected no field of this name (there are none), got 1"
    ]


def test_draft_7s_dependencies_are_told_too() -> None:
    rules = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "dependencies": {"a": ["b"], "c": {"required": ["d"]}},
    }
    assert told(rules, {"a": 1, "c": 1}) == [
        "b: expected a value, got nothing (it is required)",
        "d: expected a value, got nothing (it is required)",
    ]


class Colour(enum.Enum):
    RED = "red"


class Circle(BaseModel):
    kind: Literal["circle"]
    on: dt.datetime


class Square(BaseModel):
    kind: Literal["square"]
    on: dt.date


class Order(BaseModel):
    day: dt.date | None = None
    at: dt.datetime | None = None
    price: Annotated[Decimal, Field(max_digits=3)] | None = None
    ident: UUID | None = None
    later: FutureDate | None = None
    shape: Circle | Square | None = None
    shapes: list[Annotated[Circle | Square, Field(discriminator="kind")]] = []
    named: dict[str, dt.datetime] = {}
    name: str = "somebody"
    colour: Colour = Colour.RED
    end: dt.date = Field(dt.date.max, alias="until")

    @field_validator("name")
    @classmethod
    def is_polite(cls, name: str) -> str:
        if name == "you":
            raise ValueError("say a proper name")
        assert name != "me", "say another name"
        return name

    @model_validator(mode="after")
    def is_possible(self) -> Order:
        if self.name == "nobody" and self.price:
            raise ValueError("nobody pays nothing")
        return self


SCHEMA = check_schema(Order.model_json_schema(), HERE)
DATE = "a date like 2026-12-31"
DATE_TIME = "a date and time like 2026-12-31T18:30:00Z"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"day": "soon"}, f'day: expected {DATE} or null, got the text "soon"'),
        (
            {"at": "2026-13-01T00:00:00Z"},
            f'at: expected {DATE_TIME} or null, got the text "2026-13-01T00:00:00Z"',
        ),
        ({"ident": "7"}, 'ident: expected a UUID or null, got the text "7"'),
        ({"colour": "blue"}, 'colour: expected "red", got the text "blue"'),
        ({"until": "x"}, f'until: expected {DATE}, got the text "x"'),
        ({"named": {"a": "x"}}, f'named.a: expected {DATE_TIME}, got the text "x"'),
        (
            {"shapes": [{"kind": "circle", "on": "x"}]},
            f'shapes[0].on: expected {DATE_TIME}, got the text "x"',
        ),
        (
            {"shapes": [{"kind": "circle"}]},
            f"shapes[0].on: expected {DATE_TIME}, got nothing (it is required)",
        ),
        ({"name": "you"}, 'name: expected text (say a proper name), got the text "you"'),
        ({"name": "me"}, 'name: expected text (say another name), got the text "me"'),
        (
            {"later": "2020-01-01"},
            f'later: expected {DATE} or null (Date should be in the future), got the text "2020-01-01"',
        ),
        (
            {"price": 12345},
            (
                "price: expected a number or null "
                "(Decimal input should have no more than 3 digits in total), got 12345"
            ),
        ),
        (
            {"name": "nobody", "price": 1},
            'the arguments: expected an object (nobody pays nothing), got an object with "name" and "price"',
        ),
    ],
)
def test_what_pydantic_finds_is_told_like_this(sent: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate(sent)
    (problem,) = problems_of_model(caught.value, sent, SCHEMA)
    assert str(problem) == said


def test_the_branches_of_a_union_are_no_part_of_the_path() -> None:
    sent = {"shape": {"kind": "circle", "on": "x"}}
    with pytest.raises(ValidationError) as caught:
        Order.model_validate(sent)
    fields = {problem.field for problem in problems_of_model(caught.value, sent, SCHEMA)}
    assert fields == {"shape.on", "shape.kind"}


def test_one_problem_is_shown_once() -> None:
    problem = ArgumentProblem("city", "text", "7")
    assert shown_problems([problem, problem]) == [problem]


def test_many_problems_are_cut_with_a_count() -> None:
    problems = [ArgumentProblem(f"field_{number}", "text", "7") for number in range(50)]
    shown = shown_problems(problems)
    assert shown[:-1] == problems[: len(shown) - 1]
    assert str(shown[-1]) == f"{50 - len(shown) + 1} more: expected what the tool declares, got other values"
    assert len("; ".join(map(str, shown))) < 420


def test_a_single_problem_is_shortened_and_shown() -> None:
    (shown,) = shown_problems([ArgumentProblem("f" * 1000, "e" * 1000, "c" * 1000)])
    assert len(str(shown)) < 350
    assert str(shown).count("…") == 3

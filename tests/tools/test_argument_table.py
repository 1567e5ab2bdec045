"""What a tool is called with, by what it declares and what was sent: the table of repairs, and nothing beyond it.

Each row is (what is declared for the argument `v`, what was sent for it, what the handler gets). A declaration is a
JSON Schema or an annotation. Where the call is refused the third column is `told(...)`: what the model is told.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agentframework.errors import ArgumentsError
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool

CONTEXT = ToolContext("conversation-1", "call-1", "move", 0.0, threading.Event())


@dataclass(frozen=True)
class Told:
    """The call is refused, and this is said between the fixed beginning and the fixed end."""

    text: str


told = Told

INT: dict[str, Any] = {"type": "integer"}
NUM: dict[str, Any] = {"type": "number"}
STR: dict[str, Any] = {"type": "string"}
BOOL: dict[str, Any] = {"type": "boolean"}
NULL: dict[str, Any] = {"type": "null"}
INTS: dict[str, Any] = {"type": "array", "items": INT}
OBJ: dict[str, Any] = {"type": "object"}
INT_OR_NULL: dict[str, Any] = {"type": ["integer", "null"]}
POINT: dict[str, Any] = {
    "type": "object",
    "properties": {"x": INT, "y": INT},
    "required": ["x", "y"],
    "additionalProperties": False,
}
POINTS: dict[str, Any] = {"type": "array", "items": POINT}
SPEED: dict[str, Any] = {"enum": ["fast", "slow"]}
DATE: dict[str, Any] = {"type": "string", "format": "date"}
CIRCLE: dict[str, Any] = {
    "type": "object",
    "properties": {"kind": {"const": "circle"}, "radius": INT},
    "required": ["kind", "radius"],
}
SQUARE: dict[str, Any] = {
    "type": "object",
    "properties": {"kind": {"const": "square"}, "side": INT},
    "required": ["kind", "side"],
}


def any_of(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(rules)}


class Unit(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str
    number: int
    since: dt.date = dt.date(2020, 1, 1)


class Person(BaseModel, extra="forbid"):
    name: str
    home: Address | None = None
    others: list[Address] = []


class Ball(BaseModel):
    kind: Literal["ball"]
    radius: int


class Box(BaseModel):
    kind: Literal["box"]
    sides: list[int]


Thing = Annotated[Ball | Box, Field(discriminator="kind")]
HOME = Address(street="High Street", number=7)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
BIG = 2**53 + 1
BIGGER = 2**64 + 1

Row = tuple[Any, object, object]

AS_IT_IS: list[Row] = [
    (INT, 7, 7),
    (INT, -7, -7),
    (INT, 7.0, 7),
    (INT, 1e22, 10**22),
    (NUM, 7, 7),
    (NUM, 7.0, 7.0),
    (NUM, 7.5, 7.5),
    (STR, "7", "7"),
    (STR, "", ""),
    (BOOL, False, False),
    (NULL, None, None),
    (INTS, [1, 2.0], [1, 2]),
    (OBJ, {"a": {"b": 7.0}}, {"a": {"b": 7.0}}),
    ({}, "7", "7"),
    ({}, 7.0, 7.0),
    (SPEED, "fast", "fast"),
    ({"type": ["number", "integer"]}, 7.5, 7.5),
]

# What looks like JSON stays text where text is declared.
TEXT_STAYS_TEXT: list[Row] = [
    (STR, '{"a": 1}', '{"a": 1}'),
    (STR, "[1, 2]", "[1, 2]"),
    (STR, "true", "true"),
    (STR, "null", "null"),
    (STR, "1e3", "1e3"),
    (str, '{"a": 1}', '{"a": 1}'),
    (str, "[1, 2]", "[1, 2]"),
    (str | None, "null", "null"),
    (Any, "[1]", "[1]"),
    ({"type": ["integer", "string"]}, "7", "7"),
    (any_of(INT, STR), "7", "7"),
    (any_of(STR, OBJ), '{"a": 1}', '{"a": 1}'),
    (str | list[int], "[1]", "[1]"),
    ({"type": "array", "items": STR}, ["[1]", "7"], ["[1]", "7"]),
    ({"additionalProperties": STR}, {"a": "{}"}, {"a": "{}"}),
]

NUMBERS_AND_TRUTH: list[Row] = [
    (INT, "7", 7),
    (INT, "-7", -7),
    (INT, "007", 7),
    (INT, "7.0", 7),
    (INT, "1e3", 1000),
    (NUM, "7", 7),
    (NUM, "7.5", 7.5),
    (NUM, "-0.5", -0.5),
    (NUM, "1e-3", 0.001),
    (INT_OR_NULL, "7", 7),
    ({"type": "integer", "enum": [1, 2]}, "2", 2),
    ({"enum": [1, 2], "type": "integer"}, "2", 2),
    ({"type": "integer", "minimum": 1}, "1", 1),
    (BOOL, "true", True),
    (BOOL, "false", False),
    (int, "7", 7),
    (float, "7", 7.0),
    (bool, "true", True),
    (INT, "seven", told('v: expected a whole number, got the text "seven"')),
    (INT, "7.5", told('v: expected a whole number, got the text "7.5"')),
    (INT, 7.5, told("v: expected a whole number, got 7.5")),
    (INT, " 7", told('v: expected a whole number, got the text " 7"')),
    (INT, "+7", told('v: expected a whole number, got the text "+7"')),
    (INT, "1_000", told('v: expected a whole number, got the text "1_000"')),
    (INT, "1,000", told('v: expected a whole number, got the text "1,000"')),
    (INT, "٧", told('v: expected a whole number, got the text "٧"')),
    (INT, "0x10", told('v: expected a whole number, got the text "0x10"')),
    (INT, "", told("v: expected a whole number, got an empty text")),
    (INT, True, told("v: expected a whole number, got true")),
    (INT, [7], told("v: expected a whole number, got a list of 1 item")),
    (INT, '"7"', told('v: expected a whole number, got the text "\\"7\\""')),
    (NUM, "NaN", told('v: expected a number, got the text "NaN"')),
    (NUM, "1e999", told('v: expected a number, got the text "1e999"')),
    (NUM, False, told("v: expected a number, got false")),
    (STR, 7, told("v: expected text, got 7")),
    (STR, True, told("v: expected text, got true")),
    (STR, {"a": 1}, told('v: expected text, got an object with "a"')),
    (BOOL, "yes", told('v: expected true or false, got the text "yes"')),
    (BOOL, "True", told('v: expected true or false, got the text "True"')),
    (BOOL, "1", told('v: expected true or false, got the text "1"')),
    (BOOL, 1, told("v: expected true or false, got 1")),
    ({"type": "integer", "minimum": 10}, "7", told("v: expected a whole number of at least 10, got 7")),
]

BIG_NUMBERS: list[Row] = [
    (INT, BIG, BIG),
    (INT, str(BIG), BIG),
    (INT, BIGGER, BIGGER),
    (INT, str(BIGGER), BIGGER),
    (INT, f"{BIGGER}.0", BIGGER),
    (int, str(BIGGER), BIGGER),
    (NUM, BIG, BIG),
    (NUM, str(BIG), BIG),
    ({"enum": [BIG]}, BIG, BIG),
    ({"enum": [BIG]}, BIG + 1, told(f"v: expected {BIG}, got {BIG + 1}")),
    ({"maximum": BIG}, BIG + 1, told(f"v: expected a value, got {BIG + 1}")),
    (INT, 10**400, told("v: expected a number of at most 300 digits, got a longer one")),
]

NULLS_AND_DEFAULTS: list[Row] = [
    (INT_OR_NULL, None, None),
    (INT_OR_NULL, 7.0, 7),
    (any_of(INT, NULL), None, None),
    (int | None, None, None),
    (INT, None, told("v: expected a whole number, got null")),
    (STR, None, told("v: expected text, got null")),
    (int, None, told("v: expected a whole number, got null")),
    (NULL, "null", told('v: expected null, got the text "null"')),
    (INT_OR_NULL, "null", told('v: expected a whole number or null, got the text "null"')),
    (list[int] | None, "null", told('v: expected a list, each a whole number or null, got the text "null"')),
]

LISTS_AND_OBJECTS: list[Row] = [
    (INTS, "[1, 2]", [1, 2]),
    (INTS, " [] ", []),
    (INTS, ["1", "2"], [1, 2]),
    (INTS, '["1", 2.0]', [1, 2]),
    (OBJ, '{"a": "7"}', {"a": "7"}),
    ({"type": ["array", "object"]}, "[1]", [1]),
    (POINT, '{"x": 1, "y": 2}', {"x": 1, "y": 2}),
    (POINT, {"x": "1", "y": "2"}, {"x": 1, "y": 2}),
    (POINTS, '[{"x": "1", "y": 2.0}]', [{"x": 1, "y": 2}]),
    (POINTS, ['{"x": 1, "y": 2}'], [{"x": 1, "y": 2}]),
    ({"type": "array", "items": INTS}, '["[1]", "[2]"]', [[1], [2]]),
    (list[int], "[1, 2]", [1, 2]),
    (set[int], ["1", 2], {1, 2}),
    (tuple[int, str], [1, "a"], (1, "a")),
    (dict[str, int], '{"a": "1"}', {"a": 1}),
    (INTS, 7, told("v: expected a list, each a whole number, got 7")),
    (INTS, "1, 2", told('v: expected a list, each a whole number, got the text "1, 2"')),
    (INTS, "7", told('v: expected a list, each a whole number, got the text "7"')),
    (INTS, '{"a": 1}', told('v: expected a list, each a whole number, got the text "{\\"a\\": 1}"')),
    (INTS, "[1, NaN]", told('v: expected a list, each a whole number, got the text "[1, NaN]"')),
    (INTS, '["x"]', told('v[0]: expected a whole number, got the text "x"')),
    (INTS, {"0": 1}, told('v: expected a list, each a whole number, got an object with "0"')),
    (OBJ, [1], told("v: expected an object, got a list of 1 item")),
    (OBJ, "{'a': 1}", told("v: expected an object, got the text \"{'a': 1}\"")),
    (POINT, '{"x": 1}', told("v.y: expected a whole number, got nothing (it is required)")),
    (POINTS, [{"x": 1, "y": "b"}], told('v[0].y: expected a whole number, got the text "b"')),
    (
        POINT,
        {"x": 1, "y": 2, "z": 3},
        told("v.z: expected no field of this name (there are x and y), got 3"),
    ),
    (OBJ, {"more": 1}, {"more": 1}),
]

CHOICES: list[Row] = [
    (SPEED, "FAST", "fast"),
    ({"enum": ["Fast", 1]}, "fast", "Fast"),
    ({"const": "Fast"}, "fast", "Fast"),
    ({"type": "string", "enum": ["Straße", "Weg"]}, "STRASSE", "Straße"),
    (Literal["small", "large"], "LARGE", "large"),
    (Unit, "Celsius", Unit.CELSIUS),
    (Level, "2", Level.HIGH),
    (SPEED, "quick", told('v: expected "fast" or "slow", got the text "quick"')),
    (SPEED, "fas", told('v: expected "fast" or "slow", got the text "fas"')),
    (SPEED, " fast", told('v: expected "fast" or "slow", got the text " fast"')),
    ({"enum": ["Yes", "YES"]}, "yes", told('v: expected "Yes" or "YES", got the text "yes"')),
    ({"enum": ["Yes", "YES"]}, "Yes", "Yes"),
    ({"enum": [1, 2]}, "1", told('v: expected 1 or 2, got the text "1"')),
    (Unit, "kelvin", told('v: expected "celsius" or "fahrenheit", got the text "kelvin"')),
    (any_of(INT, NULL), "7", 7),
    (any_of(INT, BOOL), "true", True),
    (any_of(INT, INTS), "[1]", [1]),
    (any_of(NULL, POINT), {"x": "1", "y": 2}, {"x": 1, "y": 2}),
    (any_of(any_of(INT, NULL), BOOL), "7", 7),
    ({"oneOf": [INT, NULL]}, "7", 7),
    ({"allOf": [INT, {"minimum": 1}]}, "7", 7),
    ({"$ref": "#/$defs/point"}, '{"x": 1.0, "y": "2"}', {"x": 1, "y": 2}),
    (any_of({"$ref": "#/$defs/point"}, NULL), {"x": 1.0, "y": 2}, {"x": 1, "y": 2}),
    ({"oneOf": [CIRCLE, SQUARE]}, {"kind": "square", "side": "3"}, {"kind": "square", "side": 3}),
    ({"oneOf": [CIRCLE, SQUARE]}, '{"kind": "circle", "radius": 1}', {"kind": "circle", "radius": 1}),
    (any_of(INT, BOOL), "maybe", told('v: expected a whole number or true or false, got the text "maybe"')),
    (any_of(INT, NULL), "maybe", told('v: expected a whole number or null, got the text "maybe"')),
    (
        {"oneOf": [CIRCLE, SQUARE]},
        {"kind": "square", "radius": 3},
        told("v.side: expected a whole number, got nothing (it is required)"),
    ),
    (Thing, {"kind": "ball", "radius": "3"}, Ball(kind="ball", radius=3)),
    (Thing, '{"kind": "box", "sides": ["1", 2]}', Box(kind="box", sides=[1, 2])),
    (
        Thing,
        {"kind": "box", "sides": [1, "b"]},
        told('v.sides[1]: expected a whole number, got the text "b"'),
    ),
    (int | list[int], "[1]", [1]),
]

MODELS_AND_FORMATS: list[Row] = [
    (Address, {"street": "High Street", "number": "7"}, HOME),
    (Address, '{"street": "High Street", "number": 7}', HOME),
    (
        Person,
        {"name": "Ada", "home": '{"street": "High Street", "number": 7}'},
        Person(name="Ada", home=HOME),
    ),
    (
        Person,
        {"name": "Ada", "others": [{"street": "High Street", "number": 7.0}]},
        Person(name="Ada", others=[HOME]),
    ),
    (
        Person,
        {"name": "Ada", "others": [{"street": "High Street"}]},
        told("v.others[0].number: expected a whole number, got nothing (it is required)"),
    ),
    (
        Person,
        {"name": "Ada", "hone": None},
        told("v.hone: expected no field of this name (did you mean home?), got null"),
    ),
    (Address, {"street": "High Street", "number": 7, "flat": 3}, HOME),
    (DATE, "2026-11-22", "2026-11-22"),
    (DATE, "tomorrow", told('v: expected a date like 2026-12-31, got the text "tomorrow"')),
    (DATE, "22.11.2026", told('v: expected a date like 2026-12-31, got the text "22.11.2026"')),
    (
        {"type": "string", "format": "email"},
        "Ada",
        told('v: expected an e-mail address, got the text "Ada"'),
    ),
    (
        {"type": "string", "pattern": "^[A-Z]{2}$"},
        "no",
        told('v: expected text that matches ^[A-Z]{2}$, got the text "no"'),
    ),
    (dt.date, "2026-11-22", dt.date(2026, 11, 22)),
    (dt.date, "22 November", told('v: expected a date like 2026-12-31, got the text "22 November"')),
    (dt.datetime, "2026-11-22T16:38:00Z", dt.datetime(2026, 11, 22, 16, 38, tzinfo=dt.UTC)),
    (
        dt.datetime,
        "at four",
        told('v: expected a date and time like 2026-12-31T18:30:00Z, got the text "at four"'),
    ),
    (dt.time, "18:30", dt.time(18, 30)),
    (dt.timedelta, "PT90S", dt.timedelta(seconds=90)),
    (Decimal, "1.50", Decimal("1.50")),
    (Decimal, 1.5, Decimal("1.5")),
    (Decimal, "much", told('v: expected a number, got the text "much"')),
    (uuid.UUID, str(ID), ID),
    (uuid.UUID, "7", told('v: expected a UUID, got the text "7"')),
    (bytes, "hi", b"hi"),
    (bytes, 7, told("v: expected text, got 7")),
    (Annotated[int, Field(ge=0, le=100)], "70", 70),
    (Annotated[int, Field(ge=0, le=100)], 700, told("v: expected a whole number from 0 to 100, got 700")),
]

TABLE = [
    *AS_IT_IS,
    *TEXT_STAYS_TEXT,
    *NUMBERS_AND_TRUTH,
    *BIG_NUMBERS,
    *NULLS_AND_DEFAULTS,
    *LISTS_AND_OBJECTS,
    *CHOICES,
    *MODELS_AND_FORMATS,
]


def tool_of(declared: Any) -> Tool[..., Any]:
    """A tool whose argument `v` is declared so, and that returns it."""

    def handler(v: Any) -> Any:
        return v

    if isinstance(declared, dict):
        document: dict[str, Any] = {
            "properties": {"v": declared},
            "required": ["v"],
            "$defs": {"point": POINT},
        }
        return Tool("move", handler, parameters=document)
    handler.__annotations__["v"] = declared
    return Tool("move", handler)


def outcome(tool: Tool[..., Any], sent: object) -> Any:
    """What the tool returns, or what the model is told instead."""
    try:
        args, kwargs = tool.bind(tool.read_arguments(sent), CONTEXT)
    except ArgumentsError as error:
        beginning, end = "The arguments of move do not fit. ", ". Call move again with this corrected."
        said = str(error)
        assert said.startswith(beginning)
        assert said.endswith(end)
        return Told(said[len(beginning) : -len(end)])
    return tool.handler(*args, **kwargs)


def check(got: object, expected: object) -> None:
    assert got == expected
    # 7 == 7.0 == True in Python, but not for a handler
    assert shape(got) == shape(expected)


def shape(value: object) -> object:
    """The types of a value and of what it holds."""
    if isinstance(value, BaseModel):
        return type(value), shape(value.__dict__)
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return [shape(item) for item in value] if isinstance(value, list | tuple | set) else type(value)


@pytest.mark.parametrize(("declared", "sent", "expected"), TABLE)
def test_an_argument_comes_to_this(declared: Any, sent: object, expected: object) -> None:
    check(outcome(tool_of(declared), {"v": sent}), expected)


def is_repaired(row: Row) -> bool:
    """Whether the row tells of a repair: what was sent does not fit as it is, and yet a handler gets a value."""
    declared, sent, expected = row
    arguments: dict[str, Any] = {"v": sent}
    fits = tool_of(declared)._checked.validator.is_valid(arguments)
    return not fits and not isinstance(expected, Told)


@pytest.mark.parametrize(("declared", "sent", "expected"), TABLE)
def test_a_strict_tool_gets_what_fits_and_nothing_that_would_need_a_repair(
    declared: Any, sent: object, expected: object
) -> None:
    got = outcome(tool_of(declared).with_options(strict=True), {"v": sent})
    if is_repaired((declared, sent, expected)):
        assert isinstance(got, Told)
    elif not isinstance(expected, Told):
        check(got, expected)
    else:
        assert isinstance(got, Told)


def test_the_table_has_rows_of_every_kind() -> None:
    assert sum(map(is_repaired, TABLE)) >= 40
    assert sum(isinstance(expected, Told) for _, _, expected in TABLE) >= 50


def test_no_message_is_long_or_has_an_address() -> None:
    for _, _, expected in TABLE:
        if isinstance(expected, Told):
            assert len(expected.text) < 200
            assert "http" not in expected.text
            assert "pydantic" not in expected.text


# Whole calls: (the handler, or a schema, what was sent, what the handler returns or the model is told).


def greet(name: str, times: int = 1, mood: str | None = None, since: dt.date = dt.date(2020, 1, 1)) -> object:
    return name, times, mood, since


def anything(name: str, **more: int) -> object:
    return name, more


def names_of_the_wire(tool_call_id: str, session: str, self: int, ctx: str, context: bool) -> object:
    return tool_call_id, session, self, ctx, context


def names_and_context(ctx: ToolContext, self: str, session: int = 0, tool_call_id: str = "none") -> object:
    return ctx.call_id, self, session, tool_call_id


def nothing() -> str:
    return "nothing"


DECLARED: dict[str, Any] = {
    "properties": {"city": STR, "days": {**INT, "default": 3}},
    "required": ["city"],
    "additionalProperties": False,
}
DAY = dt.date(2020, 1, 1)

CALLS: list[Row] = [
    (greet, {"name": "Ada"}, ("Ada", 1, None, DAY)),
    (greet, '{"name": "Ada", "times": "2"}', ("Ada", 2, None, DAY)),
    (greet, {"name": "Ada", "mood": None}, ("Ada", 1, None, DAY)),
    (greet, {"name": "Ada", "times": None}, told("times: expected a whole number, got null")),
    (greet, {"name": "Ada", "since": "2026-11-22"}, ("Ada", 1, None, dt.date(2026, 11, 22))),
    (greet, {}, told("name: expected text, got nothing (it is required)")),
    (greet, None, told("name: expected text, got nothing (it is required)")),
    (
        greet,
        {"name": "Ada", "tims": 2},
        told("tims: expected no field of this name (did you mean times?), got 2"),
    ),
    (greet, "Ada", told('the arguments: expected an object of named values, got the text "Ada"')),
    (greet, ["Ada"], told("the arguments: expected an object of named values, got a list of 1 item")),
    (anything, {"name": "Ada", "a": "1", "b": 2.0}, ("Ada", {"a": 1, "b": 2})),
    (anything, {"name": "Ada", "a": "x"}, told('a: expected a whole number, got the text "x"')),
    (nothing, None, "nothing"),
    (nothing, {}, "nothing"),
    (nothing, "{}", "nothing"),
    (nothing, {"a": 1}, told("a: expected no field of this name (there are none), got 1")),
    (DECLARED, {"city": "Oslo"}, {"city": "Oslo"}),
    (DECLARED, {"city": "Oslo", "days": "2"}, {"city": "Oslo", "days": 2}),
    (
        DECLARED,
        {"city": "Oslo", "day": 2},
        told("day: expected no field of this name (did you mean days?), got 2"),
    ),
    (DECLARED, {"days": 2}, told("city: expected text, got nothing (it is required)")),
    (
        names_of_the_wire,
        {"tool_call_id": "mine", "session": "s", "self": "7", "ctx": "c", "context": "true"},
        ("mine", "s", 7, "c", True),
    ),
    (
        names_of_the_wire,
        {"session": "s", "self": 7, "ctx": "c", "context": True},
        told("tool_call_id: expected text, got nothing (it is required)"),
    ),
    (names_and_context, {"self": "me"}, ("call-1", "me", 0, "none")),
    (
        names_and_context,
        {"self": "me", "session": 1, "tool_call_id": "mine"},
        ("call-1", "me", 1, "mine"),
    ),
    (
        names_and_context,
        {"self": "me", "ctx": "mine"},
        told(
            'ctx: expected no field of this name (there are self, session and tool_call_id), got the text "mine"'
        ),
    ),
]


@pytest.mark.parametrize(("declared", "sent", "expected"), CALLS)
def test_a_call_comes_to_this(
    declared: Callable[..., object] | dict[str, Any], sent: object, expected: object
) -> None:
    def as_dict(given: dict[str, Any]) -> object:
        return given

    schema, handler = (declared, as_dict) if isinstance(declared, dict) else (None, declared)
    tool: Tool[..., Any] = Tool("move", handler, parameters=schema)
    before = json.dumps(sent)
    check(outcome(tool, sent), expected)
    assert json.dumps(sent) == before


def test_a_strict_tool_takes_no_text_for_an_object_of_arguments() -> None:
    strict: Tool[..., Any] = Tool("move", nothing, strict=True)
    assert outcome(strict, None) == "nothing"
    assert outcome(strict, {}) == "nothing"
    assert outcome(strict, "{}") == told(
        'the arguments: expected an object of named values, got the text "{}"'
    )


def test_many_problems_are_told_in_two_sentences_of_bounded_length() -> None:
    def many(**numbers: int) -> None: ...

    tool: Tool[..., Any] = Tool("move", many)
    with pytest.raises(ArgumentsError) as caught:
        tool.read_arguments({f"number_{index}": "x" * 500 for index in range(1000)})
    said = str(caught.value)
    assert len(said) <= 620
    assert said.startswith(
        "The arguments of move do not fit. number_0: expected a whole number, got the text"
    )
    assert "many more: expected what the tool declares, got other values. Call move again" in said

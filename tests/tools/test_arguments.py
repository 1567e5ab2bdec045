"""Arguments are read, checked, repaired by the table alone, and checked again; what fails is told in words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.errors import ArgumentsError
from agentframework.tools.arguments import read_arguments
from agentframework.tools.definition import Definition
from agentframework.tools.schema import ArgumentsSchema, check_schema

type_of: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "num": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "null": {"type": "null"},
    "ints": {"type": "array", "items": {"type": "integer"}},
    "obj": {"type": "object"},
}
INT, NUM, STR, BOOL, NULL, INTS, OBJ = type_of.values()
POINT = {
    "type": "object",
    "properties": {"x": INT, "y": INT},
    "required": ["x", "y"],
    "additionalProperties": False,
}


def checked(schema: dict[str, Any]) -> ArgumentsSchema:
    return check_schema(schema, Definition("move", "a plugin"))


def value_schema(rules: dict[str, Any], **more: Any) -> ArgumentsSchema:
    """The schema of one argument `v`."""
    return checked({"type": "object", "properties": {"v": rules}, **more})


def any_of(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(rules)}


def refusal(schema: ArgumentsSchema, sent: object) -> str:
    """What the model is told, between the fixed beginning and the fixed end."""
    with pytest.raises(ArgumentsError) as caught:
        read_arguments(sent, "move", schema)
    told = str(caught.value)
    beginning, end = "The arguments of move do not fit. ", ". Call move again with this corrected."
    assert told.startswith(beginning)
    assert told.endswith(end)
    return told[len(beginning) : -len(end)]


def test_a_missing_argument_is_asked_for() -> None:
    schema = checked({"type": "object", "properties": {"city": STR}, "required": ["city"]})
    assert refusal(schema, {}) == "city: expected text, got nothing (it is required)"


def test_every_missing_argument_is_asked_for_once() -> None:
    schema = checked({"type": "object", "properties": {"a": STR, "b": INT}, "required": ["a", "b"]})
    assert refusal(schema, {}).count("it is required") == 2


def test_a_misspelt_argument_is_shown_the_right_name() -> None:
    schema = checked({"type": "object", "properties": {"city": STR}, "additionalProperties": False})
    told = refusal(schema, {"citty": "Oslo"})
    assert told == 'citty: expected no field of this name (did you mean city?), got the text "Oslo"'


def test_a_problem_inside_objects_and_lists_is_named_by_its_path() -> None:
    schema = checked(
        {
            "type": "object",
            "properties": {
                "address": {"type": "object", "properties": {"zip": INT}},
                "items": {"type": "array", "items": {"type": "object", "properties": {"price": NUM}}},
            },
        }
    )
    told = refusal(schema, {"address": {"zip": "x"}, "items": [{}, {}, {"price": "much"}]})
    assert told == (
        'address.zip: expected a whole number, got the text "x"; '
        'items[2].price: expected a number, got the text "much"'
    )


@pytest.mark.parametrize("sent", [None, {}, "{}", " {} "])
def test_no_arguments_may_come_as_null_as_an_object_or_as_its_text(sent: object) -> None:
    assert read_arguments(sent, "move", value_schema(INT)) == {}


def test_the_text_of_an_object_is_the_object() -> None:
    assert read_arguments('{"v": "7"}', "move", value_schema(INT)) == {"v": 7}


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        ([], "an empty list"),
        ([1, 2], "a list of 2 items"),
        ("", "an empty text"),
        ("Oslo", 'the text "Oslo"'),
        ('"{}"', 'the text "\\"{}\\""'),
        ("[1]", 'the text "[1]"'),
        (7, "7"),
        (False, "false"),
    ],
)
def test_anything_else_at_the_root_is_refused(sent: object, came: str) -> None:
    assert (
        refusal(value_schema(INT), sent) == f"the arguments: expected an object of named values, got {came}"
    )


@pytest.mark.parametrize(
    ("number", "name"),
    [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity")],
)
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(number: float, name: str) -> None:
    schema = value_schema({})
    assert refusal(schema, {"v": [{"w": number}]}) == f"v[0].w: expected a finite number, got {name}"


def test_a_number_that_is_not_finite_is_refused_in_a_text_too() -> None:
    assert refusal(value_schema({}), '{"v": NaN}') == "v: expected a finite number, got NaN"


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def test_sixty_four_levels_are_read() -> None:
    sent = {"v": nested(63)}
    assert read_arguments(sent, "move", value_schema({})) == sent


@pytest.mark.parametrize("levels", [64, 5000])
def test_more_levels_are_refused(levels: int) -> None:
    assert refusal(value_schema({}), {"v": nested(levels)}).endswith(
        "expected at most 64 levels of objects and lists, got more"
    )


def test_more_levels_are_refused_when_a_repair_brings_them_to_light() -> None:
    schema = value_schema(OBJ)
    text = json.dumps({"w": nested(62)})
    assert read_arguments({"v": text}, "move", schema)
    assert "64 levels" in refusal(schema, {"v": json.dumps({"w": nested(63)})})


def test_a_text_of_many_brackets_is_refused() -> None:
    assert "64 levels" in refusal(value_schema({}), '{"v":' + "[" * 100_000 + "]" * 100_000 + "}")
    assert "the text" in refusal(value_schema(INTS), {"v": "[" * 100_000})


@pytest.mark.parametrize("character", ["a", "é", "\x01"])
def test_a_mebibyte_is_read_and_more_is_refused(character: str) -> None:
    schema = value_schema(STR)
    size_bytes = len(json.dumps(character, ensure_ascii=False).encode()) - 2
    room = (1024 * 1024 - len('{"v":""}')) // size_bytes
    assert read_arguments({"v": character * room}, "move", schema)
    told = refusal(schema, {"v": character * (room + 1)})
    assert told == "the arguments: expected at most 1 MiB of JSON, got more"


def test_many_small_numbers_are_counted_by_what_they_take() -> None:
    schema = value_schema({})
    assert read_arguments({"v": [1] * 500_000}, "move", schema)
    assert "1 MiB" in refusal(schema, {"v": [1] * 600_000})


def test_a_number_that_no_float_can_hold_is_refused() -> None:
    told = refusal(value_schema({"type": "integer", "multipleOf": 0.5}), {"v": 10**400})
    assert told == "v: expected a number of at most 300 digits, got a longer one"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"v": {1}}, "v: expected a JSON value, got a value of type set"),
        ({"v": (1, 2)}, "v: expected a JSON value, got a value of type tuple"),
        ({"v": {1: 2}}, "v: expected names that are text, got a name of type int"),
    ],
)
def test_what_is_no_json_is_refused(sent: object, told: str) -> None:
    assert refusal(value_schema({}), sent) == told


def test_what_was_sent_is_never_changed_and_never_shared() -> None:
    schema = value_schema({"type": "array", "items": POINT})
    for sent in ({"v": [{"x": 1, "y": 2}]}, {"v": [{"x": "1", "y": 2.0}]}):
        before = copy.deepcopy(sent)
        read = read_arguments(sent, "move", schema)
        read["v"][0]["x"] = 99
        read["v"].append("changed")
        assert sent == before


def test_a_check_that_exhausts_the_stack_is_a_refusal() -> None:
    layers: dict[str, Any] = {"$ref": "#/$defs/link"}
    for _ in range(30):
        layers = {"allOf": [layers]}
    schema = value_schema({"$ref": "#/$defs/link"}, **{"$defs": {"link": {"properties": {"next": layers}}}})
    chain: dict[str, Any] = {}
    for _ in range(60):
        chain = {"next": chain}
    told = refusal(schema, {"v": chain})
    assert told == "the arguments: expected values that can be checked, got values on which the check failed"


def test_a_key_is_never_mistaken_for_the_value_that_holds_it() -> None:
    schema = checked({"type": "object", "propertyNames": {"enum": ["A"]}})
    assert read_arguments({"A": 1}, "move", schema) == {"A": 1}
    assert 'expected "A"' in refusal(schema, {"a": 1})
    assert 'expected "A"' in refusal(value_schema(schema.schema), {"v": {"a": 1}})


@pytest.mark.parametrize(
    "draft", ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema", None]
)
def test_references_are_followed_in_both_drafts(draft: str | None) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "definitions": {"number": INT},
        "properties": {"v": {"$ref": "#/definitions/number"}, "again": {"$ref": "#"}},
    }
    if draft:
        schema["$schema"] = draft
    assert json.dumps(read_arguments({"again": {"v": 7.0}}, "move", checked(schema))) == '{"again": {"v": 7}}'
    assert read_arguments({"v": "7"}, "move", checked(schema)) == {"v": 7}
    assert json.dumps(read_arguments({"v": 7.0}, "move", checked(schema))) == '{"v": 7}'


def test_a_pattern_is_checked_on_what_a_repair_made() -> None:
    schema = value_schema({"enum": ["A-1"], "pattern": "^[A-Z]"})
    assert read_arguments({"v": "a-1"}, "move", schema) == {"v": "A-1"}


def test_what_is_told_stays_short_however_much_is_wrong() -> None:
    schema = checked(
        {"type": "object", "properties": {f"field_{n}": {"enum": ["x" * 300] * 30} for n in range(200)}}
    )
    with pytest.raises(ArgumentsError) as caught:
        read_arguments({f"field_{n}": "y" * 5000 for n in range(200)}, "t" * 64, schema)
    assert len(str(caught.value)) <= 620
    assert "more: expected what the tool declares" in str(caught.value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["7", "true", "[1]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("avxy") | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)

SCHEMAS = [
    value_schema(rules, **{"$defs": {"point": POINT}})
    for rules in (
        *type_of.values(),
        POINT,
        any_of(NULL, POINT),
        any_of(any_of(INT, NULL), BOOL),
        any_of(INT, INTS, STR),
        {"oneOf": [INT, NULL]},
        {"allOf": [INT, {"minimum": 1}]},
        {"$ref": "#/$defs/point"},
        any_of({"$ref": "#/$defs/point"}, NULL),
    )
] + [
    checked({"type": "object", "propertyNames": {"maxLength": 2}, "additionalProperties": INT}),
    checked({"type": "object", "patternProperties": {"^[av]": INTS}, "additionalProperties": False}),
    checked(
        {"type": "object", "properties": {"v": {"not": INT}, "a": {"contains": NUM, "uniqueItems": True}}}
    ),
    checked(
        {
            "type": "object",
            "if": {"required": ["v"]},
            "then": {"required": ["a"]},
            "else": {"minProperties": 1},
        }
    ),
    checked({"type": "object", "dependentRequired": {"v": ["a"]}, "unevaluatedProperties": False}),
    checked({"type": "object", "properties": {"v": {"type": "string", "format": "date", "minLength": 3}}}),
]


@given(
    st.sampled_from(SCHEMAS),
    json_values | st.fixed_dictionaries({}, optional={"v": json_values, "a": json_values}),
)
def test_whatever_comes_is_read_so_that_it_fits_or_refused(schema: ArgumentsSchema, sent: object) -> None:
    before = repr(sent)
    told = ""
    try:
        read = read_arguments(sent, "move", schema)
    except ArgumentsError as error:
        told = str(error)
    else:
        assert schema.validator.is_valid(read)
        json.dumps(read, allow_nan=False)
    assert len(told) <= 600
    told.encode()  # what is told must be sent
    assert repr(sent) == before


@given(st.sampled_from(SCHEMAS), st.dictionaries(st.sampled_from("avxy"), json_values))
def test_what_fits_is_used_unchanged(schema: ArgumentsSchema, sent: dict[str, Any]) -> None:
    try:
        json.dumps(sent, allow_nan=False)
    except ValueError:
        return
    if schema.validator.is_valid(sent):
        assert read_arguments(sent, "move", schema) == sent

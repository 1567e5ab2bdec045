"""A schema is checked when its tool is defined, describes an object, and tells what it cannot check."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.schema import ArgumentsSchema, check_schema


def checked(schema: Any) -> ArgumentsSchema:
    return check_schema(schema, Definition("move", "agentframework-robot 1.0"))


def refusal(schema: Any) -> str:
    with pytest.raises(ToolDefinitionError) as caught:
        checked(schema)
    said = str(caught.value)
    assert said.startswith("tool 'move' of agentframework-robot 1.0: ")
    return said.removeprefix("tool 'move' of agentframework-robot 1.0: ")


def obj(**rules: Any) -> dict[str, Any]:
    return {"type": "object", **rules}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("object", "its parameters are of type str, no JSON Schema and no model"),
        (True, "its parameters are of type bool, no JSON Schema and no model"),
        (obj(default={1, 2}), "its schema is not JSON (Object of type set is not JSON serializable)"),
        (
            obj(default=float("nan")),
            "its schema is not JSON (Out of range float values are not JSON compliant",
        ),
    ],
)
def test_what_is_no_schema_at_all_is_refused(schema: Any, said: str) -> None:
    assert refusal(schema).startswith(said)


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "string"}, "string"),
        ({"type": "array", "items": {}}, "array"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": "integer"}}}, "integer"),
    ],
)
def test_a_schema_of_anything_but_an_object_is_refused(schema: Any, types: str) -> None:
    assert refusal(schema).startswith(
        f"its schema describes {types}, and arguments are always an object; put it"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"v": {"type": "integer"}}},
        {"type": ["object", "null"]},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    ],
)
def test_a_schema_that_leaves_the_type_out_is_one_of_an_object(schema: dict[str, Any]) -> None:
    assert checked(schema).schema["type"] == "object"


def test_a_schema_may_say_its_type_in_a_definition() -> None:
    schema = {"$ref": "#/$defs/a", "$defs": {"a": obj(properties={"v": {"type": "integer"}})}}
    assert checked(schema).schema == schema
    assert not checked(schema).validator.is_valid({"v": "x"})


def test_formats_without_a_check_are_listed() -> None:
    schema = checked(
        obj(
            properties={
                "a": {"format": "date"},
                "b": {"type": "array", "items": {"format": "phone"}},
                "c": {"$ref": "#/$defs/c"},
                "format": {"type": "string"},
            },
            **{"$defs": {"c": {"format": "colour"}}},
        )
    )
    assert schema.unchecked_formats == ("colour", "phone")


def test_a_format_that_is_checked_elsewhere_is_not_listed() -> None:
    schema = obj(properties={"a": {"format": "phone"}, "b": {"format": "colour"}})
    definition = Definition("move", "")
    assert check_schema(schema, definition, checked_elsewhere={"phone"}).unchecked_formats == ("colour",)


def test_a_later_change_of_the_authors_dict_changes_nothing() -> None:
    mine = obj(properties={"v": {"type": "integer"}})
    schema = checked(mine)
    mine["properties"]["v"]["type"] = "string"
    assert schema.validator.is_valid({"v": 1})
    assert schema.schema["properties"]["v"]["type"] == "integer"


def test_only_a_schema_with_an_integer_has_an_exact_validator() -> None:
    assert checked(obj(properties={"v": {"type": "number"}})).exact_validator is None
    exact = checked(obj(properties={"v": {"type": ["null", "integer"]}})).exact_validator
    assert exact is not None
    assert exact.is_valid({"v": 7})
    assert not exact.is_valid({"v": 7.0})
    assert not exact.is_valid({"v": True})


def test_references_are_followed_to_what_they_say() -> None:
    definitions = {"a": {"$ref": "#/$defs/b", "title": "A"}, "b": {"type": "integer"}}
    schema = checked(obj(**{"$defs": definitions}))
    assert schema.resolve({"$ref": "#/$defs/a"}) == {"type": "integer", "title": "A"}
    assert schema.resolve({"type": "string"}) == {"type": "string"}
    assert schema.resolve(True) == {}
    assert schema.resolve({"$ref": "#/nowhere"}) == {}


def test_the_properties_that_may_and_must_come_are_found_in_all_parts() -> None:
    schema = checked(
        obj(
            properties={"a": {}},
            required=["a"],
            allOf=[{"properties": {"b": {}}, "required": ["b"]}, {"$ref": "#/$defs/c"}],
            anyOf=[{"properties": {"d": {}}, "required": ["d"]}],
            dependentSchemas={"a": {"properties": {"e": {}}}},
            **{"if": {"properties": {"f": {}}}, "$defs": {"c": {"properties": {"c": {}}, "required": ["c"]}}},
        )
    )
    names, required = schema.declared()
    assert sorted(names) == ["a", "b", "c", "d", "e", "f"]
    assert required == {"a", "b", "c"}


def test_a_schema_stays_json() -> None:
    assert json.loads(json.dumps(checked(obj(required=("v",))).schema)) == obj(required=["v"])


WORDS = [
    "type",
    "properties",
    "items",
    "$ref",
    "$dynamicRef",
    "$defs",
    "anyOf",
    "not",
    "enum",
    "required",
    "format",
]
MORE_WORDS = [
    "$id",
    "$anchor",
    "$schema",
    "pattern",
    "additionalProperties",
    "dependencies",
    "prefixItems",
    "v",
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(
        ["object", "integer", "#", "#/$defs/v", "#v", "http://[", "http://x/y", "v", "", "(", "urn:x"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS + MORE_WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(WORDS + MORE_WORDS), values, max_size=6))
def test_whatever_is_declared_is_usable_or_refused(schema: dict[str, Any]) -> None:
    try:
        usable = checked(schema)
    except ToolDefinitionError as error:
        said = str(error)
    else:
        usable.declared()
        said = str(list(usable.validator.iter_errors({"v": {"v": 1}})))
    assert said

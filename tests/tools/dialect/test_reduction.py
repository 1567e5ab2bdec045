"""Each thing that a schema can say has its place in the platform's subset, or a loss that says where it went."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework.tools.definition import Definition
from agentframework.tools.dialect.reduction import Reduced, humanised, reduce_schema
from agentframework.tools.schema import check_schema

TEXT: dict[str, Any] = {"type": "string", "description": "v"}


def reduced(rules: Any, document: dict[str, Any] | None = None, *, required: bool = True) -> Reduced:
    whole = {
        "type": "object",
        "properties": {"v": rules},
        "required": ["v"] if required else [],
        **(document or {}),
    }
    return reduce_schema(check_schema(whole, Definition("move", "a test")).schema)


def node_and_losses(
    rules: Any, document: dict[str, Any] | None = None, *, required: bool = True
) -> tuple[Any, list[str]]:
    found = reduced(rules, document, required=required)
    assert found.parameters is not None
    return found.parameters["properties"]["v"], [str(loss) for loss in found.losses]


@pytest.mark.parametrize(
    ("rules", "node"),
    [
        ({"type": "string"}, TEXT),
        ({"type": "string", "description": " A b. "}, {"type": "string", "description": "A b."}),
        ({"type": "string", "title": "Name"}, {"type": "string", "description": "Name"}),
        ({"type": "number"}, {"type": "number", "description": "v"}),
        ({"type": ["integer", "number"]}, {"type": "number", "description": "v"}),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, {"type": "number", "description": "v"}),
        ({"type": ["boolean", "null"]}, {"type": ["boolean", "null"], "description": "v"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"], "description": "v"}),
        ({"enum": ["a", "b"]}, {**TEXT, "enum": ["a", "b"]}),
        ({"const": "a"}, {**TEXT, "enum": ["a"]}),
        ({"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]}, {**TEXT, "enum": ["a", "b", "c"]}),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {**TEXT, "enum": ["b"]}),
        ({"$ref": "#/$defs/size", "description": "Big?"}, {"type": "string", "description": "Big?", "enum": ["s"]}),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"type": "array", "description": "v", "items": {"type": "integer", "description": "one of: v"}},
        ),
        (
            {"allOf": [{"$ref": "#/$defs/point"}, {"properties": {"y": {"type": "number"}}, "required": ["y"]}]},
            {
                "type": "object",
                "description": "A point.",
                "properties": {
                    "x": {"type": "number", "description": "x"},
                    "y": {"type": "number", "description": "y"},
                },
                "required": ["x", "y"],
            },
        ),
    ],
)  # fmt: skip
def test_what_the_subset_can_say_is_said_without_a_loss(rules: Any, node: Any) -> None:
    point = {
        "type": "object",
        "description": "A point.",
        "properties": {"x": {"type": "number"}},
        "required": ["x"],
    }
    definitions = {"size": {"enum": ["s"]}, "point": point}
    assert node_and_losses(rules, {"$defs": definitions}) == (node, [])


@pytest.mark.parametrize(
    ("rules", "description"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "v. From 1 to 9."),
        ({"type": "integer", "minimum": 1, "default": 2}, "v. At least 1; by default 2."),
        ({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}, "v. Above 0; a multiple of 0.5."),
        ({"type": "string", "minLength": 1, "maxLength": 80}, "v. 1 to 80 characters."),
        ({"type": "string", "minLength": 2, "maxLength": 2}, "v. 2 characters."),
        ({"type": "string", "pattern": "^[A-Z]$"}, "v. Matching the regular expression ^[A-Z]$."),
        ({"type": "string", "format": "date"}, "v. A date like 2026-12-31."),
        ({"type": "string", "format": "phone"}, "v. In the format phone."),
        ({"type": "string", "description": "Who?", "examples": ["Ann"]}, 'Who? For instance "Ann".'),
        ({"enum": [1, 2, 3]}, "v. One of 1, 2, 3."),
        ({"const": True}, "v. Always true."),
        ({"type": "boolean", "default": False}, "v. By default false."),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
         "v. At least 1 item; no two alike."),
        ({"type": "array", "prefixItems": [{"type": "string", "title": "Name"}, {"type": "string"}], "items": False},
         "v. In this order: Name, text."),
        ({"anyOf": [{"type": "string", "maxLength": 3}, {"enum": ["other"]}]},
         'v. Text (at most 3 characters) or always "other".'),
    ],
)  # fmt: skip
def test_what_it_cannot_say_goes_into_the_description_and_the_report(rules: Any, description: str) -> None:
    node, losses = node_and_losses(rules)
    assert node["description"] == description
    assert losses
    assert all(loss.startswith("v: only the description says: ") for loss in losses)


@pytest.mark.parametrize(
    ("rules", "declared", "lost"),
    [
        ({}, "string", "v: the model cannot send: another value than text"),
        ({"type": ["string", "integer"]}, "string", "v: the model cannot send: whole numbers other than as text"),
        ({"type": ["integer", "array"], "items": {}}, "integer", "v: the model cannot send: a list"),
        ({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
         "array", "v: the model cannot send: text"),
        ({"type": "object"}, "string", "v: the model cannot send: an object of its own"),
        ({"type": ["array", "null"], "items": {"type": "string"}}, "array", "v: the model cannot send: null"),
        ({"type": "string", "not": {"const": "x"}}, "string", "v: the model is not told: which values are ruled out"),
        ({"properties": {"a": {"type": "string"}}}, "object",
         "v: the model cannot send: another value than an object"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}, "object",
         "v: the model cannot send: fields of other names"),
        ({"$ref": "#/$defs/node"}, "object",
         "v.children[]: the model cannot send: an object of its own, because it is a part of itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_reported(rules: Any, declared: str, lost: str) -> None:
    children = {"type": "array", "items": {"$ref": "#/$defs/node"}}
    tree = {"type": "object", "properties": {"name": {"type": "string"}, "children": children}}
    node, losses = node_and_losses(rules, {"$defs": {"node": tree}})
    assert node["type"] == declared
    assert lost in losses


def test_an_object_without_fields_of_its_own_is_asked_for_as_json() -> None:
    node, _ = node_and_losses({"type": "object", "additionalProperties": {"type": "integer"}})
    assert node == {
        "type": "string",
        "description": "v. An object as JSON, each of its values a whole number.",
    }


def test_null_among_the_members_is_sent_by_leaving_the_field_out() -> None:
    node, losses = node_and_losses({"enum": ["a", None]}, required=False)
    assert node == {**TEXT, "enum": ["a"]}
    assert losses == ["v: the model cannot send: null; it can be left out instead"]


def test_where_a_field_is_required_null_stays_and_the_members_are_described() -> None:
    node, _ = node_and_losses({"enum": ["a", None]})
    assert node == {"type": ["string", "null"], "description": 'v. Always "a".'}


def test_alternatives_of_objects_become_one_with_the_fields_of_all() -> None:
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
           "required": ["kind", "lives"]}  # fmt: skip
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}}, "required": ["kind"]}
    node, losses = node_and_losses({"oneOf": [cat, dog]})
    assert node["properties"]["kind"]["enum"] == ["cat", "dog"]
    assert node["required"] == ["kind"]
    assert node["description"] == 'v. One of these sets of fields: ("kind", "lives") or ("kind").'
    assert len(losses) == 1


def test_fields_that_are_only_there_sometimes_are_declared_as_well() -> None:
    found = reduced(
        {"type": "boolean"},
        {"if": {"properties": {"v": {"const": True}}}, "then": {"properties": {"why": {"type": "string"}}}},
    )
    assert found.parameters is not None
    assert found.parameters["properties"]["why"] == {"type": "string", "description": "why"}
    assert [str(loss) for loss in found.losses] == [
        "the arguments: the model is not told: what one value makes of the others"
    ]


def test_what_can_have_no_value_is_not_declared() -> None:
    assert reduced({"not": {}}, required=False) == Reduced(None, ())
    found = reduced(False)
    assert found.parameters is None
    assert [str(loss) for loss in found.losses] == [
        "v: the model is not told: that it is required, and that no value fits"
    ]


def test_where_there_are_no_parameters_none_are_declared() -> None:
    assert reduce_schema({"type": "object"}) == Reduced(None, ())
    found = reduce_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    assert found.parameters is None
    assert [loss.keyword for loss in found.losses] == ["additionalProperties"]


def test_a_name_that_is_required_and_not_described_is_declared() -> None:
    found = reduce_schema(
        {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v", "w"]}
    )
    assert found.parameters is not None
    assert found.parameters["properties"]["w"] == {"type": "string", "description": "w"}


def test_in_draft_7_nothing_counts_beside_a_reference_but_its_description() -> None:
    rules = {"$ref": "#/definitions/n", "minimum": 5, "description": "How many."}
    definitions = {"n": {"type": "integer"}}
    document = {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions}
    node, losses = node_and_losses(rules, document)
    assert (node, losses) == ({"type": "integer", "description": "How many."}, [])


def test_a_short_schema_that_unfolds_without_end_is_cut_off() -> None:
    definitions: dict[str, Any] = {"d30": {"type": "string"}}
    for number in range(30):
        inner = {"$ref": f"#/$defs/d{number + 1}"}
        definitions[f"d{number}"] = {"type": "object", "properties": {"a": inner, "b": inner}}
    found = reduced({"$ref": "#/$defs/d0"}, {"$defs": definitions})
    assert any(loss.kind == "narrowed" for loss in found.losses)
    assert len(str(found.parameters)) < 200_000


@pytest.mark.parametrize(
    ("name", "words"),
    [("guestName", "guest name"), ("guest_name", "guest name"), ("x-1", "x 1"), ("_", "value")],
)
def test_a_name_is_said_in_words(name: str, words: str) -> None:
    assert humanised(name) == words

"""A schema is checked when its tool is defined, refers to nothing outside itself, and tells what it cannot check."""

from __future__ import annotations

import json
import socket
from typing import Any, NoReturn

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.schema import ArgumentsSchema, check_schema

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"


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
        (obj(properties={"v": {"type": "strng"}}), "its schema is not valid at properties.v.type: 'strng' "),
        (obj(properties=[]), "its schema is not valid at properties: [] is not of type 'object'"),
        (obj(required="v"), "its schema is not valid at required: 'v' is not of type 'array'"),
        (
            obj(properties={"v": {"minimum": "1"}}),
            "its schema is not valid at properties.v.minimum: '1' is not",
        ),
        (
            obj(properties={"v": {"pattern": "("}}),
            "its schema is not valid at properties.v.pattern: '(' is not",
        ),
        (
            obj(properties={"v": {"enum": 7}}),
            "its schema is not valid at properties.v.enum: 7 is not of type",
        ),
        (obj(properties={"v": 7}), "its schema is not valid at properties.v: 7 is not"),
        ({"type": "objekt"}, "its schema is not valid at type: 'objekt' is not"),
        (obj(**{"$schema": DRAFT_7}, items=7), "its schema is not valid at items: 7 is not"),
    ],
)
def test_a_schema_that_is_not_valid_is_refused_with_its_place(schema: Any, said: str) -> None:
    assert refusal(schema).startswith(said)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("object", "its parameters are a str, no JSON Schema and no model"),
        (True, "its parameters are a bool, no JSON Schema and no model"),
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


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/schema.json",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
        "file:///etc/passwd",
        "other.json",
        "#/$defs/missing",
        "#missing",
    ],
)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_a_reference_outside_the_schema_is_refused_and_nothing_is_fetched(
    reference: str, keyword: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> NoReturn:
        pytest.fail("something was fetched")

    monkeypatch.setattr(socket, "socket", no_network)
    for place in ({"properties": {"v": {keyword: reference}}}, {"allOf": [{"items": {keyword: reference}}]}):
        said = refusal(obj(**place))
        assert said.startswith(
            f"its schema refers to {reference!r}, which is not in the schema itself; copy it"
        )


def test_a_remote_reference_behind_a_local_one_is_refused() -> None:
    said = refusal(obj(properties={"v": {"$ref": "#/x/y"}}, x={"y": {"$ref": "https://example.com/z"}}))
    assert "refers to 'https://example.com/z'" in said


def test_what_a_reference_leads_to_must_be_a_schema() -> None:
    said = refusal(obj(properties={"v": {"$ref": "#/x/y"}}, x={"y": {"type": "strng"}}))
    assert said.startswith("its schema is not valid at type: 'strng'")


def test_a_base_address_is_not_fetched_either() -> None:
    inside = obj(
        **{"$id": "https://example.com/root", "properties": {"v": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}}
    )
    assert checked(inside).validator.is_valid({"v": 1})
    outside = obj(**{"$id": "https://example.com/root", "properties": {"v": {"$ref": "other"}}})
    assert "refers to 'other'" in refusal(outside)


def test_a_definition_with_an_address_of_its_own_is_inside() -> None:
    schema = obj(
        properties={"v": {"$ref": "https://example.com/item"}},
        **{"$defs": {"item": {"$id": "https://example.com/item", "type": "integer"}}},
    )
    assert checked(schema).validator.is_valid({"v": 1})
    assert not checked(schema).validator.is_valid({"v": "x"})


def test_words_that_only_look_like_references_are_let_be() -> None:
    remote = {"$ref": "https://example.com/schema.json"}
    schema = obj(properties={"$ref": {"type": "string"}, "v": {"enum": [remote], "default": remote}})
    assert checked(schema).validator.is_valid({"$ref": "x", "v": remote})


def test_a_schema_that_refers_to_itself_may_do_so_with_an_end() -> None:
    tree = obj(properties={"children": {"type": "array", "items": {"$ref": "#"}}})
    assert checked(tree).validator.is_valid({"children": [{"children": []}]})


def test_a_schema_that_refers_to_itself_without_end_is_refused() -> None:
    assert refusal(obj(allOf=[{"$ref": "#"}])) == "its schema refers to itself without end"


@pytest.mark.parametrize("said", [DRAFT_7, DRAFT_7.rstrip("#"), DRAFT_7.replace("http:", "https:")])
def test_draft_7_is_known_by_its_address(said: str) -> None:
    # a list of schemas under "items" is of draft 7, and not valid in 2020-12
    schema = obj(**{"$schema": said}, properties={"v": {"items": [{"type": "integer"}]}})
    assert checked(schema).validator.is_valid({"v": [1]})
    assert not checked(schema).validator.is_valid({"v": ["x"]})
    assert "not valid at properties.v.items" in refusal({**schema, "$schema": DRAFT_2020_12})


@pytest.mark.parametrize("draft", [{}, {"$schema": DRAFT_2020_12}, {"$schema": DRAFT_2020_12 + "#"}])
def test_2020_12_is_the_draft_where_none_is_said(draft: dict[str, str]) -> None:
    schema = checked(obj(**draft, properties={"v": {"prefixItems": [{"type": "integer"}]}}))
    assert not schema.validator.is_valid({"v": ["x"]})


@pytest.mark.parametrize(
    "draft",
    [
        "http://json-schema.org/draft-04/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "mine",
        "",
        7,
        None,
    ],
)
def test_any_other_draft_is_refused(draft: object) -> None:
    assert refusal(obj(**{"$schema": draft})).startswith(
        f"its $schema {draft!r} is no draft that is known here; use"
    )


def test_a_part_of_another_draft_is_refused() -> None:
    part = {"$id": "https://example.com/part", "$schema": DRAFT_7}
    assert "has the draft" in refusal(obj(properties={"v": part}))


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


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("date", "2026-11-22", "22.11.2026"),
        ("email", "a@example.com", "example.com"),
        ("idn-email", "å@example.com", "example.com"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("ipv6", "::1", "::x"),
        ("regex", "a+", "("),
        ("uuid", "00000000-0000-0000-0000-000000000005", "5"),
    ],
)
def test_these_formats_are_checked(name: str, right: str, wrong: str) -> None:
    schema = checked(obj(properties={"v": {"type": "string", "format": name}}))
    assert schema.unchecked_formats == ()
    assert schema.validator.is_valid({"v": right})
    assert not schema.validator.is_valid({"v": wrong})


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
    schema = checked(
        obj(
            **{
                "$defs": {
                    "a": {"$ref": "#/$defs/b", "title": "A"},
                    "b": {"type": "integer"},
                    "loop": {"$ref": "#/$defs/loop"},
                }
            }
        )
    )
    assert schema.resolve({"$ref": "#/$defs/a"}) == {"type": "integer", "title": "A"}
    assert schema.resolve({"type": "string"}) == {"type": "string"}
    assert schema.resolve(True) == {}
    assert schema.resolve({"$ref": "#/$defs/loop"}) == {}
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

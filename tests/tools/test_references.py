"""A schema refers to nothing outside itself, and nothing is ever fetched."""

from __future__ import annotations

import socket
from typing import Any, NoReturn

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.schema import ArgumentsSchema, check_schema

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


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


def test_a_reference_is_read_where_it_stands() -> None:
    item = {
        "$id": "https://example.com/item",
        "$defs": {"count": {"type": "integer"}},
        "properties": {"count": {"$ref": "#/$defs/count"}},
    }
    schema = checked(obj(properties={"v": {"$ref": "https://example.com/item"}}, **{"$defs": {"item": item}}))
    assert schema.validator.is_valid({"v": {"count": 1}})
    assert not schema.validator.is_valid({"v": {"count": "x"}})


def test_words_that_only_look_like_references_are_let_be() -> None:
    remote = {"$ref": "https://example.com/schema.json"}
    schema = obj(properties={"$ref": {"type": "string"}, "v": {"enum": [remote], "default": remote}})
    assert checked(schema).validator.is_valid({"$ref": "x", "v": remote})


def test_a_schema_that_refers_to_itself_may_do_so_with_an_end() -> None:
    tree = obj(properties={"children": {"type": "array", "items": {"$ref": "#"}}})
    assert checked(tree).validator.is_valid({"children": [{"children": []}]})


def test_a_part_of_another_draft_is_refused() -> None:
    part = {"$id": "https://example.com/part", "$schema": DRAFT_7}
    assert "has the draft" in refusal(obj(properties={"v": part}))


@pytest.mark.parametrize(
    "rules",
    [
        {"allOf": [{"$ref": "#"}]},
        {
            "properties": {"v": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
        },
        {
            "items": {"$ref": "#/$defs/a"},
            "$defs": {"a": {"anyOf": [{"type": "null"}, {"not": {"$ref": "#/$defs/a"}}]}},
        },
        {"if": {"$ref": "#"}},
        {"dependentSchemas": {"v": {"oneOf": [{"$ref": "#"}]}}},
    ],
)
def test_a_schema_that_comes_back_to_itself_on_one_value_is_refused(rules: dict[str, Any]) -> None:
    assert refusal(obj(**rules)) == "its schema refers to itself without end"

"""Two drafts of JSON Schema are known, and a schema must be valid in its own."""

from __future__ import annotations

from typing import Any

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

"""Whatever schema a tool may have, its declaration is one that the platform takes, and loses nothing unsaid."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.dialect.reduction import Reduced, reduce_schema
from agentframework.tools.schema import ArgumentsSchema, check_schema
from tool_platform import complaints

NAMES = st.sampled_from(["a", "b", "guestName", "x-1", "", "größe", "a.b"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.sampled_from([0.5, 2.0]), st.sampled_from(["", "a", "7"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
RULES: dict[str, st.SearchStrategy[Any]] = {
    "minimum": st.integers(-2, 5),
    "exclusiveMaximum": st.integers(3, 9),
    "multipleOf": st.integers(1, 3),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(1, 3),
    "pattern": st.sampled_from(["^a", "7$"]),
    "format": st.sampled_from(["date", "phone"]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 3),
    "uniqueItems": st.booleans(),
    "enum": st.lists(SCALARS, min_size=1, max_size=3, unique_by=json.dumps),
    "const": SCALARS,
    "default": VALUES,
    "description": st.sampled_from(["", "  ", "What it is.", "Mind it!"]),
    "title": st.sampled_from(["", "Title"]),
    "examples": st.lists(SCALARS, max_size=2),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "minProperties": st.integers(0, 2),
    "deprecated": st.booleans(),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
}
REFERENCES = st.sampled_from(["#/$defs/one", "#/$defs/two", "#"]).map(lambda target: {"$ref": target})


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    fields = st.dictionaries(NAMES, inner, max_size=3)
    parts: dict[str, st.SearchStrategy[Any]] = {
        "properties": fields,
        "patternProperties": st.dictionaries(st.just("^a"), inner, max_size=1),
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
    }
    parts |= dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), several)
    parts |= dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else", "contains"), inner)
    kinds = st.fixed_dictionaries(
        {}, optional={"type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True)}
    )
    ruled = st.fixed_dictionaries({}, optional=RULES)
    with_parts = st.fixed_dictionaries({}, optional=parts)
    return st.builds(
        lambda one, two, three: {**some(one, 3), **some(two, 2), **three}, ruled, with_parts, kinds
    )


def some(rules: dict[str, Any], number: int) -> dict[str, Any]:
    """The first few of them: a schema with all keywords at once accepts nothing."""
    return dict(list(rules.items())[-number:])


SIMPLE = st.builds(
    lambda kind, rules: {"type": kind, **some(rules, 1)}, TYPES, st.fixed_dictionaries({}, optional=RULES)
)
SCHEMAS = st.recursive(st.booleans() | REFERENCES | SIMPLE, combined, max_leaves=8)
DOCUMENTS = st.builds(
    lambda properties, top, one, two: {
        **top,
        "type": "object",
        "properties": properties,
        "$defs": {"one": one, "two": two},
    },
    st.dictionaries(NAMES, SCHEMAS, max_size=3),
    st.fixed_dictionaries({}, optional={"required": RULES["required"], "additionalProperties": SCHEMAS}),
    SCHEMAS,
    SCHEMAS,
)


PARAMETERS = st.builds(
    lambda schema: {"type": "object", "properties": {"a": schema}, "required": ["a"]},
    st.recursive(st.booleans() | SIMPLE, combined, max_leaves=3),
)


def accepted(document: dict[str, Any]) -> ArgumentsSchema:
    """The schema as a tool may have it; others are of no interest."""
    try:
        return check_schema(document, Definition("move", "a test"))
    except ToolDefinitionError:
        assume(False)
        raise


def config_of(reduced: Reduced) -> dict[str, Any]:
    return {"type": "client", "name": "move", "description": "Moves.", "parameters": reduced.parameters}


@settings(max_examples=60)
@given(DOCUMENTS)
def test_what_is_declared_of_any_schema_the_platform_takes(document: dict[str, Any]) -> None:
    reduced = reduce_schema(accepted(document).schema)
    assert complaints({"tool_config": config_of(reduced)}) == []


@settings(max_examples=60)
@given(DOCUMENTS)
def test_a_declaration_reduced_again_is_the_same(document: dict[str, Any]) -> None:
    reduced = reduce_schema(accepted(document).schema)
    if reduced.parameters is not None:
        again = reduce_schema(check_schema(reduced.parameters, Definition("move", "a test")).schema)
        assert again == Reduced(reduced.parameters, ())


PROBES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 7, -2, 0.5, 2.0, 1e9, "", "a", "7", "abc", "2026-01-01"),
    *([], [1], ["a", "a"], [1, "a", None], {}, {"a": 1}, {"a": "a", "b": 2}, {"guestName": [1]}),
)


@settings(max_examples=200)
@given(PARAMETERS)
def test_what_is_accepted_here_can_be_sent_or_a_loss_says_that_it_cannot(document: dict[str, Any]) -> None:
    schema = accepted(document)
    reduced = reduce_schema(schema.schema)
    if any(loss.kind == "narrowed" or loss.keyword in ("anyOf", "oneOf") for loss in reduced.losses):
        return
    declared = Draft202012Validator(reduced.parameters or {"type": "object"})
    for value in PROBES:
        if schema.validator.is_valid({"a": value}):
            assert declared.is_valid({"a": value}), (value, reduced)


@settings(max_examples=200)
@given(PARAMETERS)
def test_what_can_be_sent_is_accepted_here_or_a_loss_says_why_not(document: dict[str, Any]) -> None:
    schema = accepted(document)
    reduced = reduce_schema(schema.schema)
    if reduced.losses or reduced.parameters is None:
        return
    declared = Draft202012Validator(closed(reduced.parameters))
    for value in PROBES:
        if declared.is_valid({"a": value}):
            assert schema.validator.is_valid({"a": value}), (value, reduced)


def closed(node: dict[str, Any]) -> dict[str, Any]:
    """A declaration as the model takes it: there is nothing beside what is declared."""
    if node["type"] == "object":
        inner = {name: closed(one) for name, one in node["properties"].items()}
        return {**node, "properties": inner, "additionalProperties": False}
    return {**node, "items": closed(node["items"])} if node["type"] == "array" else node

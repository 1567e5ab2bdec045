"""The fast check says "valid" only where the reference does; whatever is uncertain is left to the reference."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from agentframework.errors import ArgumentsError, ToolDefinitionError
from agentframework.tools import fastcheck
from agentframework.tools.arguments import read_arguments
from agentframework.tools.definition import Definition
from agentframework.tools.fastcheck import FastCheck
from agentframework.tools.jsonvalues import read_json
from agentframework.tools.schema import ArgumentsSchema, check_schema

SUITE = Path(__file__).parent / "json_schema_suite"
DEFINITION = Definition("move", "a plugin")
FORECAST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "unit": {"enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "place": {
            "type": "object",
            "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
            "required": ["lat", "lon"],
            "additionalProperties": False,
        },
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
OSLO = {"city": "Oslo", "unit": "celsius", "days": 3, "place": {"lat": 59.9, "lon": 10.7}}

FAST_CLASSES: dict[str, Any] = {
    "draft7": jsonschema_rs.Draft7Validator,
    "draft2020-12": jsonschema_rs.Draft202012Validator,
}
REFERENCES: dict[str, Any] = {"draft7": Draft7Validator, "draft2020-12": Draft202012Validator}
NOT_FETCHED = {
    # the fast validator refuses what refers to other documents, and so do we
    ("draft2020-12", "dynamicRef", "strict-tree schema, guards against misspelled properties"),
    ("draft2020-12", "dynamicRef", "tests for implementation dynamic anchor and reference link"),
    ("draft2020-12", "dynamicRef", "$ref and $dynamicAnchor are independent of order - $defs first"),
    ("draft2020-12", "dynamicRef", "$ref and $dynamicAnchor are independent of order - $ref first"),
    ("draft2020-12", "dynamicRef", "$ref to $dynamicRef finds detached $dynamicAnchor"),
}
"""The schemas of the suite on which the two validators are not compared, beside the files that its README names."""
STRICTER = {
    # the draft leaves it to each implementation whether a format is checked; here it is, where that can be done
    ("draft2020-12", "format"),
}
"""The files of the suite that say "valid" where a tool's arguments are refused."""
SUITE_SIZES = {"draft7": 890, "draft2020-12": 1221}


def checked(schema: dict[str, Any]) -> ArgumentsSchema:
    return check_schema(schema, DEFINITION)


def of_argument(rules: Any, **more: Any) -> ArgumentsSchema:
    """The schema of one argument `v`."""
    return checked({"type": "object", "properties": {"v": rules}, **more})


def suite_groups() -> Iterator[Any]:
    """Every schema of the suite with its tests."""
    for draft in REFERENCES:
        for file in sorted((SUITE / draft).glob("*.json")):
            for group in json.loads(file.read_text("utf-8")):
                name = f"{draft}-{file.stem}-{group['description']}"
                yield pytest.param(draft, file.stem, group, id=name)


def refers(group: dict[str, Any]) -> bool:
    return "$ref" in json.dumps(group["schema"])


SUITE_GROUPS = list(suite_groups())


def test_the_suite_is_here_as_a_whole() -> None:
    sizes = dict.fromkeys(REFERENCES, 0)
    for draft, _, group in (param.values for param in SUITE_GROUPS):
        sizes[draft] += len(group["tests"])
    assert sizes == SUITE_SIZES


@pytest.mark.parametrize(("draft", "file", "group"), SUITE_GROUPS)
def test_both_validators_agree_with_the_suite(draft: str, file: str, group: dict[str, Any]) -> None:
    reference = REFERENCES[draft](group["schema"])
    if (draft, file, group["description"]) in NOT_FETCHED:
        with pytest.raises(jsonschema_rs.ValidationError, match="is not present in a registry"):
            FAST_CLASSES[draft](group["schema"], validate_formats=False, offline=True)
        return
    fast = FAST_CLASSES[draft](group["schema"], validate_formats=False, offline=True)
    for case in group["tests"]:
        assert reference.is_valid(case["data"]) is case["valid"], case["description"]
        assert fast.is_valid(case["data"]) is case["valid"], case["description"]


def test_a_tools_arguments_are_accepted_where_the_suite_says_so() -> None:
    """With every part as it is at a call; what each file of the list is there for is asserted too."""
    differing = set()
    compared = 0
    for draft, file, group in (param.values for param in SUITE_GROUPS):
        if refers(group):  # a reference to the root cannot be moved under a property
            continue
        try:
            schema = of_argument(group["schema"], **{"$schema": REFERENCES[draft].META_SCHEMA["$schema"]})
        except ToolDefinitionError:
            continue  # no schema of a tool
        for case in group["tests"]:
            compared += 1
            if schema.accepts(read_json({"v": case["data"]})) is not case["valid"]:
                assert case["valid"]
                differing.add((draft, file))
    assert compared > 1_500
    assert differing == STRICTER


@pytest.mark.parametrize(
    ("draft", "group"),
    [(param.values[0], param.values[2]) for param in SUITE_GROUPS if not refers(param.values[2])],
)
def test_the_fast_check_finds_nothing_valid_that_the_suite_does_not(
    draft: str, group: dict[str, Any]
) -> None:
    """What ours takes of the suite, put under a property; references to the root cannot be moved there."""
    try:
        schema = of_argument(group["schema"], **{"$schema": REFERENCES[draft].META_SCHEMA["$schema"]})
    except ToolDefinitionError:
        return  # no schema of a tool
    for case in group["tests"]:
        read = read_json({"v": case["data"]})
        if schema.fast_check is not None and read.is_interoperable:
            assert schema.fast_check.finds_valid(read) is case["valid"], case["description"]


def test_most_of_the_suite_that_a_tool_can_declare_is_checked_fast() -> None:
    taken = set()
    for draft, file, group in (param.values for param in SUITE_GROUPS):
        if isinstance(group["schema"], dict) and not refers(group):
            try:
                schema = of_argument(
                    {word: rule for word, rule in group["schema"].items() if word != "$schema"}
                )
            except ToolDefinitionError:
                continue
            if schema.fast_check is not None:
                taken.add((draft, file))
    assert {file for draft, file in taken if draft == "draft2020-12"} >= {
        "additionalProperties", "allOf", "anyOf", "const", "contains", "enum", "items", "maximum", "minLength",
        "not", "oneOf", "properties", "propertyNames", "required", "type", "uniqueItems",
    }  # fmt: skip


LEFT_TO_THE_REFERENCE: list[dict[str, Any]] = [
    {"pattern": "a"},
    {"patternProperties": {"a": {}}},
    {"format": "date"},
    {"format": "a word that nobody knows"},
    {"maximum": 2**53 + 2},
    {"minimum": -(2**53) - 2},
    {"const": 2**64},
    {"enum": [1, [2**53 + 1]]},
    {"multipleOf": 2**53 + 1},
    {"default": 2**53 + 1},
    {"exclusiveMaximum": 1e17},
]
PLACES: list[Any] = [
    lambda rules: {"properties": {"v": rules}},
    lambda rules: {"properties": {"v": {"items": rules}}},
    lambda rules: {"properties": {"v": {"anyOf": [{}, {"not": rules}]}}},
    lambda rules: {"properties": {"v": {"if": rules, "then": {}}}},
    lambda rules: {"additionalProperties": {"contains": rules}},
    lambda rules: {"propertyNames": rules},
    lambda rules: {"allOf": [rules]},
    lambda rules: {"$defs": {"d": rules}, "properties": {"v": {"$ref": "#/$defs/d"}}},
    lambda rules: {"definitions": {"d": {"items": rules}}, "properties": {"v": {"$ref": "#/definitions/d"}}},
]


@pytest.mark.parametrize("place", range(len(PLACES)))
@pytest.mark.parametrize("rules", LEFT_TO_THE_REFERENCE, ids=str)
def test_patterns_formats_and_large_numbers_never_take_the_fast_path(
    rules: dict[str, Any], place: int
) -> None:
    put = PLACES[place]
    schema = checked(put(rules))
    assert schema.fast_check is None
    assert checked(put({"type": "string"})).fast_check is not None


def test_a_field_may_have_the_name_of_a_word_that_is_not_checked_fast() -> None:
    assert checked({"properties": {"pattern": {}, "format": {"enum": ["date"]}}}).fast_check is not None


UNCERTAIN: list[dict[str, Any]] = [
    {"type": "string", "pattern": "^a"},
    {"patternProperties": {"^a": {"type": "string"}}},
    {"type": "string", "format": "date"},
    {"type": "string", "contentMediaType": "application/json"},
    {"type": "number", "multipleOf": 0.1},
    {"maximum": 2**53 + 2},
    {"enum": [1e300]},
    {"const": {"a": [2**60]}},
    {"const": "\ud800"},
    {"unevaluatedProperties": False},
    {"unevaluatedItems": False},
    {"prefixItems": [{"type": "string"}]},
    {"$dynamicRef": "#v"},
    {"$ref": "#"},
    {"enum": [{"$ref": "a"}]},
    {"$ref": "#/properties/w"},
    {"$anchor": "a"},
    {"$id": "https://example.com/v"},
    {"x-unknown": True},
    {"items": {"items": {"allOf": [{"anyOf": [{"format": "ipv4"}]}]}}},
]


@pytest.mark.parametrize("rules", UNCERTAIN, ids=str)
def test_what_the_validators_may_read_differently_has_no_fast_check(rules: dict[str, Any]) -> None:
    try:
        schema = of_argument(rules)
    except ToolDefinitionError:
        return
    assert schema.fast_check is None


@pytest.mark.parametrize("draft", ["http://json-schema.org/draft-07/schema#", None])
def test_each_draft_has_its_own_fast_check(draft: str | None) -> None:
    """`const` beside `$ref` counts in 2020-12, and not in Draft 7."""
    rules = {"$ref": "#/definitions/any", "const": 1}
    document = {"type": "object", "properties": {"v": rules}, "definitions": {"any": {"type": "integer"}}}
    schema = checked({**document, **({"$schema": draft} if draft else {})})
    assert schema.fast_check is not None
    assert (
        schema.fast_check.finds_valid(read_json({"v": 2}))
        is schema.validator.is_valid({"v": 2})
        is bool(draft)
    )


def test_a_schema_that_comes_back_to_itself_is_left_to_the_reference() -> None:
    """A value could lead through it as deep as it likes, and the native stack has an end."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    assert of_argument({"$ref": "#/$defs/node"}, **{"$defs": {"node": node}}).fast_check is None
    flat = {"type": "object", "properties": {"next": {"$ref": "#/$defs/leaf"}}}
    definitions = {"node": flat, "leaf": {"type": "integer"}}
    assert of_argument({"$ref": "#/$defs/node"}, **{"$defs": definitions}).fast_check is not None


def test_a_very_large_schema_is_left_to_the_reference() -> None:
    """Rust lets no other thread run while it works, so its work must be short."""
    assert of_argument({"anyOf": [{"const": number} for number in range(450)]}).fast_check is not None
    assert of_argument({"anyOf": [{"const": number} for number in range(550)]}).fast_check is None
    assert of_argument({"enum": [[number] for number in range(450)]}).fast_check is not None
    assert of_argument({"enum": [[number] for number in range(550)]}).fast_check is None


@pytest.mark.parametrize(("doublings", "is_fast"), [(5, True), (30, False)])
def test_a_schema_that_references_make_large_is_left_to_the_reference(doublings: int, is_fast: bool) -> None:
    """Thirty definitions, each of which refers to the next one twice, are a thousand million checks."""
    twice = {f"d{step}": {"allOf": [{"$ref": f"#/$defs/d{step + 1}"}] * 2} for step in range(doublings)}
    schema = of_argument({"$ref": "#/$defs/d0"}, **{"$defs": {**twice, f"d{doublings}": {"type": "integer"}}})
    assert (schema.fast_check is not None) is is_fast


def test_a_very_large_value_is_left_to_the_reference() -> None:
    schema, fast, reference = spied(of_argument({}), True)
    read_arguments({"v": list(range(800))}, "move", schema)
    assert (fast.asked, reference.asked) == (1, 0)
    read_arguments({"v": list(range(900))}, "move", schema)
    assert (fast.asked, reference.asked) == (1, 1)


def test_the_longest_chain_of_definitions_fits_a_small_stack() -> None:
    """As long as a fast check takes one, on a thread with a stack of the size that musl gives."""
    chain = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}]} for index in range(200)}
    schema = of_argument({"$ref": "#/$defs/d0"}, **{"$defs": {**chain, "d200": {"type": "integer"}}})
    found: list[bool] = []

    def ask() -> None:
        assert schema.fast_check is not None
        found.extend(schema.fast_check.finds_valid(read_json({"v": value})) for value in (1, "a"))

    size = threading.stack_size(128 * 1024)
    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert found == [True, False]


class _Spy:
    """A validator that counts how often it is asked."""

    def __init__(self, answer: bool | BaseException) -> None:
        self.asked = 0
        self._answer = answer

    def is_valid(self, value: object) -> bool:
        self.asked += 1
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


class _PanicError(BaseException):
    """As a panic of Rust arrives in Python."""


def spied(schema: ArgumentsSchema, answer: bool | BaseException) -> tuple[ArgumentsSchema, _Spy, _Spy]:
    """The schema with a spy for the fast validator, and one in place of the reference, which finds all valid."""
    fast, reference = _Spy(answer), _Spy(True)
    watched = copy.copy(schema)
    object.__setattr__(watched, "fast_check", FastCheck(fast))  # type: ignore[arg-type]
    object.__setattr__(watched, "validator", reference)
    return watched, fast, reference


@pytest.mark.parametrize(
    "value", [True, False, None, 1, 2.5, "a", "ä", "😀", [1, 2.0], {"a": {"b": []}}, 2**53 - 1]
)
def test_the_reference_is_not_asked_about_what_the_fast_check_finds_valid(value: object) -> None:
    schema, fast, reference = spied(of_argument({}), True)
    read_arguments({"v": value}, "move", schema)
    assert (fast.asked, reference.asked) == (1, 0)


@pytest.mark.parametrize("value", [2**53, -(2**64), 10**300, 1e300, "\ud800", {"\udc00": 1}, [["a\ud800"]]])
def test_the_fast_check_is_not_asked_about_values_that_readers_of_json_take_differently(
    value: object,
) -> None:
    schema, fast, reference = spied(of_argument({}), True)
    read_arguments({"v": value}, "move", schema)
    assert (fast.asked, reference.asked) == (0, 1)


@pytest.mark.parametrize("answer", [False, ValueError("x"), _PanicError("x"), RecursionError()], ids=repr)
def test_the_reference_decides_whatever_else_the_fast_check_says(answer: bool | BaseException) -> None:
    schema, fast, reference = spied(of_argument({}), answer)
    assert read_arguments({"v": 1}, "move", schema) == {"v": 1}
    assert (fast.asked, reference.asked) == (1, 1)


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit()], ids=repr)
def test_the_fast_check_lets_an_end_of_the_process_through(ending: BaseException) -> None:
    schema, _, _ = spied(of_argument({}), ending)
    with pytest.raises(type(ending)):
        read_arguments({"v": 1}, "move", schema)


def test_a_schema_that_the_fast_validator_does_not_take_is_left_to_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def panic(*_: object, **__: object) -> None:
        raise _PanicError

    monkeypatch.setattr(fastcheck, "_FAST_CLASSES", {Draft202012Validator: panic})
    schema = checked(FORECAST)
    assert schema.fast_check is None
    assert read_arguments(OSLO, "move", schema) == OSLO


def test_a_machine_without_the_fast_validator_checks_with_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fastcheck, "_FAST_CLASSES", {})
    schema = checked(FORECAST)
    assert schema.fast_check is None
    assert read_arguments(OSLO, "move", schema) == OSLO
    with pytest.raises(ArgumentsError):
        read_arguments({**OSLO, "days": 15}, "move", schema)


def test_many_threads_share_one_schema() -> None:
    """Each with values of its own, right and wrong in turn, all at once."""
    schema = checked(FORECAST)
    gate = threading.Barrier(16)
    wrong: list[object] = []

    def work(number: int) -> None:
        gate.wait()
        for turn in range(300):
            days = 1 + (number + turn) % 28
            sent = {**OSLO, "city": f"city {number}", "days": days}
            assert schema.fast_check is not None
            if schema.fast_check.finds_valid(read_json(sent)) is not (days <= 14):
                wrong.append(sent)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# few words and numbers, so that rules and values meet
WORDS = st.sampled_from(["", "a", "b", "A", "ab", "ä", "😀", "1", "true", "é", "e\u0301"])
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 1.0, 2.0, 0.5, 1.5, 0.1, 0.3, 5e-324, -1e-7, 2**53 - 1, 2.0**52, 1e15]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
LARGE_OR_BROKEN = st.sampled_from([2**53, 2**53 + 1, -(2**53), 2**64, 10**300, 1e300, "\ud800", "a\udfff"])
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
SIZES = st.one_of(st.integers(0, 3), st.sampled_from([0.0, 1.0, 2.0]))
NAMES = st.lists(WORDS, unique=True, max_size=3)


def schemas_over(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
            "enum": st.lists(VALUES, min_size=1, max_size=4),
            "const": VALUES,
            **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), SIZES),
            **dict.fromkeys(("minProperties", "maxProperties"), SIZES),
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), NUMBERS),
            "properties": st.dictionaries(WORDS, inner, max_size=3),
            "required": NAMES,
            **dict.fromkeys(("additionalProperties", "propertyNames", "items", "contains", "not"), inner),
            **dict.fromkeys(("if", "then", "else"), inner),
            **dict.fromkeys(("allOf", "anyOf", "oneOf"), parts),
            "uniqueItems": st.booleans(),
            "$ref": st.sampled_from(["#/$defs/a", "#/definitions/b"]),
            "default": VALUES,
        },
    )


LEAVES = st.one_of(
    st.booleans(), st.fixed_dictionaries({"type": TYPES}), st.fixed_dictionaries({"const": SCALARS})
)
SCHEMAS = st.recursive(LEAVES, schemas_over, max_leaves=6)
DRAFTS = st.sampled_from(
    ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"]
)


def without_references(schema: Any) -> Any:
    """The same without references, for the definitions that the references lead to."""
    if isinstance(schema, dict):
        return {word: without_references(rule) for word, rule in schema.items() if word != "$ref"}
    return [without_references(rule) for rule in schema] if isinstance(schema, list) else schema


@settings(max_examples=60)
@given(
    draft=DRAFTS,
    rules=SCHEMAS,
    definitions=st.lists(SCHEMAS.map(without_references), min_size=2, max_size=2),
    values=st.lists(st.one_of(VALUES, LARGE_OR_BROKEN, st.lists(LARGE_OR_BROKEN)), min_size=1, max_size=5),
)
def test_what_the_fast_check_finds_valid_the_reference_does_too(
    draft: str, rules: Any, definitions: list[Any], values: list[Any]
) -> None:
    """And what it does not, the reference finds invalid: it is no shortcut that is never taken."""
    document = {"$schema": draft, "$defs": {"a": definitions[0]}, "definitions": {"b": definitions[1]}}
    schema = of_argument(rules, **document)
    assert schema.fast_check is not None
    for value in values:
        read = read_json({"v": value})
        is_valid = schema.validator.is_valid(read.value)
        assert schema.accepts(read) is is_valid
        if read.is_interoperable:
            assert schema.fast_check.finds_valid(read) is is_valid

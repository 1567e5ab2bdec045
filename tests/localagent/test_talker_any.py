"""A talker takes any text and any schema, and does the same again with the same."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.talker import Call, Leave, Reaction, Say
from agentframework.localagent.words import word_list
from talker_reading import talker_for
from talker_sets import CALENDAR, DEMO, HOME, SHOP, declared

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_KEYWORDS = st.sampled_from(
    word_list(
        """type enum const format minimum maximum exclusiveMinimum exclusiveMaximum items anyOf oneOf allOf $ref
    properties required description default"""
    )
)
_TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
_REFERENCES = st.sampled_from(["#", "#/properties/a", "#/$defs/x", "https://example.com/x", "#/a~1b", ""])
_ODD: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(_KEYWORDS, _JSON | _TYPES | _REFERENCES, max_size=4),
    lambda inner: st.dictionaries(
        _KEYWORDS,
        inner | st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_size=4,
    ),
    max_leaves=6,
)
_SCHEMAS = _ODD | st.builds(
    lambda properties, required: {"type": "object", "properties": properties, "required": required},
    st.dictionaries(st.sampled_from(["city", "a", "to_b", "the", "date"]), _ODD, max_size=3),
    st.lists(st.sampled_from(["city", "a", "to_b", "the", "unknown"]), max_size=3) | _JSON,
)
_SNIPPETS = st.sampled_from(
    word_list(
        """turn on the light kitchen what time is it in Oslo five 21.5 -3 50% twenty one half an hour tomorrow next
    Friday 3 pm 17:30 99:99 2026-13-45 2026-02-30 30 February "quoted text" 'a ' : , . ? ! ( ) /call /tools { } [ ]
    {"a":1} key=value never mind bye cancel a@b.co yes no on off and or to from called that 99999999999999999999
    in 999999999999999 days a million weeks ago 1e5 ½ ٣ 五 İ ſ \ud800 \u0000 \u2028"""
    )
)
_LINES = st.lists(_SNIPPETS | st.text(max_size=6), max_size=14).map(" ".join) | st.text(max_size=60)


@given(_SCHEMAS, st.lists(_LINES, max_size=4))
def test_any_text_with_any_schema_gets_a_reaction(schema: dict[str, Any], lines: list[str]) -> None:
    odd = ToolDeclaration("do_it", "Does it in a city, on a day.", schema)
    talker = talker_for([odd, *DEMO[:2]])
    for line in ["do it", *lines, "do it"]:
        assert isinstance(talker.hear(line), Say | Call | Leave)


@given(st.text(max_size=40), st.text(max_size=80))
def test_any_name_and_description_will_do(name: str, description: str) -> None:
    talker = talker_for([ToolDeclaration(name, description), *SHOP])
    assert talker.greet()
    assert isinstance(talker.hear(description), Say | Call | Leave)
    assert isinstance(talker.hear(name), Say | Call | Leave)


@given(st.lists(_LINES, max_size=6))
def test_the_same_lines_have_the_same_reactions_and_arguments_that_are_json(lines: list[str]) -> None:
    for tools in (HOME, CALENDAR):
        runs: list[list[Reaction]] = []
        for _ in range(2):
            talker = talker_for(tools)
            runs.append([talker.hear(line) for line in lines])
        assert runs[0] == runs[1]
        for reaction in runs[0]:
            if isinstance(reaction, Call):
                assert json.loads(json.dumps(reaction.arguments, allow_nan=False)) == reaction.arguments
                assert json.dumps(reaction.arguments, ensure_ascii=False).encode()


@given(_LINES)
def test_a_call_without_a_slash_has_what_the_tool_requires(line: str) -> None:
    for tools in (HOME, CALENDAR, SHOP, DEMO):
        reaction = talker_for(tools).hear(line)
        if isinstance(reaction, Call) and not line.lstrip().startswith("/"):
            schema = next(tool.parameters for tool in tools if tool.name == reaction.name)
            assert set(schema["required"]) <= set(reaction.arguments) <= set(schema["properties"])


@given(st.text(), st.booleans())
def test_any_result_is_read_back(result: str, is_error: bool) -> None:
    said = talker_for(HOME).tool_answered("set_light", {}, result, is_error)
    assert said
    assert len(said) < 1000


@given(_JSON)
def test_any_json_result_is_read_back(value: object) -> None:
    assert talker_for(HOME).tool_answered("set_light", {}, json.dumps(value), is_error=False)


@pytest.mark.parametrize(
    "part", ['"', "'", "a ", "1 ", "on ", "and ", "A. ", "[", "“", "‘", "/", "a@", "five ", ","]
)
def test_long_lines_are_heard_in_little_time(part: str) -> None:
    """A line of 20,000 characters, the longest that is read, takes far less than the ten seconds allowed here."""
    line = (part * 20_000)[:20_000]
    tools = [*HOME, *CALENDAR, *SHOP]
    talker = talker_for(tools)
    began = time.monotonic()
    talker.hear(line)
    talker.hear("make it louder")
    talker.hear(line)
    talker.tool_answered("set_light", {}, line, is_error=False)
    assert time.monotonic() - began < 10


def test_a_hundred_tools_are_read_and_chosen_from() -> None:
    tools = [
        declared(f"thing_{at}", f"Move the thing number{at} somewhere.", {"place": {"type": "string"}})
        for at in range(100)
    ]
    reaction = talker_for(tools).hear("move number57 to the cellar")
    assert reaction == Call("thing_57", {"place": "cellar"})

"""The whole declaration of a tool, how long the platform waits for it, and what of it goes without saying."""

from __future__ import annotations

import math
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from agentframework.tools.dialect.declaration import declare_tool, tool_config
from agentframework.tools.dialect.defaults import without_defaults
from agentframework.tools.dialect.limits import declared_limits
from agentframework.tools.sensitive import Sensitive
from agentframework.tools.tool import Tool
from tool_platform import complaints, filled


def book(guests: int, name: str = "Ann") -> str:
    """Book a table.

    Args:
        guests: How many come.
    """
    return "booked"


BOOK = Tool("book", book)
CONFIG: dict[str, Any] = {
    "type": "client",
    "name": "book",
    "description": "Book a table.",
    "parameters": {
        "type": "object",
        "description": "",
        "properties": {
            "guests": {"type": "integer", "description": "How many come."},
            "name": {"type": "string", "description": 'name. By default "Ann".'},
        },
        "required": ["guests"],
    },
    "expects_response": True,
    "response_timeout_secs": 20,
    "tool_error_handling_mode": "passthrough",
    "execution_mode": "immediate",
    "interruption_mode": "allow",
}


def test_a_declaration_is_the_whole_config() -> None:
    assert tool_config(BOOK, timeout=15.0) == CONFIG
    assert complaints({"tool_config": CONFIG}) == []


@pytest.mark.parametrize(
    ("limit", "seconds"), [(0.5, 20), (18.0, 20), (18.5, 21), (60.0, 62), (118.0, 120), (500.0, 120)]
)
def test_the_platform_waits_longer_than_the_tool_may_take(limit: float, seconds: int) -> None:
    declared = declare_tool(BOOK, timeout=limit)
    assert declared.tool_config["response_timeout_secs"] == seconds
    assert any(loss.kind == "unmet" for loss in declared.losses) == (limit > 118)


def test_a_tool_that_answers_nothing_is_not_waited_for() -> None:
    declared = declare_tool(BOOK, timeout=500.0, expects_response=False)
    assert declared.tool_config["expects_response"] is False
    assert declared.tool_config["response_timeout_secs"] == 20
    assert not any(loss.kind == "unmet" for loss in declared.losses)


def test_a_tool_without_a_description_has_its_name_for_one() -> None:
    def open_door() -> None: ...

    assert tool_config(Tool("open_door", open_door), timeout=1)["description"] == "open door"


def test_a_tool_that_takes_arguments_of_any_name_is_known() -> None:
    def note(**more: str) -> None:
        """Take notes."""

    assert declare_tool(Tool("note", note), timeout=1).takes_more
    assert not declare_tool(BOOK, timeout=1).takes_more


def test_a_strict_tool_cannot_be_given_json_as_text_and_that_is_said() -> None:
    def paint(colours: dict[str, int], walls: list[str]) -> None:
        """Paint."""

    lenient, strict = (
        declare_tool(Tool("paint", paint, strict=strict), timeout=1) for strict in (False, True)
    )
    more = [str(loss) for loss in strict.losses if loss not in lenient.losses]
    assert more == [
        "colours: the model cannot send: anything that fits, because a strict tool reads no JSON from a text"
    ]
    assert strict.tool_config == lenient.tool_config


def test_what_is_sensitive_is_not_told_to_the_platform() -> None:
    def pay(card: Annotated[str, Sensitive, Field(examples=["canary-1"])] = "canary-2") -> None:
        """Pay."""

    declared = declare_tool(Tool("pay", pay), timeout=1)
    assert "canary" not in str(declared)
    assert declared.tool_config["parameters"]["properties"]["card"] == {
        "type": "string",
        "description": "card",
    }


def test_what_is_read_back_compares_equal_to_what_was_sent() -> None:
    read = filled(CONFIG)
    assert read != CONFIG
    assert without_defaults(read) == without_defaults(CONFIG)


def test_without_its_defaults_a_declaration_stays_as_it_is() -> None:
    once = without_defaults(filled(CONFIG))
    assert without_defaults(once) == once


@given(
    st.dictionaries(
        st.sampled_from(["type", "description", "enum", "constant_value", "is_omitted", "dynamic_variable"]),
        st.sampled_from([None, "", "a", 0, False, True, [], ["b", "a"], {}]),
    )
)
def test_only_what_says_nothing_is_taken_away(node: dict[str, Any]) -> None:
    config = {**CONFIG, "parameters": {"type": "object", "properties": {"v": node}}}
    kept = without_defaults(config).get("parameters", {}).get("properties", {}).get("v", {})
    assert without_defaults({**config, "parameters": without_defaults(config).get("parameters")}) == (
        without_defaults(config)
    )
    empty = [value for key, value in node.items() if key not in kept]
    assert all(value in (None, "", False, [], {}) for value in empty)
    assert ("constant_value" in kept) == (node.get("constant_value") not in (None, "", [], {}))


@pytest.mark.parametrize("key", ["dynamic_variable_placeholders", "assignments"])
def test_empty_lists_and_maps_say_nothing(key: str) -> None:
    assert without_defaults({"name": "a", "more": {key: {}}, key: []}) == {"name": "a"}


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"expects_response": True, "response_timeout_secs": 30}, 30.0),
        ({"expects_response": True, "response_timeout_secs": -1}, math.inf),
        ({"expects_response": True}, 20.0),
        ({"expects_response": True, "response_timeout_secs": "soon"}, 20.0),
        ({"expects_response": True, "response_timeout_secs": True}, 20.0),
        ({"expects_response": False, "response_timeout_secs": 5}, None),
        ({"response_timeout_secs": 5}, None),
    ],
)
def test_how_long_the_platform_waits_is_known_by_name(config: dict[str, Any], limit: float | None) -> None:
    assert declared_limits([{"name": "a", **config}]) == {"a": limit}


def test_of_two_tools_with_one_name_the_lesser_limit_counts() -> None:
    waits: dict[str, Any] = {"name": "a", "expects_response": True}
    read: list[dict[str, Any]] = [
        {**waits, "response_timeout_secs": 30},
        {**waits, "response_timeout_secs": 10},
        {"name": "a"},
    ]
    assert declared_limits(read) == {"a": 10.0}

"""Each way in which a tool and its declaration can disagree is found, and said in words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from agentframework.tools.dialect.declaration import Declaration, declare_tool
from agentframework.tools.dialect.drift import differences
from agentframework.tools.dialect.push import overlaid
from agentframework.tools.tool import Tool
from tool_platform import complaints, filled

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "level": {"type": "integer"},
        "mode": {"enum": ["fast", "slow"]},
        "who": {"type": ["string", "null"]},
        "stops": {"type": "array", "items": {"type": "object", "properties": {"at": {"type": "string"}}}},
    },
    "required": ["level"],
}


def set_volume(**values: Any) -> None:
    """Set the volume."""


TOOL = Tool("set_volume", set_volume, parameters=SCHEMA)
OURS = declare_tool(TOOL, timeout=15.0)


def found(change: Callable[[dict[str, Any]], Any], ours: Declaration = OURS) -> list[str]:
    """The differences after this change of the declaration that is read back."""
    theirs = filled(OURS.tool_config)
    change(theirs)
    assert complaints({"tool_config": theirs}) == [], "the platform would not have it so"
    return [f"{one.kind}: {one}" for one in differences([ours], [theirs])]


def properties(config: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = config["parameters"]["properties"]
    return inner


def test_what_was_declared_from_here_does_not_differ() -> None:
    assert found(lambda theirs: None) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(expects_response=False),
         "expects_response: tool 'set_volume': the platform waits for no answer"),
        (lambda c: c.update(response_timeout_secs=10),
         ("response_timeout_secs: tool 'set_volume': the platform waits 10 s for an answer "
          "(response_timeout_secs); with a limit of 15 s here it takes 17")),
        (lambda c: c.update(tool_error_handling_mode="auto"),
         "tool_error_handling_mode: tool 'set_volume': tool_error_handling_mode is \"auto\", which hides the text"),
        (lambda c: c.update(tool_error_handling_mode="summarized"),
         "tool_error_handling_mode: tool 'set_volume': tool_error_handling_mode is \"summarized\", which shortens"),
        (lambda c: c["parameters"].update(
            required=[], properties={"Level": properties(c).pop("level"), **properties(c)}),
         ("parameter missing: tool 'set_volume': level: not declared on the platform: calls without it fail; did you "
          "mean 'Level'?")),
        (lambda c: properties(c).pop("mode"),
         "parameter missing: tool 'set_volume': mode: not declared on the platform: the agent never gives it"),
        (lambda c: properties(c).update(extra={"type": "string", "description": "E"}),
         "parameter unknown: tool 'set_volume': extra: declared on the platform and not here"),
        (lambda c: c["parameters"].update(required=[]), "required: tool 'set_volume': level: required here and not"),
        (lambda c: c["parameters"].update(required=["level", "mode"]),
         "required: tool 'set_volume': mode: required on the platform and not here"),
        (lambda c: properties(c)["level"].update(type="number"),
         "type: tool 'set_volume': level: integer here, number on the platform"),
        (lambda c: properties(c)["level"].update(type=["integer", "null"]),
         "type: tool 'set_volume': level: integer here, integer or null on the platform"),
        (lambda c: properties(c)["stops"].update(items={"type": "string", "description": "S"}),
         "type: tool 'set_volume': stops[]: object here, string on the platform"),
        (lambda c: properties(c)["stops"]["items"]["properties"]["at"].update(type="number"),
         "type: tool 'set_volume': stops[].at: string here, number on the platform"),
        (lambda c: properties(c)["mode"].update(enum=["fast"]),
         "enum: tool 'set_volume': mode: \"fast\" or \"slow\" here, \"fast\" on the platform"),
        (lambda c: properties(c)["mode"].update(enum=None),
         "enum: tool 'set_volume': mode: \"fast\" or \"slow\" here, any value on the platform"),
        (lambda c: c.update(name="Set_Volume"),
         "missing: tool 'set_volume': the agent has no such tool, and never calls it; did you mean 'Set_Volume'?"),
    ],
)  # fmt: skip
def test_a_difference_is_said(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    first, *others = found(change)
    assert first.startswith(said)
    assert len(others) <= 1


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(response_timeout_secs=-1),
        lambda c: c.update(response_timeout_secs=120, description="Louder!", tool_call_sound="typing"),
        lambda c: properties(c)["who"].update(type="string"),
        lambda c: properties(c)["level"].update(description="", constant_value=0),
        lambda c: properties(c)["mode"].update(description="", enum=None, dynamic_variable="mode"),
        lambda c: properties(c)["mode"].update(description="", is_omitted=True),
        lambda c: properties(c)["mode"].update(enum=["slow", "fast"]),
    ],
)
def test_what_makes_no_difference_to_a_call_is_none(change: Callable[[dict[str, Any]], Any]) -> None:
    assert found(change) == []


def test_where_errors_go_out_as_results_their_mode_is_no_difference() -> None:
    ours = declare_tool(TOOL, timeout=15.0, needs_error_text=False)
    assert found(lambda theirs: theirs.update(tool_error_handling_mode="hide"), ours) == []


def test_an_answer_that_nobody_sends_is_not_to_be_waited_for() -> None:
    ours = declare_tool(TOOL, timeout=15.0, expects_response=False)
    (said,) = found(lambda theirs: None, ours)
    assert "the platform waits for an answer" in said


def test_a_tool_that_takes_more_may_be_given_more() -> None:
    schema = {**SCHEMA, "additionalProperties": {"type": "string"}}
    ours = declare_tool(Tool("set_volume", set_volume, parameters=schema), timeout=15.0)
    assert (
        found(lambda theirs: properties(theirs).update(more={"type": "string", "description": "M"}), ours)
        == []
    )


def test_tools_that_one_side_alone_has_are_said() -> None:
    theirs = filled(OURS.tool_config)
    webhook = {**theirs, "name": "hook", "type": "webhook"}
    other = {**theirs, "name": "set_volumes"}
    assert [str(one) for one in differences([], [webhook, other])] == [
        "tool 'set_volumes': the agent has it and nothing here is called so: its calls fail"
    ]
    twice = differences([OURS], [theirs, theirs])
    assert [(one.kind, str(one)) for one in twice] == [
        ("twice", "tool 'set_volume': the agent has 2 tools of this name")
    ]


@pytest.mark.parametrize("config", [{}, {"parameters": []}, {"parameters": {"properties": 7}}, {"parameters": "x"},
    {"parameters": {"properties": {"level": 7, "stops": {"type": 5, "items": []}}, "required": "level"}},
    {"tool_error_handling_mode": 7, "response_timeout_secs": {}, "expects_response": "yes"}])  # fmt: skip
def test_whatever_an_answer_holds_it_is_compared(config: dict[str, Any]) -> None:
    theirs = {"name": "set_volume", **config}
    assert all(str(one) for one in differences([OURS], [theirs]))
    assert differences([OURS], [filled(overlaid(OURS, theirs))]) == ()


def test_what_the_platform_says_cannot_write_lines_of_its_own() -> None:
    theirs = filled(OURS.tool_config)
    node = {"type": "string", "description": "d"}
    theirs["parameters"]["properties"] |= {"a\nERROR: all is lost\u202e\x9b": node}
    properties(theirs)["mode"]["enum"] = ["fast\x1b[2J\u2028"]
    for one in differences([OURS], [theirs]):
        assert str(one).isprintable()


def test_comparing_changes_neither_side() -> None:
    theirs = filled(OURS.tool_config)
    before = copy.deepcopy((OURS.tool_config, theirs))
    differences([OURS], [theirs])
    overlaid(OURS, theirs)
    assert (OURS.tool_config, theirs) == before

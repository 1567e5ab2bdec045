"""Tools of an on-prem set-up are declared as on the platform (protocol 1.7, 5.1)."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework.localagent.options import AgentOptions, ToolHandling
from agentframework.localagent.toolconfig import with_platform_tools

SET_VOLUME: dict[str, Any] = {
    "type": "client",
    "name": "set_volume",
    "description": "Set the speaker volume.",
    "expects_response": True,
    "response_timeout_secs": 5,
    "execution_mode": "immediate",
    "tool_error_handling_mode": "passthrough",
    "parameters": {"type": "object", "properties": {"level": {"type": "integer"}}},
}


@pytest.mark.parametrize("config", [SET_VOLUME, {"id": "tool_1", "tool_config": SET_VOLUME}])
def test_a_tool_config_declares_a_tool(config: dict[str, Any]) -> None:
    options = with_platform_tools(AgentOptions(), [config])

    [tool] = options.tools
    assert (tool.name, tool.description) == ("set_volume", "Set the speaker volume.")
    assert tool.parameters == SET_VOLUME["parameters"]
    assert options.handling_of("set_volume") == ToolHandling(True, 5.0, "passthrough")


def test_a_tool_that_does_not_say_so_expects_no_response() -> None:
    options = with_platform_tools(AgentOptions(), [{"type": "client", "name": "beep", "parameters": None}])

    assert options.handling_of("beep") == ToolHandling(expects_response=False)
    assert options.tools[0].parameters == {"type": "object", "properties": {}}


def test_a_tool_may_take_for_ever() -> None:
    config = {**SET_VOLUME, "response_timeout_secs": -1}

    assert with_platform_tools(AgentOptions(), [config]).handling_of("set_volume").timeout is None


def test_tools_of_other_types_are_left_out() -> None:
    assert with_platform_tools(AgentOptions(), [{"type": "webhook", "name": "x"}]).tools == ()


def test_of_two_tools_of_one_name_the_later_stays() -> None:
    options = with_platform_tools(
        AgentOptions(), [{"name": "beep"}, {"name": "beep", "description": "Beep."}]
    )

    assert [tool.description for tool in options.tools] == ["Beep."]


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"type": "client"}, "tools_config_list.0.name: Field required"),
        ({"name": "two words"}, "tools_config_list.0.name: "),
        ({"name": "x", "parameters": []}, "tools_config_list.0.parameters: "),
        ({"tool_config": 5}, "tools_config_list.0"),
    ],
)
def test_what_is_no_tool_is_named(config: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError) as error:
        with_platform_tools(AgentOptions(), [config])
    assert str(error.value).startswith(place)

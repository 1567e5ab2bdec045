"""What a push does for each tool: it changes its own, keeps what is not its business, and is done after once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentframework.tools.dialect.declaration import declare_tool
from agentframework.tools.dialect.defaults import without_defaults
from agentframework.tools.dialect.drift import differences
from agentframework.tools.dialect.platform import PlatformTool, read_platform_tool
from agentframework.tools.dialect.push import overlaid, plan_push
from agentframework.tools.tool import Tool
from tool_platform import complaints, filled


def set_volume(level: int, mode: str = "fast") -> None:
    """Set the volume."""


TOOL = Tool("set_volume", set_volume)
OURS = declare_tool(TOOL, timeout=15.0)
READ = filled(OURS.tool_config)
CHANGED = {**READ, "description": "Louder or quieter.", "response_timeout_secs": 5}


def tool(config: dict[str, Any], tool_id: str = "tool_1", *, mine: bool = True) -> PlatformTool:
    return PlatformTool(tool_id, config, mine, "" if mine else "Eve")


def planned(found: list[PlatformTool], attached: list[PlatformTool], *, adopt: bool = False) -> str:
    (step,) = plan_push([OURS], found, attached, adopt=adopt)
    assert step.is_change == (step.action in ("create", "update") or step.attach)
    return str(step)


@pytest.mark.parametrize(
    ("found", "attached", "said"),
    [
        ([], [], "tool 'set_volume': create and attach"),
        ([tool(READ, mine=False)], [], "tool 'set_volume': create and attach"),
        ([tool({**READ, "type": "webhook"})], [], "tool 'set_volume': create and attach"),
        ([tool({**READ, "name": "set_volume_2"})], [], "tool 'set_volume': create and attach"),
        ([tool(READ)], [], "tool 'set_volume' (tool_1): attach"),
        ([tool(CHANGED)], [], "tool 'set_volume' (tool_1): change description, response_timeout_secs and attach"),
        ([tool(READ, "tool_2")], [tool(READ)], "tool 'set_volume' (tool_1): as it should be"),
        ([], [tool(CHANGED)], "tool 'set_volume' (tool_1): change description, response_timeout_secs"),
        ([], [tool(READ, mine=False)], "tool 'set_volume' (tool_1): as it should be"),
        ([], [tool(CHANGED, mine=False)],
         ("tool 'set_volume' (tool_1): left alone: Eve has made it, and it differs in description, "
          "response_timeout_secs; --adopt changes it all the same")),
        ([], [tool(READ), tool(READ, "tool_2")],
         ("tool 'set_volume': left alone: the agent has 2 tools of this name (tool_1, tool_2); take all but one "
          "away from it")),
        ([], [tool({**READ, "type": "webhook"})],
         "tool 'set_volume' (tool_1): left alone: the agent has a tool of this name that is no client tool"),
    ],
)  # fmt: skip
def test_each_tool_has_its_step(found: list[PlatformTool], attached: list[PlatformTool], said: str) -> None:
    assert planned(found, attached) == said


def test_what_somebody_else_has_made_is_changed_only_when_asked() -> None:
    said = planned([], [tool(CHANGED, mine=False)], adopt=True)
    assert said == "tool 'set_volume' (tool_1): change description, response_timeout_secs"


def test_what_is_none_of_our_business_is_kept() -> None:
    theirs = filled(OURS.tool_config)
    theirs.update(tool_call_sound="typing", response_timeout_secs=90, execution_mode="post_tool_speech")
    theirs["assignments"] = [{"source": "response", "dynamic_variable": "volume", "value_path": "level"}]
    theirs["parameters"]["properties"]["mode"].update(description="", dynamic_variable="mode")
    (step,) = plan_push([OURS], [], [tool(theirs)])
    assert step.action == "keep"
    theirs["description"] = "Something else."
    (step,) = plan_push([OURS], [], [tool(theirs)])
    assert step.changed == ("description",)
    assert without_defaults({**step.tool_config, "description": "Something else."}) == without_defaults(
        theirs
    )


def test_a_required_value_is_not_left_out() -> None:
    theirs = filled(OURS.tool_config)
    theirs["parameters"]["required"] = []
    theirs["parameters"]["properties"]["level"].update(description="", is_omitted=True)
    pushed = overlaid(OURS, theirs)
    assert pushed["parameters"]["properties"]["level"] == {"type": "integer", "description": "level"}
    assert complaints({"tool_config": pushed}) == []


def test_guards_and_constraints_of_the_platform_are_kept() -> None:
    theirs = filled(OURS.tool_config)
    theirs["parameters"]["properties"]["mode"]["allowed_values"] = {"dynamic_variable": "modes"}
    theirs["parameters"]["required_constraints"] = {"any_of": [{"required": ["mode"]}]}
    pushed = overlaid(OURS, theirs)
    assert pushed["parameters"]["properties"]["mode"]["allowed_values"] == {"dynamic_variable": "modes"}
    assert pushed["parameters"]["required_constraints"] == {"any_of": [{"required": ["mode"]}]}


def test_a_tool_that_takes_more_keeps_what_the_platform_gives_it() -> None:
    def note(**more: str) -> None:
        """Take notes."""

    ours = declare_tool(Tool("note", note), timeout=1)
    given_by_the_platform = {"type": "string", "dynamic_variable": "device"}
    parameters = {
        "type": "object",
        "properties": {"device": given_by_the_platform, "old": {"type": "string"}},
    }
    pushed = overlaid(ours, {**ours.tool_config, "parameters": parameters})
    assert pushed["parameters"]["properties"] == {"device": given_by_the_platform}


NODES = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "string", ["string", "null"], "boolean"])},
    optional={
        "description": st.sampled_from(["", "d"]),
        "constant_value": st.sampled_from(["", "c", 0]),
        "dynamic_variable": st.sampled_from(["", "v"]),
        "is_omitted": st.booleans(),
        "enum": st.sampled_from([None, ["fast"]]),
    },
)
THEIRS = st.fixed_dictionaries(
    {"name": st.just("set_volume"), "type": st.just("client")},
    optional={
        "description": st.just("d"),
        "expects_response": st.booleans(),
        "response_timeout_secs": st.sampled_from([-1, 1, 16, 17, 120]),
        "tool_error_handling_mode": st.sampled_from(["auto", "hide", "passthrough"]),
        "parameters": st.none()
        | st.builds(
            lambda inner, required: {
                "type": "object",
                "properties": inner,
                "required": [name for name in required if name in inner],
            },
            st.dictionaries(st.sampled_from(["level", "mode", "more"]), NODES),
            st.sets(st.sampled_from(["level", "mode"])),
        ),
    },
)


@settings(max_examples=200)
@given(THEIRS)
def test_after_a_push_there_is_nothing_to_push_and_no_difference(theirs: dict[str, Any]) -> None:
    is_taken = not complaints({"tool_config": {"description": "d", **theirs}})
    pushed = overlaid(OURS, theirs)
    read = filled(pushed)
    (step,) = plan_push([OURS], [], [tool(read)])
    assert step.action == "keep"
    if is_taken:
        assert complaints({"tool_config": pushed}) == []
        assert differences([OURS], [read]) == ()


@pytest.mark.parametrize(
    "body", [None, [], {}, {"id": "a"}, {"id": 7, "tool_config": {}}, {"id": "a", "tool_config": 7}]
)
def test_what_is_no_tool_is_none(body: object) -> None:
    assert read_platform_tool(body) is None


def test_who_has_made_a_tool_is_read() -> None:
    body = {"id": "a", "tool_config": READ, "access_info": {"is_creator": False, "creator_name": "Eve"}}
    read = read_platform_tool(body)
    assert read == PlatformTool("a", READ, False, "Eve")
    assert read is not None
    assert (read.name, read.is_client_tool) == ("set_volume", True)
    assert read_platform_tool({**body, "access_info": None}) == PlatformTool("a", READ)

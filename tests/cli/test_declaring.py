"""`tools export`, `push` and `check`: an agent's tools are brought into line once, and then nothing is to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_desk import Desk
from rest_stub import Reply, running
from tool_platform import KEY, ToolPlatform, complaints

NAMES = ["divide", "recite", "wait", "world_time"]
PLUGINS = '[plugins]\nautoload = false\nenable = ["desk"]\n'


@pytest.fixture
def platform() -> Iterator[ToolPlatform]:
    with running(ToolPlatform(page_size=2)) as server:
        server.add_agent("agent_1")
        yield server


@pytest.fixture
def desk(tmp_path: Path, platform: ToolPlatform) -> Desk:
    desk = Desk(tmp_path)
    write_config(desk, platform)
    return desk


def write_config(desk: Desk, platform: ToolPlatform, tools: str = "", agent: str = "") -> None:
    desk.write(
        "config.toml",
        f'[agent]\nurl = "{platform.url}"\nid = "agent_1"\napi_key = {{ env = "KEY" }}\n{agent}\n'
        f"[tools]\n{tools}\n{PLUGINS}",
    )


def run(desk: Desk, *words: str, code: int = 0) -> str:
    """What a command below `tools` prints; it has nothing to warn of."""
    done = desk.run("tools", *words, "--config", "config.toml", KEY=KEY)
    assert (done.returncode, done.stderr) == (code, "desk_tools is imported\n"), done.stdout
    assert KEY not in done.stdout
    return done.stdout


def test_a_push_makes_and_attaches_what_is_missing_and_then_has_nothing_to_do(
    desk: Desk, platform: ToolPlatform
) -> None:
    assert run(desk, "check", code=1).count("the agent has no such tool") == 4
    assert run(desk, "push").splitlines() == [
        *(f"tool '{name}' (tool_0{number}): created and attached" for number, name in enumerate(NAMES, 1)),
        "agent_1: 4 tools changed",
    ]
    assert platform.agents["agent_1"]["tool_ids"] == ["tool_01", "tool_02", "tool_03", "tool_04"]
    assert len(platform.writes) == 5
    assert run(desk, "check") == "agent_1: no differences; 4 tools\n"
    assert run(desk, "push").endswith("agent_1: nothing to do; 4 tools\n")
    assert len(platform.writes) == 5


def test_a_dry_run_says_the_same_and_writes_nothing(desk: Desk, platform: ToolPlatform) -> None:
    assert run(desk, "push", "--dry-run").splitlines() == [
        *(f"tool '{name}': create and attach" for name in NAMES),
        "agent_1: 4 tools would be changed",
    ]
    assert platform.writes == []


def test_what_differs_is_changed_for_every_agent_that_has_it(desk: Desk, platform: ToolPlatform) -> None:
    run(desk, "push")
    platform.add_agent("agent_2", "tool_01")
    platform.add_agent("agent_3", "tool_01")
    platform.tools["tool_01"]["tool_config"].update(description="Old.", tool_call_sound="typing")
    platform.tools["tool_02"]["tool_config"].update(tool_error_handling_mode="auto")
    assert "tool 'recite': tool_error_handling_mode is \"auto\", which hides" in run(desk, "check", code=1)
    assert run(desk, "push").splitlines()[:3] == [
        "tool 'divide' (tool_01): changed: description (for agent_2, agent_3 too)",
        "tool 'recite' (tool_02): changed: tool_error_handling_mode",
        "tool 'wait' (tool_03): as it should be",
    ]
    assert platform.named("divide")[0]["description"] == "Divide one number by another."
    assert platform.named("divide")[0]["tool_call_sound"] == "typing"
    assert run(desk, "check") == "agent_1: no differences; 4 tools\n"


def test_a_tool_of_somebody_else_is_left_alone_until_it_is_adopted(
    desk: Desk, platform: ToolPlatform
) -> None:
    foreign = platform.add({"type": "client", "name": "divide", "description": "Share."}, is_mine=False)
    unrelated = platform.add({"type": "client", "name": "recite", "description": "Sing."}, is_mine=False)
    hook = platform.add({"type": "client", "name": "other", "description": "Another."}, is_mine=False)
    platform.add_agent("agent_1", hook, foreign)
    printed = run(desk, "push", code=1).splitlines()
    assert printed[0].startswith(
        f"tool 'divide' ({foreign}): left alone: Eve has made it, and it differs in "
    )
    assert printed[-1] == "agent_1: 3 tools changed, 1 tool left as they are"
    assert platform.named("divide")[0]["description"] == "Share."
    assert [one["description"] for one in platform.named("recite")] == ["Sing.", "Recite some words."]
    assert platform.agents["agent_1"]["tool_ids"][:2] == [hook, foreign]
    assert unrelated not in platform.agents["agent_1"]["tool_ids"]
    run(desk, "push", "--adopt")
    assert platform.named("divide")[0]["description"] == "Divide one number by another."
    assert "DELETE" not in platform.methods
    assert run(desk, "check", code=1) == (
        "tool 'other': the agent has it and nothing here is called so: its calls fail\n"
    )


def test_a_tool_that_the_platform_refuses_does_not_hold_up_the_others(
    desk: Desk, platform: ToolPlatform
) -> None:
    agent = Reply(200, {"conversation_config": {"agent": {"prompt": {"tool_ids": []}}}})
    listed = Reply(200, {"tools": [], "has_more": False})
    platform.replies_first = [agent, agent, *[listed] * 4, Reply(422, {"detail": "too much"})]
    printed = run(desk, "push", code=1).splitlines()
    assert printed[0] == "tool 'divide': the tool 'divide' was not made: the server answered 422 (too much)"
    assert printed[-1] == "agent_1: 3 tools changed, 1 tool left as they are"
    assert run(desk, "push").splitlines()[0] == "tool 'divide' (tool_04): created and attached"


def test_a_tool_that_was_made_though_no_answer_came_is_found_again(
    desk: Desk, platform: ToolPlatform
) -> None:
    made = json.loads(run(desk, "export"))[0]["tool_config"]
    platform.add(made)
    assert run(desk, "push").splitlines()[0] == "tool 'divide' (tool_01): attached"
    assert len(platform.named("divide")) == 1


def test_tools_in_the_agents_own_settings_are_not_pushed_away(desk: Desk, platform: ToolPlatform) -> None:
    platform.add_agent("agent_1", tools=[{"type": "client", "name": "old", "description": "Old."}])
    done = desk.run("tools", "push", "--config", "config.toml", KEY=KEY)
    assert done.returncode == 2
    assert "error: the agent 'agent_1' has tools in its own settings (old)" in done.stderr
    platform.add_agent("agent_1", tools=[{"type": "system", "name": "end_call"}])
    run(desk, "push")
    assert platform.writes[-1] == "PATCH /v1/convai/agents/agent_1"


def test_another_agent_can_be_named_and_the_branch_stays_with_its_own(
    desk: Desk, platform: ToolPlatform
) -> None:
    write_config(desk, platform, agent='branch_id = "br_1"')
    platform.add_agent("agent_2")
    run(desk, "push", "--agent", "agent_2")
    run(desk, "push")
    agents = [write for write in platform.writes if "/agents/" in write]
    assert agents == [
        "PATCH /v1/convai/agents/agent_2",
        "PATCH /v1/convai/agents/agent_1?branch_id=br_1",
    ]
    done = desk.run("tools", "check", "--config", "config.toml", "--agent", "nobody", KEY=KEY)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no agent 'nobody'" in done.stderr


def test_the_config_decides_what_is_declared(desk: Desk, platform: ToolPlatform) -> None:
    tools = 'enable = ["w*"]\ntimeout = 30\n[tools.wait]\nanswer = "never"'
    write_config(desk, platform, tools)
    run(desk, "push")
    (wait,), (time,) = platform.named("wait"), platform.named("world_time")
    assert (wait["expects_response"], time["expects_response"]) == (False, True)
    assert (wait["response_timeout_secs"], time["response_timeout_secs"]) == (20, 32)
    assert platform.named("divide") == []
    write_config(desk, platform, f'error_text = "result"\n{tools}')
    platform.named("world_time")[0]["tool_error_handling_mode"] = "auto"
    assert run(desk, "check") == "agent_1: no differences; 2 tools\n"


def test_everything_can_be_had_as_json(desk: Desk, platform: ToolPlatform) -> None:
    checked = json.loads(run(desk, "check", "--json", code=1))
    assert (checked["agent"], checked["ok"]) == ("agent_1", False)
    assert {(one["tool"], one["kind"]) for one in checked["differences"]} == {
        (name, "missing") for name in NAMES
    }
    pushed = json.loads(run(desk, "push", "--json"))
    assert (pushed["ok"], pushed["dry_run"]) == (True, False)
    assert pushed["tools"][0] == {
        "name": "divide",
        "action": "create",
        "id": "tool_01",
        "attach": True,
        "changed": [],
        "also_for": [],
        "why": None,
        "error": None,
    }
    assert json.loads(run(desk, "check", "--json")) == {"agent": "agent_1", "ok": True, "differences": []}


GOLDEN: dict[str, Any] = {
    "type": "client",
    "name": "divide",
    "description": "Divide one number by another.",
    "parameters": {
        "type": "object",
        "description": "",
        "properties": {
            "dividend": {"type": "integer", "description": "dividend"},
            "divisor": {"type": "integer", "description": "divisor"},
        },
        "required": ["dividend", "divisor"],
    },
    "expects_response": True,
    "response_timeout_secs": 20,
    "tool_error_handling_mode": "passthrough",
    "execution_mode": "immediate",
    "interruption_mode": "allow",
}


def test_the_export_is_what_the_platform_takes(desk: Desk) -> None:
    exported = json.loads(run(desk, "export"))
    assert exported[0] == {"tool_config": GOLDEN}
    assert [one["tool_config"]["name"] for one in exported] == NAMES
    assert [complaints(one) for one in exported] == [[]] * 4


def test_what_the_model_will_not_see_is_told_beside_the_export(desk: Desk, platform: ToolPlatform) -> None:
    desk.install(
        "bounded-tools",
        "bounded_tools",
        "from typing import Annotated\nfrom annotated_types import Le\nfrom agentframework import tool\n"
        '@tool\ndef pour(cups: Annotated[int, Le(3)]) -> None:\n    """Pour."""\n',
        "[agentframework.tools]\npour = bounded_tools:pour\n",
    )
    desk.write(
        "config.toml", '[agent]\nurl = "local"\n[plugins]\nautoload = false\nenable = ["bounded-tools"]\n'
    )
    done = desk.run("tools", "export", "--config", "config.toml")
    assert done.stderr == "warning: tool 'pour': cups: only the description says: at most 3\n"
    assert json.loads(done.stdout)[0]["tool_config"]["parameters"]["properties"]["cups"]["type"] == "integer"
    done = desk.run("tools", "export", "--config", "config.toml", "--json")
    assert done.stderr == ""
    assert json.loads(done.stdout)["losses"] == [
        {"tool": "pour", "place": "cups", "keyword": "maximum", "words": "at most 3", "kind": "described"}
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('[agent]\nurl = "local"\n', "agent.url: the platform's tools are not to be had there"),
        (
            '[agent]\nurl = "ws://127.0.0.1:1/x"\nid = "a"\n',
            "agent.url: the platform's tools are not to be had",
        ),
        ('[agent]\nid = "a"\n', "agent.api_key: is missing, and the platform's tools need it"),
    ],
)
@pytest.mark.parametrize("command", ["push", "check"])
def test_a_config_that_names_no_account_is_to_be_corrected(
    desk: Desk, command: str, config: str, said: str
) -> None:
    desk.write("config.toml", config + PLUGINS)
    done = desk.run("tools", command, "--config", "config.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_key_that_is_refused_is_said_and_nothing_is_written(desk: Desk, platform: ToolPlatform) -> None:
    done = desk.run("tools", "push", "--config", "config.toml", KEY="another-key-0123")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the API key was refused (invalid_api_key)" in done.stderr
    assert platform.writes == []


def test_with_on_drift_a_conversation_is_not_begun_with_other_tools(
    desk: Desk, platform: ToolPlatform
) -> None:
    write_config(desk, platform, 'on_drift = "error"', "requires_auth = true")
    done = desk.run("run", "config.toml", KEY=KEY)
    assert done.returncode == 2, done.stderr
    told = done.stderr.splitlines()
    first = told.index("error: the tools of the agent 'agent_1' differ from those hosted here:")
    assert [line.partition(":")[0] for line in told[first + 1 : first + 5]] == [
        f"- tool '{name}'" for name in NAMES
    ]
    assert "`agentframework tools push` brings them into line" in told[-1]
    assert [path for path, _ in platform.requests] == ["/v1/convai/agents/agent_1"]
    assert KEY not in done.stderr


def test_what_on_drift_needs_is_checked_with_the_config(desk: Desk) -> None:
    desk.write("config.toml", f'[agent]\nid = "a"\n[tools]\non_drift = "warn"\n{PLUGINS}')
    done = desk.run("check", "config.toml")
    assert done.returncode == 2
    assert "agent.api_key: is missing, and the platform's tools need it" in done.stdout


def test_options_before_a_command_are_not_lost_in_silence(desk: Desk) -> None:
    done = desk.run("tools", "--config", "config.toml", "export")
    assert done.returncode == 2
    assert "options stand behind export, not before it" in done.stderr

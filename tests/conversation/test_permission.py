"""The policy that a program gives its conversation."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from agent_stub import Peer, agent, eventually
from agentframework import Client, ClientTools, ConfigError, Conversation
from agentframework.approval import ApprovalRequest, Approver
from agentframework.tools.tool import Tool


class Asked(Approver):
    """Remembers what it was asked, and says yes."""

    def __init__(self) -> None:
        self.tools: list[str] = []

    def approve(self, request: ApprovalRequest) -> bool:
        """Yes."""
        self.tools.append(request.tool)
        return True


def _look(parameters: dict[str, Any]) -> str:
    return "seen"


def tools() -> ClientTools:
    """One tool of each kind."""
    registry = ClientTools()
    unlock = Tool("unlock", lambda: "open", risk="dangerous")
    registry.register(unlock)
    registry.register("look", _look, risk="read")
    return registry


def answers(**options: Any) -> dict[str, dict[str, Any]]:
    """What the agent is told of a call of each tool."""

    async def scenario(peer: Peer) -> dict[str, dict[str, Any]]:
        await peer.open()
        told = {}
        for name in ("unlock", "look"):
            await peer.call(name, name)
            told[name] = await peer.receive()
        return told

    with agent(scenario) as served:
        base = served.url.removesuffix("/v1/convai/conversation").replace("ws://", "http://")
        client = Client(base_url=base)
        conversation = Conversation(client, "agent", requires_auth=False, client_tools=tools(), **options)
        conversation.start_session()
        told: dict[str, dict[str, Any]] = served.wait()
        conversation.end_session()
        conversation.wait_for_session_end()
    return told


def test_a_dangerous_tool_is_denied_unless_the_program_says_otherwise() -> None:
    told = answers()
    assert (told["unlock"]["is_error"], told["look"]["result"]) == (True, "seen")
    assert answers(policy={"allow": [{"tool": "unlock"}]})["unlock"]["result"] == "open"


def test_the_approver_of_the_program_is_asked(tmp_path: Path) -> None:
    approver = Asked()
    said = {
        "ask": [{"risk": "dangerous"}],
        "deny": [{"tool": "look"}],
        "audit": str(tmp_path / "audit.jsonl"),
    }
    told = answers(policy=said, approver=approver)
    assert (told["unlock"]["result"], told["look"]["is_error"]) == ("open", True)
    assert approver.tools == ["unlock"]


def test_the_audit_log_of_the_program_has_a_line_for_each_call(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    answers(policy={"audit": str(log)})
    assert eventually(lambda: log.read_text().count("\n") == 2)
    assert [json.loads(line)["outcome"] for line in log.read_text().splitlines()] == ["denied", "ok"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"policy": {"alow": []}}, ConfigError, "policy.alow: unknown key"),
        (
            {"policy": {"deny": [{"tool": "look", "arguments": {"x": {"minimum": "a"}}}]}},
            ConfigError,
            "policy.deny",
        ),
        ({"policy": {"approver": "pager"}}, ValueError, "give the Approver itself"),
        ({"policy": "deny"}, TypeError, r"policy must be a mapping with the keys of \[policy\], not a str"),
        ({"approver": print}, TypeError, "approver must be an Approver"),
        ({"policy": {"audit": "/nowhere/at/all.jsonl"}}, OSError, "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_said_when_the_conversation_is_made(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Conversation(Client(), "agent", requires_auth=False, client_tools=tools(), **options)


def test_a_rule_for_a_tool_that_is_not_there_yet_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    said = {"deny": [{"tool": "lok"}]}
    Conversation(Client(), "agent", requires_auth=False, client_tools=tools(), policy=said)
    assert "no installed tool is called 'lok' (did you mean 'look'?)" in caplog.text

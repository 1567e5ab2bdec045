"""The ElevenLabs Python SDK, in an environment of its own, holds a conversation with the local agent."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

from agent_guest import House, in_house
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.events import AgentEventKind
from agentframework.protocol.inspection import RemarkKind

PROGRAM = Path(__file__).resolve().parent.parent / "clients" / "elevenlabs_sdk.py"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The name of the city"}},
    "required": ["city"],
}
WEATHER = ToolDeclaration("get_weather", "Tell the weather in a city.", CITY)
QUESTION = "what is the weather in Oslo?"
TEXT_ONLY_IN_THE_WRONG_PLACE = [RemarkKind.UNKNOWN_OVERRIDE]


async def told_by(python: Path, *arguments: str) -> list[dict[str, Any]]:
    """What the program told, in its order."""
    program = await asyncio.create_subprocess_exec(
        python, PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await program.communicate()
    assert program.returncode == 0, errors.decode()
    return [json.loads(line) for line in output.decode().splitlines()]


def of(told: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in told if line["event"] == event]


def test_the_sdk_holds_a_conversation_and_its_tool_is_called(clients_python: Path) -> None:
    word = secrets.token_hex(6)
    told: list[dict[str, Any]] = []

    async def scenario(house: House) -> None:
        base_url = house.agent.url.replace("ws:", "http:")
        told.extend(await told_by(clients_python, base_url, "get_weather", json.dumps(word), QUESTION))

    house = in_house(scenario, tools=[WEATHER], ping_interval=0.05, new_conversation_id=lambda: "conv_sdk1")
    [call] = of(told, "tool_called")
    assert call["parameters"]["city"] == "Oslo"
    assert word in of(told, "agent_response")[-1]["text"]
    assert of(told, "end") == [{"event": "end", "conversation_id": "conv_sdk1"}]
    assert [line["reason"] for line in of(told, "disconnect")] == ["user"]
    assert all(isinstance(line["ms"], int) for line in of(told, "latency"))
    assert house.remarks() == TEXT_ONLY_IN_THE_WRONG_PLACE
    assert house.texts(AgentEventKind.REFUSED) == []
    assert house.texts(AgentEventKind.CLOSED) == ["closed by the client with 1000"]


def test_a_result_that_is_no_text_ends_the_conversation_as_on_the_platform(clients_python: Path) -> None:
    """The SDK sends what a tool returns as raw JSON; the platform takes text alone (protocol 2.4)."""
    told: list[dict[str, Any]] = []

    async def scenario(house: House) -> None:
        base_url = house.agent.url.replace("ws:", "http:")
        told.extend(await told_by(clients_python, base_url, "get_weather", '{"degrees": 3}', QUESTION))

    house = in_house(scenario, tools=[WEATHER])
    [disconnect] = of(told, "disconnect")
    assert (disconnect["code"], disconnect["text"]) == (1008, "Invalid message received")
    assert house.texts(AgentEventKind.REFUSED) == [
        "client_tool_result.result: expected a text, got an object"
    ]

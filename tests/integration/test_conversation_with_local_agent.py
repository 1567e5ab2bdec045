"""Programs written for the SDK hold conversations with the local agent, as strict as the platform."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agentframework import Client, ClientTools, Conversation, ConversationInitiationData, DisconnectionDetails
from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.server import LocalAgent
from agentframework.loopthread import LoopThread

PATIENCE = 10


@pytest.fixture
def base_url() -> Iterator[str]:
    """Where a strict local agent listens, which can tell the weather if the client can."""
    thread = LoopThread("test-local-agent")
    mailbox = thread.acquire()
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    declared = ToolDeclaration("get_weather", "Tell the weather in a city.", parameters)
    agent = LocalAgent([declared], strict=True)
    asyncio.run_coroutine_threadsafe(agent.start(), mailbox.loop).result(PATIENCE)
    yield agent.url.replace("ws:", "http:")
    asyncio.run_coroutine_threadsafe(agent.stop(), mailbox.loop).result(PATIENCE)
    thread.join()


class Heard:
    """What the agent has said, for a test to wait for."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._changed:
            self.said.append(text)
            self._changed.notify_all()

    def wait_for(self, word: str) -> str:
        with self._changed:
            found = self._changed.wait_for(lambda: any(word in text for text in self.said), PATIENCE)
        assert found, self.said
        return next(text for text in self.said if word in text)


def test_the_minimal_program(base_url: str) -> None:
    heard = Heard()
    conversation = Conversation(
        Client(base_url=base_url), "agent_1", requires_auth=False, callback_agent_response=heard
    )
    conversation.start_session()
    heard.wait_for("local agent")
    conversation.end_session()
    conversation_id = conversation.wait_for_session_end()
    assert conversation_id
    assert conversation_id.startswith("conv_")


def test_the_program_with_callbacks_tools_and_dynamic_variables(base_url: str) -> None:
    heard, word = Heard(), secrets.token_hex(6)
    calls: list[dict[str, Any]] = []
    parts: list[tuple[str, str]] = []
    ends: list[DisconnectionDetails] = []
    tools = ClientTools()

    def get_weather(parameters: dict[str, Any]) -> dict[str, str]:
        calls.append(parameters)
        return {"weather": word}

    tools.register("get_weather", get_weather)
    conversation = Conversation(
        Client(base_url=base_url),
        "agent_1",
        user_id="user_1",
        requires_auth=False,
        config=ConversationInitiationData(dynamic_variables={"user_name": "Ann", "visits": 3}),
        client_tools=tools,
        callback_agent_response=heard,
        callback_agent_chat_response_part=lambda text, kind: parts.append((str(kind), text)),
        callback_latency_measurement=lambda latency_ms: None,
        callback_disconnect=ends.append,
    )
    conversation.start_session()
    conversation.send_user_message("what is the weather in Oslo?")
    heard.wait_for(word)
    conversation.send_user_message("bye")
    assert conversation.wait_for_session_end()
    assert [call["city"] for call in calls] == ["Oslo"]
    assert calls[0]["tool_call_id"]
    assert {kind for kind, _ in parts} == {"start", "delta", "stop"}
    assert [(end.reason, end.close_code) for end in ends] == [("agent", 1000)]

"""A bare WebSocket client for tests of the local agent: it sends what a test says and reads what comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from agentframework.localagent.events import AgentEvent, AgentEventKind
from agentframework.localagent.script import parse_script
from agentframework.localagent.server import CONVERSATION_PATH, LocalAgent
from agentframework.protocol.inspection import RemarkKind

__all__ = ["Guest", "House", "in_house"]

PATIENCE = 10.0
TEXT_ONLY = {"conversation_config_override": {"conversation": {"text_only": True}}}


class House:
    """A running local agent, and everything that it has reported."""

    def __init__(self, **options: Any) -> None:
        self.events: list[AgentEvent] = []
        self._changed = asyncio.Event()
        script = options.pop("script", None)
        self.agent = LocalAgent(
            options.pop("tools", ()),
            script=parse_script(script) if isinstance(script, str) else script,
            on_event=self._on_event,
            **{"ping_interval": 0, **options},
        )

    def _on_event(self, event: AgentEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def remarks(self) -> list[RemarkKind]:
        """The kinds of all remarks, in their order."""
        return [event.remark for event in self.events if event.remark is not None]

    def texts(self, kind: AgentEventKind) -> list[str]:
        """What was said in the events of that kind."""
        return [event.text for event in self.events if event.kind is kind]

    async def event(self, kind: AgentEventKind) -> str:
        """The text of the first event of that kind, waited for."""
        async with asyncio.timeout(PATIENCE):
            while not self.texts(kind):
                self._changed.clear()
                await self._changed.wait()
        return self.texts(kind)[0]

    async def connect(self, *, path: str = f"{CONVERSATION_PATH}?agent_id=agent_1", **options: Any) -> Guest:
        """A guest at the door; nothing is sent yet."""
        options.setdefault("compression", None)
        return Guest(await connect(self.agent.url + path, **options))

    async def talk(self, **fields: Any) -> Guest:
        """A guest whose text-only conversation has begun and who has heard the greeting."""
        guest = await self.connect()
        await guest.open(**{**TEXT_ONLY, **fields})
        await guest.hear()
        return guest


class Guest:
    """One client's end of a conversation."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @property
    def subprotocol(self) -> Subprotocol | None:
        return self.connection.subprotocol

    async def send(self, message: dict[str, Any] | str | bytes) -> None:
        """Send a message, or any text or bytes."""
        await self.connection.send(json.dumps(message) if isinstance(message, dict) else message)

    async def open(self, **fields: Any) -> str:
        """Introduce oneself, and give the conversation id of the metadata."""
        await self.send({"type": "conversation_initiation_client_data", **fields})
        metadata = await self.receive()
        assert metadata["type"] == "conversation_initiation_metadata"
        conversation_id: str = metadata["conversation_initiation_metadata_event"]["conversation_id"]
        return conversation_id

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(await self.raw())
        return message

    async def raw(self) -> str | bytes:
        """The next frame."""
        async with asyncio.timeout(PATIENCE):
            return await self.connection.recv()

    async def until(self, message_type: str) -> dict[str, Any]:
        """The next message of that type; those before it are passed over."""
        while True:
            message = await self.receive()
            if message["type"] == message_type:
                return message

    async def hear(self) -> str:
        """What the agent says next."""
        said = await self.until("agent_response")
        text: str = said["agent_response_event"]["agent_response"]
        return text

    async def call(self) -> dict[str, Any]:
        """The next call of a tool."""
        message = await self.until("client_tool_call")
        call: dict[str, Any] = message["client_tool_call"]
        return call

    async def say(self, text: str) -> None:
        """Type something."""
        await self.send({"type": "user_message", "text": text})

    async def answer(self, tool_call_id: str, result: object, *, is_error: bool = False) -> None:
        """Answer a call."""
        await self.send(
            {
                "type": "client_tool_result",
                "tool_call_id": tool_call_id,
                "result": result,
                "is_error": is_error,
            }
        )

    async def rest(self) -> list[dict[str, Any]]:
        """Everything up to the end."""
        messages = []
        try:
            while True:
                messages.append(await self.receive())
        except ConnectionClosed:
            return messages

    async def closed(self) -> tuple[int, str]:
        """Read to the end; code and reason of the close."""
        await self.rest()
        return self.connection.close_code or 0, self.connection.close_reason or ""

    async def leave(self) -> None:
        """Close with 1000; what is still on its way is read, or the close would wait behind it."""
        await asyncio.gather(self.connection.close(), self.rest())


def in_house(scenario: Callable[[House], Awaitable[None]], **options: Any) -> House:
    """Run `scenario` with a running local agent; afterwards no conversation and no task of it may be left."""
    house: list[House] = []

    async def main() -> None:
        house.append(House(**options))
        async with house[0].agent:
            await asyncio.wait_for(scenario(house[0]), 2 * PATIENCE)
        assert house[0].agent.conversations == 0
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, left

    asyncio.run(main())
    return house[0]

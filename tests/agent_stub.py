"""An agent's side for tests: a real WebSocket server that does what a coroutine says, frame by frame."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agentframework.callbacks import Callbacks, DisconnectionDetails, Event
from agentframework.session.session import OwnedHandler, Session
from agentframework.session.settings import SessionSettings
from agentframework.tools.registry import ToolRegistry
from agentframework.transports.websocket import open_websocket

PATIENCE = 10.0


class Peer:
    """The agent's end of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection

    async def send(self, message: dict[str, Any] | str) -> None:
        """Send a message, or a text that may be no message at all."""
        await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """The next message of the client."""
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE))
        return message

    async def open(self, conversation_id: str = "conv_1", **formats: str) -> dict[str, Any]:
        """Take the client's opening and accept it; the opening."""
        opening = await self.receive()
        event = {"conversation_id": conversation_id, **formats}
        await self.send(
            {
                "type": "conversation_initiation_metadata",
                "conversation_initiation_metadata_event": event,
            }
        )
        return opening

    async def call(self, name: str, call_id: str, parameters: Any = None, **fields: Any) -> None:
        """Call a tool."""
        call = {"tool_name": name, "tool_call_id": call_id, "parameters": parameters or {}, "event_id": 1}
        call["expects_response"] = True
        await self.send({"type": "client_tool_call", "client_tool_call": {**call, **fields}})

    async def ping(self, event_id: int) -> None:
        """Send a ping."""
        await self.send({"type": "ping", "ping_event": {"event_id": event_id, "ping_ms": 5}})

    async def say(self, text: str) -> None:
        """Send an answer."""
        await self.send(
            {"type": "agent_response", "agent_response_event": {"agent_response": text, "event_id": 1}}
        )

    async def until_closed(self) -> list[dict[str, Any]]:
        """What the client still sends until it closes."""
        rest = []
        try:
            while True:
                rest.append(await self.receive())
        except ConnectionClosed:
            return rest


Scenario = Callable[[Peer], Awaitable[object]]


@dataclass
class Agent:
    """A running server; `wait` gives what the scenario returned, or raises what it raised."""

    url: str
    _results: list[Any] = field(default_factory=list)
    _done: threading.Condition = field(default_factory=threading.Condition)
    close_code: int | None = None

    def wait(self, connections: int = 1) -> Any:
        """The outcome of the last scenario, once so many connections are over."""
        with self._done:
            over = self._done.wait_for(lambda: len(self._results) >= connections, PATIENCE)
        assert over, "the scenario did not come to its end"
        result = self._results[-1]
        if isinstance(result, BaseException):
            raise result
        return result

    def forget(self) -> None:
        """Let `wait` wait for the connections that come from now on."""
        with self._done:
            self._results.clear()


@contextmanager
def agent(scenario: Scenario) -> Iterator[Agent]:
    """A server whose every connection runs `scenario`."""
    started: list[Agent] = []
    ready = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    stop = asyncio.Event()

    async def handle(connection: ServerConnection) -> None:
        result: Any
        try:
            result = await scenario(Peer(connection))
        except Exception as error:  # noqa: BLE001 - the test shall see it
            result = error
        await connection.close()
        started[0].close_code = connection.close_code
        with started[0]._done:
            started[0]._results.append(result)
            started[0]._done.notify_all()

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        async with serve(handle, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            started.append(Agent(f"ws://127.0.0.1:{port}/v1/convai/conversation"))
            ready.set()
            await stop.wait()

    # `run` also ends the handshake of a client that comes while the server closes
    thread = threading.Thread(target=lambda: asyncio.run(main()), name="test-agent", daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield started[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


async def still_there(peer: Peer, event_id: int) -> None:
    """The conversation lives: its pong comes."""
    await peer.ping(event_id)
    while (await peer.receive()) != {"type": "pong", "event_id": event_id}:
        pass


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition()` is true, on the agent's side."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what it waits for happens in other threads
            await asyncio.sleep(0.005)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether `condition()` comes true within a while; for what no event tells of, such as a line in the log."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


class Recorder(Callbacks):
    """Keeps every event, and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def on_event(self, event: Event) -> None:
        """Keep it."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: str) -> list[Any]:
        """The events of a type, so far."""
        return [event for event in self.events if event.type == kind]

    def wait_for(self, kind: str, count: int = 1) -> list[Any]:
        """At least `count` events of a type."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count, PATIENCE), f"no {kind}"
        return self.of(kind)


def make_session(
    url: str,
    *tools: Any,
    handlers: tuple[Callbacks, ...] = (),
    settings: SessionSettings | None = None,
    **options: Any,
) -> Session:
    """A session with these tools, to that address."""
    registry = ToolRegistry()
    for one in tools:
        registry.add(one, owner="the test")
    return Session(
        lambda: open_websocket(url),
        tools=registry,
        handlers=[OwnedHandler(f"handler {number}", handler) for number, handler in enumerate(handlers)],
        settings=settings,
        **options,
    )


def start(session: Session) -> str:
    """Start it; the conversation's id."""
    return session.start().result(PATIENCE)


def finish(session: Session) -> DisconnectionDetails:
    """End it, and how it ended."""
    session.end()
    return session.ended.result(PATIENCE)


def converse(
    scenario: Callable[[Peer], Awaitable[Any]],
    *tools: Any,
    settings: SessionSettings | None = None,
    **options: Any,
) -> Any:
    """What `scenario` returns after the opening, in a conversation with these tools."""

    async def whole(peer: Peer) -> Any:
        await peer.open()
        return await scenario(peer)

    with agent(whole) as served:
        session = make_session(served.url, *tools, settings=settings, **options)
        start(session)
        try:
            return served.wait()
        finally:
            finish(session)

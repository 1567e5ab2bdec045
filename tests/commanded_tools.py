"""Tools whose fate the test commands, call by call, and an agent's side that a plain function can lead."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from websockets.exceptions import ConnectionClosed

from agent_stub import PATIENCE, Peer, Recorder
from agentframework.callbacks import ToolAnswered
from agentframework.errors import ToolError
from agentframework.tools.context import ToolContext


def _fail(error: BaseException) -> Any:
    raise error


WAYS: dict[str, tuple[str, Callable[[str], object]]] = {
    "result": ("ok", lambda key: f"result of {key}"),
    "nothing": ("ok", lambda key: None),
    "tool error": ("tool error", lambda key: _fail(ToolError(f"trouble with {key}"))),
    "exception": ("exception", lambda key: _fail(ValueError("a secret"))),
    "exit": ("exception", lambda key: _fail(SystemExit(3))),
    "cancelled": ("cancelled", lambda key: _fail(asyncio.CancelledError())),
    "unencodable": ("unencodable result", lambda key: threading.Lock()),
}
"""The ways to end that a call's code can take: the outcome, and what it does then."""


class Fate:
    """What becomes of one call: `begun` once its code runs, which goes on as it is commanded.

    `stopped` once its coroutine was cancelled; `context` is what the call was told, if it has begun.
    """

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.stopped = threading.Event()
        self.context: ToolContext | None = None
        self.command: Future[str] = Future()


class _Later:
    """Begins when it is awaited; unlike a coroutine it may be left alone, as where the session has ended before."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, object]:
        return self._begin().__await__()


class Commanded:
    """Tools that are called with a `key`, run until somebody commands the fate under it, and then follow."""

    def __init__(self) -> None:
        self._fates: dict[str, Fate] = {}

    def fate(self, key: str) -> Fate:
        """That of a call, which may not have come yet; from any thread."""
        return self._fates.setdefault(key, Fate())

    def plain(self, key: str, context: ToolContext) -> object:
        """Runs on a thread."""
        fate = self.fate(key)
        fate.context = context
        fate.begun.set()
        return WAYS[fate.command.result(PATIENCE * 2)][1](key)

    async def coroutine(self, key: str, context: ToolContext) -> object:
        """Runs on a loop, where it can be cancelled."""
        fate = self.fate(key)
        fate.context = context
        fate.begun.set()
        try:
            way = await asyncio.shield(asyncio.wrap_future(fate.command))
        except asyncio.CancelledError:
            fate.stopped.set()
            raise
        return WAYS[way][1](key)

    def lazy(self, key: str, context: ToolContext) -> object:
        """A plain function that returns something to await."""
        return _Later(partial(self.coroutine, key, context))

    def end_all(self) -> None:
        """Let all that still runs return."""
        for fate in list(self._fates.values()):
            if not fate.command.done():
                fate.command.set_result("result")


class LedAgent:
    """An agent's side for `agent_stub.agent`, led from any thread; `scenario` takes its connections."""

    def __init__(self) -> None:
        self.frames: list[list[dict[str, Any]]] = []
        self._peers: list[Peer] = []
        self._over: list[bool] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = threading.Condition()
        self._pings = 0

    async def scenario(self, peer: Peer) -> None:
        """Accept the conversation and keep what comes."""
        self._loop = asyncio.get_running_loop()
        await peer.open(f"conv_{len(self._peers) + 1}")
        frames: list[dict[str, Any]] = []
        with self._changed:
            number = len(self._peers)
            self._peers.append(peer)
            self.frames.append(frames)
            self._over.append(False)
            self._changed.notify_all()
        try:
            async for frame in peer.connection:
                with self._changed:
                    frames.append(json.loads(frame))
                    self._changed.notify_all()
        except ConnectionClosed:
            pass  # how it ended is not asked here
        with self._changed:
            self._over[number] = True
            self._changed.notify_all()

    def lead(self, action: Callable[[Peer], Awaitable[object]]) -> None:
        """Have the newest connection do something."""
        assert self._loop is not None

        async def act() -> None:
            await action(self._peers[-1])

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(PATIENCE)

    def break_off(self) -> None:
        """Be gone, without a word."""

        async def abort(peer: Peer) -> None:
            peer.connection.transport.abort()

        self.lead(abort)

    def catch_up(self) -> None:
        """Wait until the client has read all that was sent, for it answers a ping after that, or until it is gone."""
        self._pings += 1
        number = self._pings
        with suppress(ConnectionClosed):
            self.lead(lambda peer: peer.ping(number))
        pong = {"type": "pong", "event_id": number}
        self.wait(lambda: self._over[-1] or pong in self.frames[-1], "pong")

    def wait_for_connection(self, count: int) -> None:
        """Wait for so many connections, from the first on."""
        self.wait(lambda: len(self._peers) >= count, "connection")

    def wait_for_close(self) -> None:
        """Wait until all connections are over, and with them all that came by them."""
        self.wait(lambda: all(self._over), "close")

    def answers(self, connection: int) -> list[dict[str, Any]]:
        """The results of tools that came by a connection."""
        return [frame for frame in self.frames[connection] if frame["type"] == "client_tool_result"]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that has to do with connections and frames."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"no {what}"


class AnswerRecorder(Recorder):
    """Waits for the end of a call by its id."""

    def answered(self, call_id: str) -> list[ToolAnswered]:
        """The ends of a call: never more than one."""
        return [event for event in self.of("tool_answered") if event.call_id == call_id]

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the events so far make a condition true."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), f"no {what}"

    def wait_for_answer(self, call_id: str) -> ToolAnswered:
        """The end of a call."""
        self.wait_until(lambda: bool(self.answered(call_id)), f"end of {call_id}")
        return self.answered(call_id)[0]

    def has_late(self, call_id: str) -> bool:
        """Whether something came of a call after it was answered."""
        return any(event.call_id == call_id for event in self.of("tool_finished_late"))

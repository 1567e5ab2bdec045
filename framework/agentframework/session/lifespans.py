"""The resources that a session's tools need: opened for the first call that needs them, closed with the session."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import secrets
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentframework.session.keeper import Keeper, NotOpenedError, TaskKeeper, ThreadKeeper
from agentframework.session.worlds import UserLoop
from agentframework.tools.context import ToolContext
from agentframework.tools.resource import LifespanContext, Resource
from agentframework.tools.tool import Tool

__all__ = ["Lifespans", "SharedLifespans"]

_log = logging.getLogger("agentframework.resources")
_PATIENCE = 0.5

AnyTool = Tool[..., Any]
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Shared:
    """A resource of the process, and the sessions that have used it."""

    keeper: Keeper
    owner: str
    settings: object
    loop: AbstractEventLoop | None
    users: set[object] = field(default_factory=set)

    def serves(self, tool: AnyTool, resource: Resource[Any], loop: AbstractEventLoop | None) -> bool:
        """Whether it is what this tool asks for: the same lifespan, of the same owner, settings and loop."""
        return (
            self.keeper.is_usable
            and self.loop is loop
            and (self.owner, self.keeper.resource) == (tool.owner, resource)
            and self.settings == tool.settings
        )


class SharedLifespans:
    """The resources that the sessions of a process share: one each for an owner, its settings and a loop.

    A plain lifespan belongs to no loop, and there is one for all. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Shared] = []

    def acquire(
        self,
        tool: AnyTool,
        resource: Resource[Any],
        user: object,
        loop: AbstractEventLoop | None,
        make: Callable[[], Keeper],
    ) -> Keeper:
        """What is open, or about to be, for such a tool; `make` opens it where nothing is."""
        with self._lock:
            for entry in self._entries:
                if entry.serves(tool, resource, loop):
                    break
            else:
                entry = _Shared(make(), tool.owner, tool.settings, loop)
                self._entries.append(entry)
            entry.users.add(user)
            return entry.keeper

    def release(self, user: object) -> list[Keeper]:
        """A session needs nothing any more; what no other one needs either, for the caller to close."""
        with self._lock:
            unused = []
            for entry in self._entries:
                entry.users.discard(user)
                if not entry.users:
                    unused.append(entry)
            self._entries = [entry for entry in self._entries if entry.users]
        return [entry.keeper for entry in unused]

    def forget(self) -> None:
        """After a fork, in the child: loops and threads are not there."""
        self._lock = threading.Lock()
        self._entries = []


_SHARED = SharedLifespans()


class Lifespans:
    """The resources of one session, by owner and lifespan; kept while its connection is made anew.

    Opening is single-flight: calls that need what is being opened wait for it, each until its own deadline. What
    failed, or is not alive any more, is opened anew for the next call that needs it.
    """

    def __init__(
        self,
        session_id: str,
        user: UserLoop,
        variables: contextvars.Context,
        shared: SharedLifespans = _SHARED,
    ) -> None:
        self._session_id = session_id
        self._user = user
        self._variables = variables
        self._shared = shared
        self._keepers: dict[tuple[str, Resource[Any]], Keeper] = {}
        self._retired: dict[Keeper, None] = {}
        self._uses: set[ToolContext] = set()
        self._is_closed = False
        self._unused: asyncio.Event | None = None

    def are_open(self, tool: AnyTool) -> bool:
        """Whether all that a tool needs can be used now. In the tool's world, because it asks `is_alive`."""
        return not tool.resources or all(
            self._is_open(self._keepers.get((tool.owner, one))) for one in tool.resources
        )

    async def open(self, tool: AnyTool) -> None:
        """Wait until all that a tool needs is open. On the wire; who is cancelled only waits no more.

        Raises `NotOpenedError`, and a `ToolError` that a lifespan has raised.
        """
        keepers = [self._keeper(tool, resource) for resource in tool.resources]
        try:
            await _all_done([keeper.opened for keeper in keepers])
        except asyncio.CancelledError:
            for keeper in keepers:
                if not keeper.opened.done():
                    _log.warning("tool %s: %s is still not open", tool.name, keeper.name)
            raise
        for keeper in keepers:
            keeper.opened.result()

    def value(self, context: ToolContext, resource: Resource[T]) -> T:
        """What is open for a call, which uses it from now on. From any thread.

        Raises LookupError for what the call's tool has not asked for.
        """
        keeper = self._keepers.get((context.owner, resource))
        if keeper is None or not keeper.opened.done() or self._is_closed:
            raise LookupError(f"{resource.name} is not open for {context.tool_name}")
        self._uses.add(context)
        value: T = keeper.opened.result()
        return value

    def let_go(self, context: ToolContext) -> None:
        """A call uses nothing any more. On the wire."""
        self._uses.discard(context)
        if self._unused is not None and not self._uses:
            self._unused.set()

    async def close(self, timeout: float) -> None:
        """Close what was opened, the last first, each in its share of `timeout` seconds. On the wire; raises nothing.

        Calls that use it have a moment to come to their end before that.
        """
        until = asyncio.get_running_loop().time() + timeout
        self._is_closed = True
        if self._keepers:
            await self._wait_for_calls(min(_PATIENCE, timeout / 2))
        own = [keeper for (_, one), keeper in self._keepers.items() if one.scope == "session"]
        closing = [*reversed(own), *self._retired, *reversed(self._shared.release(self))]
        for number, keeper in enumerate(closing):
            keeper.close()
            left = max(until - asyncio.get_running_loop().time(), 0) / (len(closing) - number)
            if not await _all_done([keeper.closed], timeout=left):
                _log.error("%s is not closed after %.1f s and is given up", keeper.name, left)
                keeper.abandon()

    def _is_open(self, keeper: Keeper | None) -> bool:
        if keeper is None or not keeper.is_open:
            return False
        is_alive = keeper.resource.is_alive
        try:
            if is_alive is None or is_alive(keeper.opened.result()):
                return True
        except Exception:  # noqa: BLE001 - the author's code; what it cannot tell is not taken for alive
            _log.exception("%s cannot be asked whether it is alive", keeper.name)
        _log.warning("%s is not alive any more and is opened anew", keeper.name)
        self._retired[keeper] = None
        keeper.closed.add_done_callback(lambda _: self._retired.pop(keeper, None))
        keeper.close()
        return False

    def _keeper(self, tool: AnyTool, resource: Resource[Any]) -> Keeper:
        key = (tool.owner, resource)
        keeper = self._keepers.get(key)
        if keeper is not None and keeper.is_usable:
            return keeper
        try:
            keeper = self._new_keeper(tool, resource)
        except RuntimeError as error:
            problem = NotOpenedError(secrets.token_hex(4))
            owner, error_id = tool.owner or "the program", problem.error_id
            _log.error("%s of %s could not be opened (id %s): %s", resource.name, owner, error_id, error)
            raise problem from error
        # last in the order of opening, also where it takes the place of one that has failed
        self._keepers.pop(key, None)
        self._keepers[key] = keeper
        return keeper

    def _new_keeper(self, tool: AnyTool, resource: Resource[Any]) -> Keeper:
        if self._is_closed:
            raise RuntimeError("the session has ended")
        if resource.scope == "session":
            return self._opening(tool, resource)
        loop = self._user.mailbox().loop if resource.is_async else None
        return self._shared.acquire(tool, resource, self, loop, lambda: self._opening(tool, resource))

    def _opening(self, tool: AnyTool, resource: Resource[Any]) -> Keeper:
        session_id = self._session_id if resource.scope == "session" else ""
        context = LifespanContext(tool.owner, tool.settings, session_id)
        keeper = (
            TaskKeeper(resource, context, self._user.mailbox(), self._variables)
            if resource.is_async
            else ThreadKeeper(resource, context, self._variables)
        )
        asyncio.get_running_loop().call_later(resource.timeout, keeper.time_out)
        keeper.open()
        return keeper

    async def _wait_for_calls(self, timeout: float) -> None:
        self._unused = asyncio.Event()
        if self._uses:
            try:
                await asyncio.wait_for(self._unused.wait(), timeout)
            except TimeoutError:
                _log.warning("resources are closed while %d calls still use some", len(self._uses))


async def _all_done(futures: Sequence[Future[Any]], *, timeout: float | None = None) -> bool:
    """Whether all are done within `timeout` seconds; nothing is left behind where they are not."""
    loop = asyncio.get_running_loop()
    for future in futures:
        done = asyncio.Event()

        def tell(_: Future[Any], done: asyncio.Event = done) -> None:
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:  # nobody waits on that loop any more
                _log.debug("a resource is done after the end of the loop that waited for it")

        future.add_done_callback(tell)
        try:
            await asyncio.wait_for(done.wait(), timeout)
        except TimeoutError:
            return False
    return True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SHARED.forget)

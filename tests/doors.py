"""The two doors, `Conversation` and `AsyncConversation`, with one handle, so that one test holds for both."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from agent_stub import PATIENCE
from agentframework import AsyncConversation, Client, Conversation

__all__ = ["DOORS", "Door", "a_door", "base_of", "running_loop"]

T = TypeVar("T")
DOORS = ("sync", "async")


class Door:
    """A conversation by either door, used from a thread that runs no loop."""

    def __init__(self, kind: str, loop: asyncio.AbstractEventLoop) -> None:
        self.kind = kind
        self.loop = loop
        self.is_async = kind == "async"
        self.conversation: Any = None

    def make(self, url: str, **options: Any) -> Any:
        """A conversation with the agent at that WebSocket address."""
        options.setdefault("requires_auth", False)
        options.setdefault("client", Client(None, base_of(url)))
        door: Any = AsyncConversation if self.is_async else Conversation
        self.conversation = door(options.pop("client"), "agent_1", **options)
        return self.conversation

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the conversation: awaited on the loop, or as it is."""
        function = getattr(self.conversation, method)
        if not self.is_async:
            return function(*args, **options)

        async def awaited() -> Any:
            return await function(*args, **options)

        return self.run(awaited())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def function(self, plain: Callable[..., T]) -> Callable[..., Any]:
        """A callback or handler as programs for this door write it: a coroutine function for the async one."""
        if not self.is_async:
            return plain

        @functools.wraps(plain)
        async def coroutine(*args: Any) -> T:
            return plain(*args)

        return coroutine

    def start(self) -> None:
        self.call("start_session")

    def end(self) -> None:
        """End it from the thread that this is called on, a loop's among them."""
        self.conversation.end_session()

    def wait(self) -> str | None:
        ended: str | None = self.call("wait_for_session_end")
        return ended


@contextmanager
def running_loop(name: str = "the-programs-loop") -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs on a thread of that name."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=PATIENCE))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def a_door(kind: str) -> Iterator[Door]:
    """A door of that kind, whose conversation, if there is one, is ended at last."""
    with running_loop() as loop:
        door = Door(kind, loop)
        try:
            yield door
        finally:
            if door.conversation is not None and door.conversation._session is not None:
                door.end()
                door.wait()


def base_of(url: str) -> str:
    """The REST address of the agent whose WebSocket address this is."""
    return url.replace("ws:", "http:").split("/v1/")[0]

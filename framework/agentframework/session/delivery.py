"""Bringing events to one handler: in order, alone, fenced, and never on the wire."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from agentframework.callbacks import LOSSY_EVENTS, Callbacks, Event, method_name
from agentframework.session.worlds import UserLoop
from agentframework.workers.lane import Lane
from agentframework.workers.threads import ThreadPool

__all__ = ["Delivery"]

_log = logging.getLogger("agentframework.handlers")
_BEHIND = 1_000
_MUTED = 10_000
_LOOK_AT_LOOP = 1.0
_RESUME = 0.1

Method = Callable[[Any], Awaitable[None] | None]


class Delivery:
    """One `Callbacks` object with its own queue.

    Its plain methods run on threads of `pool`, its `async def` methods on the user's loop; either way one after
    another. `put` and `finish` are called on the wire and never block.
    """

    def __init__(self, callbacks: Callbacks, owner: str, pool: ThreadPool, user: UserLoop) -> None:
        self.owner = owner
        self.dropped = 0
        self._callbacks = callbacks
        self._methods: dict[type[Event], tuple[Method, ...]] = {}
        self._lane = Lane(pool)
        self._user = user
        self._context = contextvars.copy_context()
        self.is_async = _has_coroutine(callbacks)
        self._pool = pool
        self._lock = threading.Lock()
        self._queue: deque[Callable[[], None] | tuple[Method, Event]] = deque()
        self._draining = False
        self._muted = False
        self._complained: set[str] = set()

    @property
    def waiting(self) -> int:
        """How many events this handler is behind."""
        return len(self._queue) if self.is_async else self._lane.waiting

    def wants(self, name: str) -> bool:
        """Whether a method is there for events of this name, such as `on_tool_called`."""
        return bool(self._wanting(name))

    def put(self, event: Event) -> None:
        """Queue the event for the methods that want it; lossy ones are dropped from a handler that is behind."""
        kind = type(event)
        methods = self._methods.get(kind)
        if methods is None:
            methods = self._methods[kind] = self._wanting(method_name(event))
        if not methods or self._muted or not self._has_room(event):
            return
        for method in methods:
            self._enqueue(method, event)

    def finish(self, done: Callable[[], None]) -> None:
        """Call `done`, on a thread of the workers or the user's, when all that was put before has been handled."""
        if not self.is_async:
            self._lane.put(done)
            return
        self._append(done)

    def _wanting(self, name: str) -> tuple[Method, ...]:
        kind = type(self._callbacks)
        return tuple(
            getattr(self._callbacks, wanted)
            for wanted in ("on_event", name)
            if getattr(kind, wanted, None) is not getattr(Callbacks, wanted, None)
        )

    def _has_room(self, event: Event) -> bool:
        waiting = self.waiting
        if waiting < _BEHIND:
            return True
        if waiting >= _MUTED:
            self._muted = True
            _log.error("%s is %d events behind and gets no more in this conversation", self.owner, waiting)
        elif event.type not in LOSSY_EVENTS:
            return True
        elif not self.dropped:
            _log.warning("%s is %d events behind and loses audio and VAD events", self.owner, waiting)
        self.dropped += 1
        return False

    def _enqueue(self, method: Method, event: Event) -> None:
        if not self.is_async:
            self._lane.put(partial(self._context.copy().run, self._call, method, event))
            return
        self._append((method, event))

    def _call(self, method: Method, event: Event) -> None:
        try:
            result = method(event)
            if inspect.isawaitable(result):
                self._wait_for(result, self._user.mailbox().loop)
        except BaseException as error:  # noqa: BLE001 - a handler's fault, whatever it is, stays its own
            self._complain(method, error)

    def _wait_for(self, pending: Awaitable[None], loop: asyncio.AbstractEventLoop) -> None:
        """Until the user's loop has awaited it, so that what comes next comes after it; not beyond the loop's end."""
        awaited = asyncio.run_coroutine_threadsafe(_await(pending), loop)
        while not loop.is_closed():
            done, _ = concurrent.futures.wait([awaited], timeout=_LOOK_AT_LOOP)
            if done:
                awaited.result()
                return
        raise RuntimeError("the loop that its coroutine ran on is closed")

    def _append(self, item: Callable[[], None] | tuple[Method, Event]) -> None:
        with self._lock:
            self._queue.append(item)
            was_draining, self._draining = self._draining, True
        try:
            mailbox = self._user.mailbox()
            if not was_draining:
                mailbox.post(self._spawn)
            elif mailbox.loop.is_closed():
                self._mute()
        except RuntimeError:
            self._mute()

    def _mute(self) -> None:
        if not self._muted:
            _log.warning("the loop of %s is closed; it gets no more events", self.owner)
        self._muted = True
        self._settle_unheard()

    def _settle_unheard(self) -> None:
        with self._lock:
            unheard = list(self._queue)
            self._queue.clear()
            self._draining = False
        for item in unheard:
            if not isinstance(item, tuple):
                item()

    def _spawn(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._drain(), context=self._context.copy())

    async def _drain(self) -> None:
        try:
            await self._drain_all()
        except BaseException:
            # all tasks of the program were cancelled, or it is interrupted: this event is lost to the handler, and
            # the next ones are not, unless the loop is closed by then
            _log.warning("%s was cancelled while it handled an event", self.owner)
            asyncio.get_running_loop().call_later(_RESUME, self._spawn)
            raise

    async def _drain_all(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._draining = False
                    return
                item = self._queue.popleft()
            if isinstance(item, tuple):
                await self._acall(*item)
            else:
                item()

    async def _acall(self, method: Method, event: Event) -> None:
        try:
            if inspect.iscoroutinefunction(method):
                await method(event)
            else:
                await self._in_pool(method, event)
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            if isinstance(error, KeyboardInterrupt | SystemExit) and _is_main_thread():
                raise  # the program's own loop: it is the program that is interrupted, and not the handler
            self._complain(method, error)

    async def _in_pool(self, method: Method, event: Event) -> None:
        loop = asyncio.get_running_loop()
        handled = loop.create_future()

        def job() -> None:
            self._call(method, event)
            try:
                loop.call_soon_threadsafe(handled.set_result, None)
            except RuntimeError:
                _log.debug("the loop of %s closed while %s ran", self.owner, method)

        self._pool.submit(partial(contextvars.copy_context().run, job))
        await handled

    def _complain(self, method: Method, error: BaseException) -> None:
        name = getattr(method, "__name__", repr(method))
        if name in self._complained:
            _log.debug("%s of %s raised again: %s", name, self.owner, type(error).__name__)
            return
        self._complained.add(name)
        _log.error("%s of %s raised %s", name, self.owner, type(error).__name__, exc_info=error)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


async def _await(result: Awaitable[None]) -> None:
    await result


def _has_coroutine(callbacks: Callbacks) -> bool:
    kind = type(callbacks)
    return any(
        inspect.iscoroutinefunction(getattr(kind, name)) for name in dir(kind) if name.startswith("on_")
    )

"""One resource from its opening to its closing, in one task or on one thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import secrets
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, InvalidStateError
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, cast

from agentframework.errors import ToolError
from agentframework.loopthread import Mailbox
from agentframework.tools.resource import LifespanContext, Resource

__all__ = ["Keeper", "NotOpenedError", "TaskKeeper", "ThreadKeeper"]

_log = logging.getLogger("agentframework.resources")


class NotOpenedError(Exception):
    """What a tool needs could not be opened; the log has the reason, under `error_id`. No user code ever sees it."""

    def __init__(self, error_id: str) -> None:
        super().__init__(error_id)
        self.error_id = error_id


class Keeper(ABC):
    """Enters a resource's lifespan, waits, and leaves it where it was entered. Thread-safe; never blocks.

    `opened` gives what the lifespan yields, or raises `NotOpenedError` or the lifespan's own `ToolError`; `closed` is
    done when nothing of it is left.
    """

    def __init__(self, resource: Resource[Any], context: LifespanContext) -> None:
        self.resource = resource
        self.opened: Future[Any] = Future()
        self.closed: Future[None] = Future()
        self._context = context
        self._is_wanted = True

    @property
    def name(self) -> str:
        """The lifespan and whose it is, for the log."""
        return f"{self.resource.name} of {self._context.owner or 'the program'}"

    @property
    def is_open(self) -> bool:
        """Whether what it yields can be used now."""
        return self.is_usable and self.opened.done()

    @property
    def is_usable(self) -> bool:
        """Whether it is open, or about to be."""
        has_failed = self.opened.done() and self.opened.exception() is not None
        return self._is_wanted and not has_failed and not self.closed.done()

    @abstractmethod
    def open(self) -> None:
        """Enter the lifespan."""

    def close(self) -> None:
        """Leave the lifespan; one that is still being entered is given up."""
        self._is_wanted = False
        if self._settle_opening(_not_opened()):
            self.abandon()
        self._leave()

    def time_out(self) -> None:
        """Give it up, unless it is open by now."""
        if not self.opened.done():
            self._fail(TimeoutError(f"it did not open within {self.resource.timeout:g} s"))
            self.abandon()

    @abstractmethod
    def abandon(self) -> None:
        """Stop it wherever it hangs, as far as that is possible."""

    @abstractmethod
    def _leave(self) -> None:
        """Let go what waits between entering and leaving."""

    def _has_opened(self, value: object) -> bool:
        """Whether anybody still wants what was opened."""
        try:
            self.opened.set_result(value)
        except InvalidStateError:
            return False
        return True

    def _fail(self, error: BaseException) -> None:
        """What went wrong with it: on its way in, where it was not open yet, else on its way out."""
        failure = error if isinstance(error, ToolError) else _not_opened()
        if self._settle_opening(failure):
            if isinstance(failure, NotOpenedError):
                _log.error("%s could not be opened (id %s)", self.name, failure.error_id, exc_info=error)
        elif not isinstance(error, asyncio.CancelledError):
            _log.error("%s failed when it was closed", self.name, exc_info=error)

    def _settle_opening(self, error: Exception) -> bool:
        try:
            self.opened.set_exception(error)
        except InvalidStateError:
            return False
        return True

    def _end(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


class TaskKeeper(Keeper):
    """Keeps it in one task of the user's loop, as the cancel scopes of anyio ask for."""

    def __init__(
        self,
        resource: Resource[Any],
        context: LifespanContext,
        mailbox: Mailbox,
        variables: contextvars.Context,
    ) -> None:
        super().__init__(resource, context)
        self._mailbox = mailbox
        self._variables = variables
        self._task: asyncio.Task[None] | None = None
        self._asked_to_leave = asyncio.Event()

    def open(self) -> None:
        """Enter it in a task of its own."""
        self._post(self._spawn)

    def abandon(self) -> None:
        """Cancel the task."""
        self._post(self._cancel)

    def _leave(self) -> None:
        self._post(self._asked_to_leave.set)

    def _post(self, function: Any) -> None:
        if self.closed.done():
            return
        try:
            self._mailbox.post(function)
        except RuntimeError as error:  # the loop is closed, and what lived there with it
            self._fail(error)
            self._end()

    def _spawn(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._keep(), context=self._variables.copy())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _keep(self) -> None:
        try:
            manager = cast(AbstractAsyncContextManager[Any], self.resource.enter(self._context))
            async with manager as value:
                if self._has_opened(value):
                    await self._asked_to_leave.wait()
        except BaseException as error:
            self._fail(error)
            ends_program = isinstance(error, KeyboardInterrupt | SystemExit) and _is_main_thread()
            if ends_program or isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._end()


class ThreadKeeper(Keeper):
    """Keeps it on one thread, because entering or leaving may block."""

    def __init__(
        self, resource: Resource[Any], context: LifespanContext, variables: contextvars.Context
    ) -> None:
        super().__init__(resource, context)
        self._variables = variables
        self._asked_to_leave = threading.Event()

    def open(self) -> None:
        """Enter it on a thread of its own, which holds no exit."""
        target = self._variables.copy().run
        name = f"agentframework-resource-{self.resource.name}"
        try:
            threading.Thread(target=target, args=(self._keep,), name=name, daemon=True).start()
        except RuntimeError as error:  # the system gives no thread
            self._fail(error)
            self._end()

    def abandon(self) -> None:
        """Nothing can stop a thread; it leaves when it comes back, and nobody waits for it."""

    def _leave(self) -> None:
        self._asked_to_leave.set()

    def _keep(self) -> None:
        try:
            manager = cast(AbstractContextManager[Any], self.resource.enter(self._context))
            with manager as value:
                if self._has_opened(value):
                    self._asked_to_leave.wait()
        except BaseException as error:  # noqa: BLE001 - also SystemExit: a plugin does not end the process
            self._fail(error)
        finally:
            self._end()


def _not_opened() -> NotOpenedError:
    return NotOpenedError(secrets.token_hex(4))


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()

"""Asking whether a call may run, and taking no answer for a no."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from agentframework.approval import ApprovalRequest, Approver
from agentframework.session.worlds import UserLoop
from agentframework.workers.threads import ThreadPool, Ticket

__all__ = ["Approval", "Approving"]

_log = logging.getLogger("agentframework.approval")

Decided = Callable[[bool, str], None]


class Approval:
    """One question on its way; the first answer counts. Lives on the wire."""

    def __init__(self, decided: Decided) -> None:
        self.is_awaited = True
        self.timer: asyncio.TimerHandle | None = None
        self.ticket: Ticket | None = None
        self.task: Future[None] | None = None
        self.answer: object = None
        self._decided = decided

    def withdraw(self) -> None:
        """Nobody waits for the answer any more."""
        self.is_awaited = False
        if self.timer is not None:
            self.timer.cancel()
        if self.ticket is not None:
            self.ticket.abandon()
        if self.task is not None:
            self.task.cancel()
        self.close_unbegun()

    def close_unbegun(self) -> None:
        """A coroutine that a plain approver has returned, and that nobody will await, would warn of that."""
        if (
            inspect.iscoroutine(self.answer)
            and inspect.getcoroutinestate(self.answer) == inspect.CORO_CREATED
        ):
            self.answer.close()

    def decide(self, approved: bool, why: str = "") -> None:
        """Here is an answer, or a reason why there is none."""
        if self.is_awaited:
            self.withdraw()
            self._decided(approved, why)


class Approving:
    """Lives on the wire; the approver is called in the user's world, fenced.

    Plain approvers get threads of `pool`: one that never answers costs a thread, which is replaced.
    """

    def __init__(
        self,
        approver: Approver | None,
        pool: ThreadPool,
        user: UserLoop,
        variables: contextvars.Context,
        post: Callable[..., None],
    ) -> None:
        self._approver = approver
        self._pool = pool
        self._user = user
        self._variables = variables
        self._post = post

    def ask(self, request: ApprovalRequest, decided: Decided) -> Approval:
        """Ask; `decided(approved, why not)` is called later, once, unless the question is withdrawn before."""
        loop = asyncio.get_running_loop()
        approval = Approval(decided)
        if self._approver is None:
            loop.call_soon(approval.decide, False, "there is nobody to be asked")
            return approval
        approval.timer = loop.call_later(
            request.timeout, approval.decide, False, "nobody approved it in time"
        )
        if inspect.iscoroutinefunction(self._approver.approve):
            self._call_on_loop(approval, partial(self._approver.approve, request))
        else:
            job = partial(self._variables.copy().run, self._call, self._approver, approval, request)
            approval.ticket = self._pool.submit(job)
        return approval

    def _call(self, approver: Approver, approval: Approval, request: ApprovalRequest) -> None:
        """On a thread of the pool."""
        try:
            answer: Any = approver.approve(request)
        except BaseException as error:  # noqa: BLE001 - whatever it raises is no yes
            self._failed(approval, error)
            return
        if inspect.isawaitable(answer):
            approval.answer = answer
            self._post(self._call_on_loop, approval, lambda: answer)
        else:
            self._post(self._take, approval, answer)

    def _call_on_loop(self, approval: Approval, call: Callable[[], Awaitable[bool] | bool]) -> None:
        """On the wire."""
        if not approval.is_awaited:
            approval.close_unbegun()
            return
        try:
            mailbox = self._user.mailbox()
            approval.task = asyncio.run_coroutine_threadsafe(self._await(approval, call), mailbox.loop)
        except RuntimeError:
            approval.decide(False, "the loop of the one who is asked is closed")

    async def _await(self, approval: Approval, call: Callable[[], Awaitable[bool] | bool]) -> None:
        """On the user's loop."""
        try:
            pending = call()
            answer: Any = await pending if inspect.isawaitable(pending) else pending
        except asyncio.CancelledError:
            self._post(approval.decide, False, "the question was cancelled")
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it raises is no yes
            self._failed(approval, error)
        else:
            self._post(self._take, approval, answer)

    def _take(self, approval: Approval, answer: object) -> None:
        if not isinstance(answer, bool):
            _log.error("%s answered with a %s, which is no yes", self._name, type(answer).__name__)
        approval.decide(answer is True)

    def _failed(self, approval: Approval, error: BaseException) -> None:
        _log.error("%s raised %s", self._name, type(error).__name__, exc_info=error)
        self._post(approval.decide, False, "the one who was asked failed")

    @property
    def _name(self) -> str:
        return f"the approver {type(self._approver).__name__}"

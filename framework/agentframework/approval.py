"""The contract of those who approve tool calls: who is asked, what they see, and what counts as a yes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ApprovalRequest", "Approver"]


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A call that waits for a yes.

    `arguments` are checked and repaired, as the tool would get them; those marked `Sensitive` are `***`. They come
    from the agent: clean them before they reach a terminal. `rule` says which rule of the policy asks. After
    `timeout` seconds, which end at `deadline` by `time.monotonic()`, no answer is a no.
    """

    session_id: str
    conversation_id: str
    call_id: str
    tool: str
    owner: str
    description: str
    risk: str
    arguments: Mapping[str, Any] = field(repr=False)
    rule: str
    timeout: float
    deadline: float


class Approver(ABC):
    """Says whether a call may run.

        class Pager(Approver):
            async def approve(self, request):
                return await page_the_owner(f"{request.tool} {request.arguments}")

    One object serves a whole runtime, so it may be asked several things at once. Nothing but `True` is a yes: an
    exception, another value and an answer that comes too late are a no.
    """

    @abstractmethod
    def approve(self, request: ApprovalRequest) -> bool | Awaitable[bool]:
        """Whether this one call may run, with exactly these arguments.

        A plain method runs on a thread of its own pool and may block; an `async def` runs on the user's loop, and is
        cancelled when nobody waits for the answer any more.
        """

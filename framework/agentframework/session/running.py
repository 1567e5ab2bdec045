"""One tool call on its way from receipt to outcome."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from agentframework.policy import Attempt
from agentframework.protocol.messages import ClientToolCall
from agentframework.session.approving import Approval
from agentframework.session.places import Claim
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool
from agentframework.workers.threads import Ticket

__all__ = ["Running"]


@dataclass(slots=True, eq=False)
class Running:
    """Lives on the wire; what a worker thread or the user's loop changes of it is said to the wire by a post.

    `arguments` are there once they are checked, and `attempt` once the policy was asked: from then on what becomes of
    the call is told to the gate. It is `cleared` when nothing is to be waited for any more before it acts, and `over`
    when its code runs no more, which may be long after it was answered.
    """

    call: ClientToolCall
    tool: Tool[..., Any]
    context: ToolContext
    begun: float
    seconds: float
    world: str
    arguments: dict[str, Any] | None = None
    decision: str = ""
    fingerprint: str = ""
    attempt: Attempt | None = None
    cleared: bool = False
    over: bool = False
    timed_out: bool = False
    timer: asyncio.TimerHandle | None = None
    holding: asyncio.TimerHandle | None = None
    approval: Approval | None = None
    opening: asyncio.Task[None] | None = None
    settling: bool = False
    spoken_over: bool = False
    claim: Claim | None = None
    ticket: Ticket | None = None
    task: asyncio.Task[None] | None = None
    remote: asyncio.Task[None] | None = None
    on_user_loop: bool = False
    told: bool = False
    progress: str | None = None

"""What all calls of a session share, whichever of its connections they came by."""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from agentframework.session.places import SessionPlaces
from agentframework.session.worlds import UserLoop
from agentframework.tools.context import ToolContext
from agentframework.workers.threads import Share

__all__ = ["Scope"]


@dataclass(slots=True, eq=False)
class Scope:
    """Made when a session starts; lives as long as it does."""

    session_id: str
    share: Share
    places: SessionPlaces
    user: UserLoop
    variables: contextvars.Context
    _states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        """What the tools of one owner keep; from any thread."""
        return self._states.setdefault(context.owner, {})

    def idempotency_key(self, context: ToolContext) -> str:
        """What is the same for the same call made again; from any thread."""
        return hashlib.sha256(f"{self.session_id}/{context.call_id}".encode()).hexdigest()[:32]

    def resource(self, context: ToolContext, lifespan: Callable[..., Any]) -> Any:
        """What a lifespan of the tool's plugin has opened; from any thread."""
        name = getattr(lifespan, "__name__", repr(lifespan))
        raise LookupError(f"{context.owner or 'the program'} has registered no lifespan {name}")

"""What all calls of a session share, whichever of its connections they came by."""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentframework.session.lifespans import Lifespans
from agentframework.session.places import SessionPlaces
from agentframework.session.worlds import UserLoop
from agentframework.tools.context import ToolContext
from agentframework.tools.resource import Resource
from agentframework.workers.threads import Share

__all__ = ["Scope"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Scope:
    """Made when a session starts; lives as long as it does."""

    session_id: str
    share: Share
    places: SessionPlaces
    user: UserLoop
    variables: contextvars.Context
    lifespans: Lifespans = field(init=False)
    _states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lifespans = Lifespans(self.session_id, self.user, self.variables)

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        """What the tools of one owner keep; from any thread."""
        return self._states.setdefault(context.owner, {})

    def idempotency_key(self, context: ToolContext) -> str:
        """What is the same for the same call made again; from any thread."""
        return hashlib.sha256(f"{self.session_id}/{context.call_id}".encode()).hexdigest()[:32]

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        """What is open for a call; from any thread. Raises LookupError for what its tool has not asked for."""
        return self.lifespans.value(context, resource)

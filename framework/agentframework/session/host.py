"""What stands behind the contexts of one connection's calls."""

from __future__ import annotations

from collections.abc import Callable

from agentframework.cleaning import clean
from agentframework.session.scope import Scope
from agentframework.tools.context import ToolContext

__all__ = ["Host"]

_LONGEST = 1_000


class Host:
    """What tools may do while they run, on any thread; see `tools.context.Host`.

    Of what a call says of its way only the newest waits for the wire, however often it says something.
    """

    def __init__(self, scope: Scope, post: Callable[..., None], said: Callable[[ToolContext], None]) -> None:
        self._post = post
        self._said = said
        self._texts: dict[ToolContext, str] = {}
        self._posted: set[ToolContext] = set()
        self.session_id = scope.session_id
        self.state_of = scope.state_of
        self.idempotency_key = scope.idempotency_key
        self.resource = scope.resource

    def progress(self, context: ToolContext, text: str) -> None:
        """Keep the text for the wire, and wake it unless it is about to look anyway."""
        self._texts[context] = clean(str(text)[:_LONGEST])
        if (
            context not in self._posted
        ):  # looked up after the text is there, as `take` looks for it after this
            self._posted.add(context)
            self._post(self._said, context)

    def take(self, context: ToolContext) -> str | None:
        """The newest text of a call."""
        self._posted.discard(context)
        return self._texts.pop(context, None)

"""What a tool may know about the call that it answers, and what it may do meanwhile."""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Generator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from agentframework.tools.resource import Resource

__all__ = ["Host", "LazyEvent", "ToolContext"]

T = TypeVar("T")


class LazyEvent(threading.Event):
    """A `threading.Event` whose lock and condition are made when somebody first waits for it or sets it.

    Every call has one, and hardly any is ever waited for or set.
    """

    def __init__(self) -> None:
        self._flag = False  # the one part that `is_set` reads

    def __getattr__(self, name: str) -> threading.Condition:
        if name != "_cond":
            raise AttributeError(name)
        # setdefault, because two threads may come here at once, and must get the same one
        condition: threading.Condition = self.__dict__.setdefault(name, threading.Condition(threading.Lock()))
        return condition


class Host(Protocol):
    """What stands behind a call: the session that it belongs to. Safe on any thread; never blocks."""

    @property
    def session_id(self) -> str:
        """The session's own id."""

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        """What the calls of this tool's owner keep in this session."""

    def progress(self, context: ToolContext, text: str) -> None:
        """Tell the agent how far a call has come."""

    def idempotency_key(self, context: ToolContext) -> str:
        """What is the same for the same call made again."""

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        """What the resource's lifespan has opened. Raises LookupError where it is not open."""


class _Done:
    """What can be awaited and is done already."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


_DONE = _Done()


class _Alone:
    """Behind a context that somebody has made by hand, for instance in the test of a tool: there is no session."""

    session_id = ""

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        return context._own_state

    def progress(self, context: ToolContext, text: str) -> None:
        context.logger.info("progress: %s", text)

    def idempotency_key(self, context: ToolContext) -> str:
        key: str = context._own_state.setdefault("idempotency_key", secrets.token_hex(16))
        return key

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        raise LookupError(
            f"{resource.name} is not open: {context.tool_name} was not called by a session, so call its handler "
            "with what it needs"
        )


ALONE = _Alone()


@dataclass(slots=True, eq=False)
class ToolContext:
    """The call that a tool answers; a parameter with this annotation receives it, and the agent never sees it.

    `deadline` is the value of `time.monotonic()`, in seconds, by which the answer must be there. `cancelled` is
    set when the session ends, when the deadline has passed, and when the user interrupts a tool that is cancelled by
    that: a long tool looks at it between two steps, and may do so on any thread.

    `settings` is what the tool's plugin has read of its `[plugins.NAME]` table, else None.
    """

    conversation_id: str
    call_id: str
    tool_name: str
    deadline: float
    cancelled: threading.Event = field(repr=False)
    settings: Any = field(default=None, repr=False)
    owner: str = ""
    _host: Host = field(default=ALONE, repr=False)
    _attempt: object = field(default=None, repr=False)
    _own_state: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def session_id(self) -> str:
        """The session's own id: other than the conversation's it stays when a lost connection is made anew."""
        return self._host.session_id

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What the tools of one owner keep for this session: one dict for all their calls, gone with the session.

        Calls run at the same time: who reads and then writes needs a lock of its own, or a tool that is `serial`.
        """
        return self._host.state_of(self)

    @property
    def idempotency_key(self) -> str:
        """A text that is the same where the agent makes the same call again within a while, and else another.

        For services that take such a key: they then do nothing twice, although an answer was lost.
        """
        return self._host.idempotency_key(self)

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose lines name the tool and the call. Arguments and results do not belong into a log."""
        return _CallLogger(logging.getLogger(f"agentframework.tools.{self.tool_name}"), self.call_id)

    def progress(self, text: str) -> Any:
        """Tell the agent how far the call has come, as a contextual update (protocol 2.5).

        From any thread, called plainly or awaited; never blocks. At most one a second is sent, always the newest.
        It does not move the deadline.
        """
        self._host.progress(self, text)
        return _DONE

    def resource(self, resource: Resource[T]) -> T:
        """What the parameter receives whose annotation names this resource.

        Raises LookupError where no parameter of the tool does, for then it need not be open.
        """
        return self._host.resource(self, resource)


class _CallLogger(logging.LoggerAdapter[logging.Logger]):
    def __init__(self, logger: logging.Logger, call_id: str) -> None:
        super().__init__(logger, {"call_id": call_id})
        # an id is the agent's: it must be no line of its own, and nothing that formats
        self._prefix = "[" + re.sub(r"[^\w.-]", "?", call_id[:64]) + "]"

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return f"{self._prefix} {msg}", kwargs

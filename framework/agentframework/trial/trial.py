"""A conversation in which nobody speaks: for calls of hosted tools by nobody but ourselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from agentframework.callbacks import Callbacks
from agentframework.protocol.calls import ErrorHandling
from agentframework.session.session import Session
from agentframework.transports.base import Transport
from agentframework.trial.caller import Caller, Ending

__all__ = ["SessionMaker", "Trial"]

_END_TIMEOUT = 5.0


class SessionMaker(Protocol):
    """What makes sessions with the hosted tools: `App.new_session`."""

    def __call__(
        self,
        connect: Callable[[], Awaitable[Transport]],
        handlers: Sequence[Callbacks],
        *,
        is_silent: bool = False,
    ) -> Session:
        """A session over what `connect` opens; a silent one has no audio."""


class Trial:
    """A session of its own, from entering to leaving; every call in it goes the way of an agent's call.

    Arguments are checked, the policy is asked, the worker runs the tool under its deadline, and the answer is what
    would be sent. Raises `StartError` where the session cannot be started.
    """

    def __init__(self, new_session: SessionMaker, *, error_handling: ErrorHandling = "auto") -> None:
        self._caller = Caller(error_handling)
        self._session = new_session(self._caller.connect, [self._caller.events], is_silent=True)

    def call(self, tool_name: str, parameters: Mapping[str, Any]) -> Ending:
        """Call a tool and wait for how that ends; `parameters` are sent as they are."""
        return self._caller.call(tool_name, parameters).result()

    def start(self) -> None:
        """Open the session. Raises `StartError`."""
        self._session.start().result()

    def close(self) -> None:
        """End the session and wait for that."""
        self._session.end()
        self._session.ended.result(_END_TIMEOUT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

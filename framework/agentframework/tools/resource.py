"""What a tool needs to have open: a database, a client, a browser; opened once and shared by its calls."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar

__all__ = ["LifespanContext", "Manager", "Resource", "resource_of"]

T = TypeVar("T")

Manager = AbstractAsyncContextManager[T] | AbstractContextManager[T]

_DECORATE = "decorate it with contextlib.asynccontextmanager, or contextlib.contextmanager"


@dataclass(frozen=True, slots=True)
class LifespanContext:
    """What a lifespan may know of whom it opens for.

    `settings` is what the plugin has read of its `[plugins.NAME]` table, else None. `session_id` is that of the
    session; empty where all sessions share the resource.
    """

    owner: str
    settings: Any = field(repr=False)
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """Says of a tool's parameter, in its annotation, that it receives what a lifespan opens.

        @asynccontextmanager
        async def open_database(context: LifespanContext) -> AsyncIterator[Database]:
            async with connect(context.settings.address) as database:
                yield database

        @tool
        async def find_customer(name: str, database: Annotated[Database, Resource(open_database)]) -> Customer:
            ...

    `lifespan` is a function that `contextlib.asynccontextmanager` or `contextmanager` has decorated, or the class of
    a context manager; it takes nothing, or a `LifespanContext`. It is entered for the first call that needs it and
    left when the session ends; with `scope="process"` the sessions that run at the same time share it, and it is left
    with the last of them. An async one is entered and left in one task on the user's loop, a plain one on a thread
    of its own.

    Opening it may take `timeout` seconds. A call whose resource cannot be opened is answered with an error, and the
    next one tries again. `is_alive` is asked before each call; where it says no, the resource is opened anew.
    """

    lifespan: Callable[..., Manager[T]]
    scope: Literal["session", "process"] = field(default="session", kw_only=True)
    timeout: float = field(default=30.0, kw_only=True)
    is_alive: Callable[[T], bool] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        function = _function_of(self.lifespan)
        kind = type(self.lifespan)
        if hasattr(kind, "__aenter__") or hasattr(kind, "__enter__") or not callable(self.lifespan):
            raise TypeError(f"Resource takes the function that opens, and was given a {kind.__name__}")
        if inspect.isgeneratorfunction(self.lifespan) or inspect.isasyncgenfunction(self.lifespan):
            raise TypeError(f"{self.name} yields, and is no context manager: {_DECORATE}")
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"{self.name} is an async def that does not yield: let it yield, and {_DECORATE}")
        if self.scope not in ("session", "process"):
            raise ValueError(f'the scope of {self.name} is "session" or "process", and not {self.scope!r}')
        if not self.timeout > 0:
            raise ValueError(
                f"the timeout of {self.name} is {self.timeout!r}, and no number of seconds above zero"
            )
        if len(self._needed()) > 1:
            raise TypeError(f"{self.name} needs {', '.join(self._needed())}: it is given one LifespanContext")

    @property
    def name(self) -> str:
        """The lifespan's, as messages say it."""
        return str(getattr(_function_of(self.lifespan), "__name__", type(self.lifespan).__name__))

    @property
    def is_async(self) -> bool:
        """Whether it is to be entered on the user's loop; else on a thread."""
        function = _function_of(self.lifespan)
        if inspect.isclass(function):
            return hasattr(function, "__aenter__")
        return not inspect.isgeneratorfunction(function)

    def enter(self, context: LifespanContext) -> Manager[T]:
        """The context manager of one lifespan, not yet entered."""
        return self.lifespan(context) if self._needed() else self.lifespan()

    def _needed(self) -> list[str]:
        try:
            parameters = inspect.signature(self.lifespan).parameters.values()
        except (TypeError, ValueError):
            return []  # built in, and without a signature to look at
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty and parameter.kind not in variable
        ]


def resource_of(annotation: Any) -> Resource[Any] | None:
    """The resource that an annotation asks for, if it asks for one."""
    if typing.get_origin(annotation) is not Annotated:
        return None
    return next((note for note in typing.get_args(annotation)[1:] if isinstance(note, Resource)), None)


def _function_of(lifespan: object) -> object:
    """What the author has written, below decorators and `functools.partial`."""
    while isinstance(lifespan, functools.partial):
        lifespan = lifespan.func
    return inspect.unwrap(lifespan) if callable(lifespan) else lifespan

"""A parameter's annotation may name a resource: the tool receives what is open, and the agent never hears of it."""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Annotated, Any, TypeVar

import pytest
from pydantic import BaseModel

from agentframework.errors import ToolDefinitionError
from agentframework.tools.context import ToolContext
from agentframework.tools.resource import LifespanContext, Resource, resource_of
from agentframework.tools.tool import Tool

T = TypeVar("T")


class Desk:
    """What the lifespans of these tests open."""


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    yield Desk()


@contextmanager
def open_for(context: LifespanContext) -> Iterator[LifespanContext]:
    yield context


OpenDesk = Annotated[Desk, Resource(open_desk)]
NO_DESK: Any = None


class Booking(BaseModel):
    """How many sit where."""

    seats: int


class Behind:
    """A session of which one desk is open."""

    session_id = "session-1"
    desk = Desk()

    def state_of(self, context: ToolContext) -> dict[str, Any]:
        return {}

    def progress(self, context: ToolContext, text: str) -> None: ...

    def idempotency_key(self, context: ToolContext) -> str:
        return ""

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        assert resource == Resource(open_desk)
        desk: Any = self.desk
        return desk  # type: ignore[no-any-return]


def call(handler: Callable[..., Any], sent: dict[str, Any], **declared: Any) -> Any:
    """What a handler returns that is called as a session would, and that its schema says nothing of desks."""
    tool = Tool("a_tool", handler, **declared)
    assert "desk" not in str(tool.schema)
    context = ToolContext("conv", "call", "a_tool", 0.0, threading.Event(), _host=Behind())
    args, kwargs = tool.bind(tool.read_arguments(sent), context)
    return tool.handler(*args, **kwargs)


def first(desk: OpenDesk, city: str, ctx: ToolContext, days: int = 1) -> Any:
    return desk, city, days, ctx


def middle(city: str, ctx: ToolContext, desk: OpenDesk, days: int = 1) -> Any:
    return desk, city, days, ctx


def last_with_default(
    city: str,
    days: int = 1,
    desk: OpenDesk = NO_DESK,
    ctx: ToolContext | None = None,
) -> Any:
    return desk, city, days, ctx


def by_keyword_only(city: str, *, days: int = 1, desk: OpenDesk, ctx: ToolContext) -> Any:
    return desk, city, days, ctx


def by_position_only(desk: OpenDesk, city: str, ctx: ToolContext, days: int = 1, /) -> Any:
    return desk, city, days, ctx


def quoted(city: str, desk: Annotated[Desk, Resource(open_desk)], ctx: ToolContext, days: int = 1) -> Any:
    return desk, city, days, ctx


class Clerk:
    """A callable object, and one with a method."""

    def __call__(self, city: str, desk: OpenDesk, ctx: ToolContext, days: int = 1) -> Any:
        return desk, city, days, ctx

    def method(self, ctx: ToolContext, city: str, desk: OpenDesk, days: int = 1) -> Any:
        return desk, city, days, ctx


def with_unit(unit: str, city: str, desk: OpenDesk, ctx: ToolContext, days: int = 1) -> Any:
    assert unit == "c"
    return desk, city, days, ctx


@pytest.mark.parametrize(
    "handler",
    [
        first,
        middle,
        last_with_default,
        by_keyword_only,
        by_position_only,
        quoted,
        Clerk(),
        Clerk().method,
        functools.partial(with_unit, "c"),
        functools.partial(with_unit, unit="c"),
    ],
    ids=lambda handler: getattr(handler, "__name__", type(handler).__name__),
)
@pytest.mark.parametrize(
    "declared",
    [
        {},
        {
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
            }
        },
    ],
    ids=["inferred", "declared"],
)
def test_resource_and_context_come_wherever_they_stand_in_the_signature(
    handler: Callable[..., Any], declared: dict[str, Any]
) -> None:
    desk, city, days, context = call(handler, {"city": "Oslo"}, **declared)
    assert desk is Behind.desk
    assert (city, days) == ("Oslo", 1)
    assert context.call_id == "call"


def test_they_come_beside_a_model() -> None:
    def book(desk: OpenDesk, booking: Booking, *, ctx: ToolContext) -> Any:
        return desk, booking.seats, ctx.call_id

    assert call(book, {"seats": "4"}, parameters=Booking) == (Behind.desk, 4, "call")


def test_they_come_beside_a_dict_of_all_arguments() -> None:
    def log(ctx: ToolContext, sent: dict[str, Any], desk: OpenDesk) -> Any:
        return desk, sent, ctx.call_id

    schema = {"type": "object", "properties": {"seats": {"type": "integer"}}}
    assert call(log, {"seats": 4}, parameters=schema) == (Behind.desk, {"seats": 4}, "call")


def test_an_argument_of_the_same_name_does_not_take_their_place() -> None:
    def find(desk: OpenDesk, **others: Any) -> Any:
        return desk, others

    tool = Tool("find", find)
    context = ToolContext("conv", "call", "find", 0.0, threading.Event(), _host=Behind())
    _, kwargs = tool.bind(tool.read_arguments({"desk": "mine"}), context)
    assert kwargs["desk"] is Behind.desk


def test_a_property_with_the_name_of_a_resource_is_refused() -> None:
    schema = {"type": "object", "properties": {"desk": {"type": "string"}}}
    with pytest.raises(ToolDefinitionError, match="'desk', and so is named what receives a resource; rename"):
        Tool("find", first, parameters=schema)


def test_a_tool_says_what_it_needs_each_once() -> None:
    other = Resource(open_for, scope="process")

    def find(one: OpenDesk, two: OpenDesk, three: Annotated[LifespanContext, other]) -> None: ...

    assert Tool("find", find).resources == (Resource(open_desk), other)
    assert Tool("plain", Booking).resources == ()


def test_a_call_without_a_session_says_what_is_not_open() -> None:
    context = ToolContext("conv", "call", "find", 0.0, threading.Event())
    with pytest.raises(LookupError, match="open_desk is not open: find was not called by a session"):
        Tool("find", first).bind({"city": "Oslo"}, context)


@pytest.mark.parametrize("worker", ["process", "ray"])
def test_a_tool_that_runs_elsewhere_cannot_receive_what_is_open_here(worker: str) -> None:
    with pytest.raises(ToolDefinitionError, match="is where open_desk cannot open anything for it"):
        Tool("find", first, worker=worker)
    with pytest.raises(ToolDefinitionError, match=f"worker = '{worker}'"):
        Tool("find", first).with_options(worker=worker)


class Opened(AbstractContextManager[int]):
    """A context manager of a class of its own."""

    def __exit__(self, *_: object) -> None: ...


class OpenedAsync:
    """An async one, that takes the context."""

    def __init__(self, context: LifespanContext) -> None:
        self.context = context

    async def __aenter__(self) -> int:
        return 1

    async def __aexit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("lifespan", "name", "is_async"),
    [
        (open_desk, "open_desk", True),
        (open_for, "open_for", False),
        (Opened, "Opened", False),
        (OpenedAsync, "OpenedAsync", True),
        (functools.partial(open_desk), "open_desk", True),
        (functools.partial(open_for), "open_for", False),
    ],
)
def test_a_lifespan_is_known_by_what_its_author_wrote(
    lifespan: Callable[..., Any], name: str, is_async: bool
) -> None:
    resource = Resource(lifespan)
    assert (resource.name, resource.is_async) == (name, is_async)


def test_a_lifespan_is_given_the_context_if_it_takes_one() -> None:
    context = LifespanContext("crm", {"key": "s3cret"}, "session-1")
    with Resource(open_for).enter(context) as given:  # type: ignore[union-attr]
        assert given is context
    with Resource(functools.partial(open_for, context)).enter(LifespanContext("x", None)) as given:  # type: ignore[union-attr]
        assert given is context
    assert "s3cret" not in repr(context)


async def never_yields() -> None: ...


async def undecorated() -> AsyncIterator[int]:
    yield 1


def plain_undecorated() -> Iterator[int]:
    yield 1


def needy(context: LifespanContext, path: str) -> AbstractContextManager[int]:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (undecorated, {}, "undecorated yields, and is no context manager: decorate it with contextlib"),
        (plain_undecorated, {}, "plain_undecorated yields, and is no context manager"),
        (never_yields, {}, "never_yields is an async def that does not yield"),
        ("open_desk", {}, "takes the function that opens, and was given a str"),
        (open_desk(), {}, "takes the function that opens, and was given a _Async"),
        (needy, {}, "needy needs context, path: it is given one LifespanContext"),
        (open_desk, {"scope": "call"}, "scope of open_desk is"),
        (open_desk, {"timeout": 0}, "timeout of open_desk is 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(
    given: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        Resource(given, **options)


def test_a_refusal_within_an_annotation_names_tool_and_cause() -> None:
    def find(desk: Annotated[int, Resource(undecorated)]) -> None: ...

    with pytest.raises(ToolDefinitionError, match=r"tool 'find'.*'desk'.*undecorated yields"):
        Tool("find", find)


def test_only_the_annotation_itself_asks_for_a_resource() -> None:
    assert resource_of(OpenDesk) == Resource(open_desk)
    assert resource_of(list[OpenDesk]) is None
    assert resource_of(Annotated[str, "a note"]) is None
    assert resource_of(Resource(open_desk)) is None

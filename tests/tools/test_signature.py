"""A handler's signature is read whatever kind of callable it is, and contexts are found by annotation alone."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.tools.context import ToolContext
from agentframework.tools.definition import Definition
from agentframework.tools.signature import Signature, Unresolved, docstring_of, read_signature

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]

HERE = Definition("a_tool", "a plugin")


def signature_of(handler: Callable[..., Any]) -> Signature:
    return read_signature(handler, HERE)


def names(handler: Callable[..., Any]) -> list[str]:
    return [parameter.name for parameter in signature_of(handler).arguments]


def plain(city: str, days: int = 3) -> str:
    """Plain words."""
    return city * days


class Weather:
    """Class words."""

    def __init__(self, city: str = "Oslo") -> None:
        self.city = city

    def method(self, city: str, days: int = 3) -> str:
        """Method words."""
        return city * days

    @classmethod
    def class_method(cls, city: str, days: int = 3) -> str:
        return city * days

    @staticmethod
    def static_method(city: str, days: int = 3) -> str:
        return city * days

    def __call__(self, city: str, days: int = 3) -> str:
        """Call words."""
        return city * days


class Quiet:
    """Quiet words."""

    def __call__(self) -> None: ...


@functools.wraps(plain)
def wrapped(*args: Any, **kwargs: Any) -> str:
    return plain(*args, **kwargs)


@pytest.mark.parametrize(
    "handler",
    [
        plain,
        wrapped,
        Weather().method,
        Weather.class_method,
        Weather.static_method,
        Weather(),
        functools.partial(plain),
        functools.partial(functools.partial(Weather().method)),
    ],
)
def test_every_kind_of_callable_is_read(handler: Callable[..., Any]) -> None:
    city, days = signature_of(handler).arguments
    assert (city.name, city.annotation, city.is_required) == ("city", str, True)
    assert (days.name, days.annotation, days.default) == ("days", int, 3)


def test_a_class_is_read_by_its_constructor() -> None:
    (city,) = signature_of(Weather).arguments
    assert (city.name, city.annotation, city.default) == ("city", str, "Oslo")


def test_what_a_partial_has_bound_is_no_argument() -> None:
    assert names(functools.partial(plain, "Oslo")) == ["days"]
    assert names(functools.partial(plain, days=5)) == ["city"]


@pytest.mark.parametrize(
    "annotation",
    [
        ToolContext,
        "ToolContext",
        ToolContext | None,
        "ToolContext | None",
        Optional[ToolContext],  # noqa: UP045  people write it so
        Annotated[ToolContext, "the call"],
        Annotated[ToolContext | None, "the call"],
    ],
)
def test_a_context_is_known_by_its_annotation(annotation: object) -> None:
    def handler(first: Any, somewhere: Any, last: Any = 1) -> None: ...

    handler.__annotations__["somewhere"] = annotation
    signature = signature_of(handler)
    assert signature.contexts == ("somewhere",)
    assert [parameter.name for parameter in signature.arguments] == ["first", "last"]


@pytest.mark.parametrize(
    "annotation", [str, Any, "int | ToolContext", list[ToolContext], dict[ToolContext, None]]
)
def test_no_other_annotation_makes_a_context(annotation: object) -> None:
    def handler(context: Any) -> None: ...

    handler.__annotations__["context"] = annotation
    assert signature_of(handler).contexts == ()


def test_names_alone_mean_nothing() -> None:
    def handler(self, ctx, context, session, tool_call_id, cls=None) -> None:  # type: ignore[no-untyped-def]
        ...

    assert names(handler) == ["self", "ctx", "context", "session", "tool_call_id", "cls"]


def test_a_call_puts_each_value_where_the_handler_takes_it(context: ToolContext) -> None:
    def handler(
        city: str, call: ToolContext, /, days: int, *, unit: str, again: ToolContext | None = None
    ) -> object:
        return (city, call, days, unit, again)

    args, kwargs = signature_of(handler).call({"unit": "c", "days": 3, "city": "Oslo"}, context)
    assert handler(*args, **kwargs) == ("Oslo", context, 3, "c", context)


def test_a_positional_only_parameter_that_is_left_out_has_its_default(context: ToolContext) -> None:
    def handler(city: str = "Oslo", days: int = 3, /) -> object:
        return (city, days)

    args, kwargs = signature_of(handler).call({"days": 5}, context)
    assert handler(*args, **kwargs) == ("Oslo", 5)


def test_the_context_wins_over_an_argument_of_its_name(context: ToolContext) -> None:
    def handler(call: ToolContext, **more: object) -> object:
        return (call, more)

    args, kwargs = signature_of(handler).call({"call": "mine", "days": 3}, context)
    assert handler(*args, **kwargs) == (context, {"days": 3})


def test_the_stars_are_told_apart() -> None:
    def handler(*places: int, **more: str) -> None: ...

    signature = signature_of(handler)
    assert signature.arguments == ()
    assert signature.rest == "places"
    assert signature.extra is not None
    assert signature.extra.annotation is str


def test_an_annotation_that_is_a_string_finds_the_names_around_its_function() -> None:
    class Local:
        pass

    def handler(here: Local, many: list[Local]) -> None: ...

    here, many = signature_of(handler).arguments
    assert here.annotation is Local
    assert many.annotation == list[Local]


def test_an_annotation_is_looked_up_where_it_was_written() -> None:
    def handler(weather: Weather) -> Iterator[None]:
        yield

    # the function that comes back was written in contextlib, where there is no Weather
    (weather,) = signature_of(contextlib.contextmanager(handler)).arguments
    assert weather.annotation is Weather


def test_an_annotation_that_cannot_be_resolved_is_kept_with_its_reason() -> None:
    def handler(city: str, thing: Unknown) -> Unknown: ...

    city, thing = signature_of(handler).arguments
    assert city.annotation is str
    assert thing.annotation == Unresolved("Unknown", "NameError: name 'Unknown' is not defined")
    assert list(signature_of(handler).unresolved) == [("thing", thing.annotation)]


def test_a_callable_without_a_signature_is_refused() -> None:
    with pytest.raises(
        ToolDefinitionError, match=r"no signature that Python can tell .*wrap it in a function"
    ):
        signature_of(dict)


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (plain, "Plain words."),
        (wrapped, "Plain words."),
        (functools.partial(plain), "Plain words."),
        (Weather().method, "Method words."),
        (Weather(), "Call words."),
        (Weather, "Class words."),
        (Quiet(), "Quiet words."),
    ],
)
def test_the_docstring_is_the_one_that_was_written_for_the_handler(
    handler: Callable[..., Any], words: str
) -> None:
    assert docstring_of(handler).description == words

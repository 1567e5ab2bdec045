"""A function with `@tool` on it is a tool, and still a function."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from agentframework.errors import ArgumentsError, ToolDefinitionError
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool, tool


@tool
def get_weather(city: Annotated[str, Field(description="The city's name")], days: int = 1) -> str:
    """Tell the weather of the next days.

    Args:
        days: How many days.
    """
    return f"{city}: rain for {days} days"


@tool(name="sleep-well", description="Sleeps.", timeout=5)
async def sleep(context: ToolContext, seconds: float = 0) -> float:
    """Not said."""
    await asyncio.sleep(0)
    return seconds


class Caller:
    """Calls."""

    async def __call__(self, number: str) -> str:
        return number


class Number(BaseModel):
    number: str


def test_a_function_becomes_a_tool() -> None:
    assert get_weather.name == "get_weather"
    assert get_weather.description == "Tell the weather of the next days."
    assert get_weather.schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's name"},
            "days": {"type": "integer", "default": 1, "description": "How many days."},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert (get_weather.is_async, get_weather.timeout, get_weather.owner) == (False, None, "")
    assert get_weather.unchecked_formats == ()


def test_what_the_decorator_is_told_wins() -> None:
    assert (sleep.name, sleep.description, sleep.timeout, sleep.is_async) == (
        "sleep-well",
        "Sleeps.",
        5,
        True,
    )
    assert list(sleep.schema["properties"]) == ["seconds"]


def test_a_tool_is_still_a_function() -> None:
    assert get_weather("Oslo", days=2) == "Oslo: rain for 2 days"
    assert asyncio.run(sleep(None, 0.5)) == 0.5  # type: ignore[arg-type]
    assert get_weather.__name__ == "get_weather"  # type: ignore[attr-defined]
    assert get_weather.__doc__ is not None
    assert list(inspect.signature(get_weather).parameters) == ["city", "days"]


def test_an_argument_may_have_the_name_self() -> None:
    @tool
    def greet(self: str) -> str:
        return self

    assert greet(self="me") == "me"


def test_the_arguments_of_a_call_reach_the_handler(context: ToolContext) -> None:
    args, kwargs = get_weather.bind(get_weather.read_arguments('{"city": "Oslo", "days": "3"}'), context)
    assert get_weather(*args, **kwargs) == "Oslo: rain for 3 days"


def test_a_missing_argument_is_asked_for() -> None:
    with pytest.raises(ArgumentsError) as caught:
        get_weather.read_arguments(None)
    assert str(caught.value) == (
        "The arguments of get_weather do not fit. city: expected text, got nothing (it is required). "
        "Call get_weather again with this corrected."
    )


async def an_async_function() -> None: ...
def a_function_that_gives_a_coroutine() -> Any:
    return an_async_function()


class Speaker:
    async def say(self) -> None: ...


@pytest.mark.parametrize(
    ("handler", "is_async"),
    [
        (an_async_function, True),
        (functools.partial(an_async_function), True),
        (functools.partial(functools.partial(an_async_function)), True),
        (Speaker().say, True),
        (Caller(), True),
        (functools.partial(Caller()), True),
        (a_function_that_gives_a_coroutine, False),
        (lambda: an_async_function(), False),
        (Number, False),
        (len, False),
    ],
)
def test_async_is_what_inspect_says(handler: Any, is_async: bool) -> None:
    assert Tool("a_tool", handler).is_async is is_async


def test_a_tool_of_a_tool_is_a_tool_of_its_handler() -> None:
    renamed = Tool("nap", sleep)
    assert renamed.handler is sleep.handler
    assert renamed.is_async
    assert renamed.name == "nap"


def test_a_callable_object_needs_a_name() -> None:
    with pytest.raises(ToolDefinitionError, match=r"give it one with @tool\(name=...\)"):
        tool(Caller())
    named = tool(name="call")(Caller())
    assert (named.name, named.description) == ("call", "Calls.")


def test_a_model_or_a_schema_may_be_declared(context: ToolContext) -> None:
    @tool(parameters=Number)
    def by_model(number: Number) -> str:
        return number.number

    @tool(parameters={"properties": {"number": {"type": "string"}}, "required": ["number"]})
    def by_schema(number: str) -> str:
        return number

    for made in (by_model, by_schema):
        args, kwargs = made.bind(made.read_arguments({"number": "7"}), context)
        assert made(*args, **kwargs) == "7"


def test_a_tool_keeps_its_schema_when_what_it_shows_is_changed() -> None:
    @tool
    def count(number: int) -> int:
        return number

    count.schema["properties"]["number"]["type"] = "string"
    with pytest.raises(ArgumentsError):
        count.read_arguments({"number": "many"})


def test_another_owner_makes_another_tool() -> None:
    owned = get_weather.with_owner("a plugin 1.0")
    assert (owned.owner, owned.place, owned.name) == ("a plugin 1.0", "a plugin 1.0", "get_weather")
    assert (get_weather.owner, get_weather.place) == ("", __name__)
    assert owned("Oslo") == "Oslo: rain for 1 days"
    assert owned.read_arguments({"city": "Oslo"}) == {"city": "Oslo"}
    assert "a plugin 1.0" in repr(owned)


def test_a_tool_that_cannot_be_is_refused_with_its_owner_or_module() -> None:
    with pytest.raises(ToolDefinitionError, match=r"tool 'odd' of a plugin 1\.0: timeout = 0 is no"):
        Tool("odd", get_weather.handler, timeout=0, owner="a plugin 1.0")
    with pytest.raises(
        ToolDefinitionError, match=f"tool 'odd' of {__name__}: its schema refers to 'http://x/y'"
    ):
        tool(name="odd", parameters={"properties": {"v": {"$ref": "http://x/y"}}})(lambda v=1: v)


def test_tools_declare_what_they_cannot_check() -> None:
    schema = {"properties": {"when": {"type": "string", "format": "fuzzy-time"}}}
    assert Tool("remind", lambda when="": when, parameters=schema).unchecked_formats == ("fuzzy-time",)


def test_a_plugin_may_define_a_model_beside_its_tool(context: ToolContext) -> None:
    class Local(BaseModel):
        a: int

    @tool
    def local(value: Local, call: ToolContext | None = None) -> tuple[Local, ToolContext | None]:
        return value, call

    args, kwargs = local.bind(local.read_arguments({"value": {"a": 1}}), context)
    assert local(*args, **kwargs) == (Local(a=1), context)


def test_a_tool_can_be_offered_under_another_name() -> None:
    renamed = get_weather.with_name("forecast")
    assert (renamed.name, get_weather.name) == ("forecast", "get_weather")
    with pytest.raises(ArgumentsError, match="The arguments of forecast do not fit"):
        renamed.read_arguments({"days": []})
    with pytest.raises(ToolDefinitionError, match="1 to 64 letters"):
        get_weather.with_name("not a name")

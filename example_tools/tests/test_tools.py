"""The tools, as their author tests them: called as functions, and with arguments as an agent sends them."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agentframework import Tool, ToolContext, ToolError
from agentframework_example_tools.clock import world_time
from agentframework_example_tools.coffee import CoffeeMachine, make_coffee, switched_on
from agentframework_example_tools.dice import roll_dice
from agentframework_example_tools.primes import count_primes
from agentframework_example_tools.restaurant import Booking, Restaurant
from agentframework_example_tools.safe import unlock_safe
from agentframework_example_tools.timer import start_timer
from agentframework_example_tools.units import convert_units


def context(tool_name: str) -> ToolContext:
    return ToolContext("conv_1", "call_1", tool_name, time.monotonic() + 10, threading.Event())


def call(tool: Tool[..., Any], sent: object) -> object:
    """What a tool gives for arguments as an agent sends them."""
    positional, named = tool.bind(tool.read_arguments(sent), context(tool.name))
    return tool(*positional, **named)


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Oslo", "Europe/Oslo"),
        ("New York", "America/New_York"),
        ("new york", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("Port-au-Prince", "America/Port-au-Prince"),
        ("Oslo, Norway", "Europe/Oslo"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_the_time_in_a_city_is_that_of_its_zone(city: str, zone: str) -> None:
    before = datetime.now(ZoneInfo(zone))
    said = world_time(city)
    after = datetime.now(ZoneInfo(zone))
    assert said.partition(" it is ")[2] in {f"{moment:%H:%M} on {moment:%A}." for moment in (before, after)}


def test_a_misspelt_city_is_answered_with_what_comes_near() -> None:
    with pytest.raises(ToolError, match=r"named after 'Osslo'.*mean Oslo"):
        world_time("Osslo")


@pytest.mark.parametrize("city", ["Atlantis by the Sea", "", "UTC", "日本"])
def test_a_place_without_a_zone_is_answered_with_advice(city: str) -> None:
    with pytest.raises(ToolError, match=r"large city nearby|Did you mean"):
        world_time(city)


def test_the_city_is_the_only_argument_and_is_described() -> None:
    assert world_time.schema["required"] == ["city"]
    assert "such as Oslo" in world_time.schema["properties"]["city"]["description"]
    assert world_time.description.startswith("Tell what time it is")


def test_a_timer_waits_as_long_as_it_was_told() -> None:
    started = time.monotonic()
    assert asyncio.run(start_timer(0.05)) == "Time is up after 0.05 s."
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("seconds", [0, -1, 11, "soon"])
def test_a_timer_refuses_what_it_cannot_wait(seconds: object) -> None:
    with pytest.raises(Exception, match="seconds"):
        start_timer.read_arguments({"seconds": seconds})


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"value": 10, "from_unit": "miles", "to_unit": "kilometers"}, "10 miles are 16.0934 kilometers."),
        ({"value": "10", "from_unit": "Miles", "to_unit": "KILOMETERS"}, "10 miles are 16.0934 kilometers."),
        ({"value": 100, "from_unit": "celsius", "to_unit": "fahrenheit"}, "100 celsius are 212 fahrenheit."),
        ({"value": 212, "from_unit": "fahrenheit", "to_unit": "celsius"}, "212 fahrenheit are 100 celsius."),
        ({"value": 2, "from_unit": "feet", "to_unit": "feet"}, "2 feet are 2 feet."),
        ({"value": 1, "from_unit": "gallons", "to_unit": "liters"}, "1 gallons are 3.78541 liters."),
    ],
)
def test_units_of_one_kind_are_converted(sent: dict[str, object], said: str) -> None:
    assert call(convert_units, sent) == said


def test_units_of_two_kinds_are_told_apart() -> None:
    with pytest.raises(ToolError, match="miles cannot be converted to pounds"):
        call(convert_units, {"value": 1, "from_unit": "miles", "to_unit": "pounds"})


def test_an_unknown_unit_never_reaches_the_tool() -> None:
    with pytest.raises(Exception, match=r"to_unit: expected .*meters"):
        convert_units.read_arguments({"value": 1, "from_unit": "miles", "to_unit": "leagues"})


def test_a_restaurant_books_until_its_seats_are_taken() -> None:
    book = Tool("book_table", Restaurant().book, parameters=Booking)
    said = call(book, {"people": "4", "day": "friday", "name": "Ann"})
    assert said == "A table for 4 people on Friday is booked in the name of Ann."
    call(book, {"people": 12, "day": "Friday", "name": "Bob"})
    with pytest.raises(ToolError, match="only 4 seats are free"):
        call(book, {"people": 5, "day": "Friday", "name": "Cy"})
    assert "one person on Saturday" in str(call(book, {"people": 1, "day": "Saturday", "name": "Cy"}))


@pytest.mark.parametrize(
    ("limit", "count"),
    [(0, 0), (1, 0), (2, 1), (3, 2), (100, 25), (250_001, 22_044), (250_002, 22_044), (1_000_000, 78_498)],
)
def test_primes_are_counted(limit: int, count: int) -> None:
    assert (
        count_primes(limit, context("count_primes")) == f"There are {count:,} prime numbers up to {limit:,}."
    )


def test_counting_stops_when_nobody_waits() -> None:
    cancelled = context("count_primes")
    cancelled.cancelled.set()
    with pytest.raises(ToolError, match="stopped"):
        count_primes(50_000_000, cancelled)


def test_the_agent_never_sees_the_context() -> None:
    assert set(count_primes.schema["properties"]) == {"limit"}


def test_the_safe_fails_in_both_ways() -> None:
    with pytest.raises(ToolError, match="'1234' is not its code"):
        unlock_safe("1234")
    with pytest.raises(ToolError, match="is locked"):
        unlock_safe()
    with pytest.raises(RuntimeError, match="motor"):
        unlock_safe("0000")


def test_a_coffee_is_made_by_a_machine_that_is_on_for_as_long_as_it_is_needed() -> None:
    async def morning() -> tuple[CoffeeMachine, list[str]]:
        async with switched_on() as machine:
            assert machine.is_on
            drinks = [make_coffee(drink, machine, context("make_coffee")) for drink in ("espresso", "latte")]
            return machine, await asyncio.gather(*drinks)

    machine, said = asyncio.run(morning())
    assert said == ["The espresso is ready.", "The latte is ready."]
    assert not machine.is_on
    assert set(make_coffee.schema["properties"]) == {"drink"}


def test_a_plain_function_becomes_a_tool_with_its_bounds() -> None:
    tool = Tool("roll_dice", roll_dice)
    assert call(tool, {}) in {f"You rolled a {face}." for face in range(1, 7)}
    assert "together" in str(call(tool, {"dice": 3, "sides": 20}))
    with pytest.raises(Exception, match="dice"):
        tool.read_arguments({"dice": 1000})

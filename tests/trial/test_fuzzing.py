"""The search finds tools that crash, hang or return what cannot be told, and shows the shortest arguments for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from agentframework import App, Tool, ToolError, tool
from agentframework.trial.fuzzing import FuzzResult, fuzz

Hosts = Callable[..., App]


def found(hosts: Hosts, one: Tool[..., Any], examples: int = 100) -> FuzzResult:
    return fuzz(hosts(one).new_session, one, max_examples=examples, start=7)


def test_a_crash_is_shown_with_the_shortest_arguments(hosts: Hosts) -> None:
    @tool
    def divide(dividend: int, divisor: int) -> float:
        return dividend / divisor

    result = found(hosts, divide)
    assert result.fault is not None
    assert result.fault.outcome == "exception"
    assert result.fault.arguments == {"dividend": 0, "divisor": 0}
    assert "internal error" in result.fault.text


def test_a_result_that_cannot_be_told_is_found(hosts: Hosts) -> None:
    @tool
    def odd(numbers: list[int]) -> object:
        return object() if len(numbers) > 2 else "fine"

    result = found(hosts, odd)
    assert result.fault is not None
    assert (result.fault.outcome, result.fault.arguments) == ("unencodable result", {"numbers": [0, 0, 0]})
    assert result.outcomes["ok"] > 0


def test_a_tool_that_hangs_is_not_asked_for_ever(hosts: Hosts) -> None:
    free = threading.Event()

    @tool(timeout=0.1)
    def hang(word: str) -> str:
        if word:
            free.wait()
        return word

    result = found(hosts, hang)
    free.set()
    assert result.fault is not None
    assert result.fault.outcome == "timeout"
    assert result.outcomes["timeout"] == 3


def test_a_sound_tool_is_found_sound(hosts: Hosts) -> None:
    calls: list[object] = []

    @tool
    def echo(word: str, number: int | None = None) -> str:
        calls.append((word, number))
        if number == 0:
            raise ToolError("any other number")
        return word

    result = found(hosts, echo, 50)
    assert result.fault is None
    assert result.ran
    assert result.calls == 50
    assert len(calls) == 50
    assert len(set(map(repr, calls))) > 25


def test_the_same_seed_makes_the_same_calls(hosts: Hosts) -> None:
    calls: list[object] = []

    @tool
    def echo(word: str) -> None:
        calls.append(word)

    found(hosts, echo, 20)
    first = list(calls)
    calls.clear()
    found(hosts, echo, 20)
    assert calls == first


def test_a_tool_that_fails_now_and_then_is_reported_too(hosts: Hosts) -> None:
    turns = iter(range(10_000))

    @tool
    def flaky(word: str) -> str:
        if next(turns) % 5 == 4:
            raise RuntimeError(word)
        return word

    result = found(hosts, flaky)
    assert result.fault is not None
    assert result.fault.outcome == "exception"


@pytest.mark.parametrize("bound", [1, 3])
def test_arguments_that_nothing_fits_are_no_calls(hosts: Hosts, bound: int) -> None:
    schema = {"properties": {"v": {"type": "integer", "minimum": 2, "maximum": bound, "multipleOf": 5}}}

    def move(v: int) -> None: ...

    impossible: Tool[..., Any] = Tool("move", move, parameters={**schema, "required": ["v"]})
    result = found(hosts, impossible)
    assert (result.calls, result.fault, result.ran) == (0, None, False)

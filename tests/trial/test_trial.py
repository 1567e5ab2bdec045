"""A call in a trial goes the way of an agent's call, and ends in one of its ways."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agentframework import App, ToolContext, ToolError, tool
from agentframework.trial.trial import Trial

Hosts = Callable[..., App]


@tool
def add(a: int, b: int = 1) -> int:
    return a + b


@tool
async def greet(name: str, context: ToolContext) -> str:
    context.progress("half way")
    return f"Hello {name}"


@tool
def fail(how: str) -> object:
    if how == "tool error":
        raise ToolError("say another word")
    if how == "exception":
        raise RuntimeError(how)
    return object()


def test_arguments_are_repaired_and_the_result_is_told(hosts: Hosts) -> None:
    with Trial(hosts(add).new_session) as trial:
        ending = trial.call("add", {"a": "2"})
        assert (ending.answered.outcome, ending.heard, ending.answered.owner) == ("ok", "3", "a plugin")
        assert [trial.call("add", {"a": number}).heard for number in range(20)] == [
            str(number + 1) for number in range(20)
        ]


def test_what_the_tool_says_meanwhile_is_kept_with_its_call(hosts: Hosts) -> None:
    with Trial(hosts(greet, add).new_session) as trial:
        ending = trial.call("greet", {"name": "Ada"})
        assert ending.heard == "Hello Ada"
        assert len(ending.context) == 1
        assert "half way" in ending.context[0]
        assert trial.call("add", {"a": 1}).context == ()


@pytest.mark.parametrize(
    ("name", "parameters", "outcome"),
    [
        ("add", {}, "bad arguments"),
        ("ad", {"a": 1}, "unknown tool"),
        ("fail", {"how": "tool error"}, "tool error"),
        ("fail", {"how": "exception"}, "exception"),
        ("fail", {"how": "object"}, "unencodable result"),
    ],
)
def test_a_failure_is_shown_to_the_agent_as_the_platform_would(
    hosts: Hosts, name: str, parameters: dict[str, object], outcome: str
) -> None:
    app = hosts(add, fail)
    with Trial(app.new_session) as trial:
        hidden = trial.call(name, parameters)
    with Trial(app.new_session, error_handling="passthrough") as trial:
        shown = trial.call(name, parameters)
    assert hidden.answered.outcome == shown.answered.outcome == outcome
    assert hidden.heard == "the tool failed, and what it said is hidden from the agent"
    assert shown.heard == shown.answered.text


def test_a_tool_that_hangs_is_answered_at_its_deadline(hosts: Hosts) -> None:
    free = threading.Event()

    @tool(timeout=0.1)
    def hang() -> None:
        free.wait()

    with Trial(hosts(hang).new_session) as trial:
        assert trial.call("hang", {}).answered.outcome == "timeout"
        free.set()


def test_a_call_that_is_open_when_the_session_ends_has_its_outcome_too(hosts: Hosts) -> None:
    begun, free = threading.Event(), threading.Event()

    @tool
    def hang() -> None:
        begun.set()
        free.wait()

    trial = Trial(hosts(hang).new_session)
    trial.start()
    ending = trial._caller.call("hang", {})
    assert begun.wait(5)
    trial.close()
    free.set()
    assert ending.result(5).answered.outcome == "shutdown"

"""How a tool wants to be run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.tools.options import Options, ToolOptions
from agentframework.tools.tool import Tool, tool


@tool(timeout=5, risk="read", light=True)
def look_up(word: str) -> str:
    """Looks a word up."""
    return word


def test_a_decorator_takes_every_option_by_its_name() -> None:
    assert (look_up.options.timeout, look_up.options.risk, look_up.options.light) == (5, "read", True)
    assert look_up.timeout == 5
    assert look_up.options.own == {"timeout", "risk", "light"}


def test_what_nobody_says_is_as_careful_as_can_be() -> None:
    assert Tool("plain", look_up.handler).options == Options()
    assert Options().risk == "write"
    assert Options().idempotent is None


def test_the_two_lists_of_options_are_one() -> None:
    fields = set(Options.__dataclass_fields__) - {"own"}
    assert set(ToolOptions.__annotations__) == fields
    for name in fields:
        look_up.with_options(**{name: getattr(Options(), name)})


def test_a_copy_with_other_options_leaves_the_tool_as_it_is() -> None:
    changed = look_up.with_options(risk="dangerous", timeout=None)
    assert (changed.options.risk, changed.timeout, changed.options.light) == ("dangerous", None, True)
    assert (look_up.options.risk, look_up.timeout) == ("read", 5)
    assert changed.options.own == {"timeout", "risk", "light"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        *(
            ("timeout", wrong, "no number of seconds above zero")
            for wrong in (0, -1, math.inf, math.nan, True, "5")
        ),
        ("settle", -1, "no number of seconds above zero"),
        ("settle", True, "no number of seconds above zero"),
        ("risk", "deadly", "none of 'read', 'write', 'dangerous'"),
        ("on_interrupt", "stop", "none of 'finish', 'cancel'"),
        ("late_result", "say", "none of 'drop', 'context'"),
        ("max_concurrency", 0, "no whole number above zero"),
        ("max_concurrency", True, "no whole number above zero"),
        ("serial", "", "neither True nor False nor the text of a key"),
        ("idempotent", 1, "neither True nor False"),
        ("light", None, "neither True nor False"),
        ("worker", "", "no name of a worker"),
        ("placement", ["gpu"], "no mapping of names to values"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_the_tools_name(
    name: str, value: Any, said: str
) -> None:
    options: Any = {name: value}
    with pytest.raises(ToolDefinitionError, match=f"tool 'odd' of a plugin 1.0: {name} = .* is {said}"):
        Tool("odd", look_up.handler, owner="a plugin 1.0", **options)


def test_an_option_that_is_not_known_is_told_the_nearest_one() -> None:
    options: Any = {"time_out": 3}
    with pytest.raises(ToolDefinitionError, match=r"there is no option 'time_out'.*'timeout'"):
        Tool("odd", look_up.handler, **options)

"""A tool's name fits the wire, and every refusal names the tool and its place."""

from __future__ import annotations

import functools

import pytest

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import define, innermost, name_of


def handler() -> None:
    """Does nothing."""


@pytest.mark.parametrize("name", ["a", "get_weather", "Get-Weather-2", "_", "x" * 64])
def test_a_name_that_the_wire_takes_is_taken(name: str) -> None:
    assert define(name, handler, "a plugin").tool == name


@pytest.mark.parametrize("name", ["", "x" * 65, "get weather", "wétter", "a.b", "a\n", "<lambda>", None, 7])
def test_any_other_name_is_refused(name: object) -> None:
    with pytest.raises(ToolDefinitionError, match="1 to 64 letters, digits, _ or -") as caught:
        define(name, handler, "a plugin")
    assert "of a plugin" in str(caught.value)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="its handler is of type int, which cannot be called"):
        define("seven", 7, "")


def test_a_refusal_names_the_owner() -> None:
    said = str(define("greet", handler, "agentframework-hello 1.0").refused("it is rude", "be kind"))
    assert said == "tool 'greet' of agentframework-hello 1.0: it is rude; be kind"


def test_a_refusal_names_the_module_while_nobody_owns_the_tool() -> None:
    partial = functools.partial(functools.partial(handler))
    assert define("greet", handler, "").refused("").owner == __name__
    assert define("greet", partial, "").refused("").owner == __name__


def test_a_partial_has_the_name_of_its_function() -> None:
    partial = functools.partial(functools.partial(handler))
    assert innermost(partial) is handler
    assert name_of(partial) == "handler"


def test_a_callable_object_has_no_name_of_its_own() -> None:
    class Callable:
        def __call__(self) -> None: ...

    assert name_of(Callable()) == ""

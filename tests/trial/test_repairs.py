"""Each place that the repairs have changed is told, and nothing that is marked is shown."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from agentframework import ArgumentsError, Sensitive, Tool
from agentframework.trial.repairs import Repair, repairs


def move(x: int, fast: bool = False, path: list[list[int]] = [], more: dict[str, int] = {}) -> None:  # noqa: B006
    ...


@pytest.mark.parametrize(
    ("sent", "made"),
    [
        ({"x": 1}, ()),
        ({"x": "1"}, (Repair("x", "1", 1),)),
        ({"x": 1.0}, (Repair("x", 1.0, 1),)),
        ({"x": 1, "fast": "true"}, (Repair("fast", "true", True),)),
        ({"x": 1, "path": [[1], ["2", 3]]}, (Repair("path[1][0]", "2", 2),)),
        ({"x": 1, "path": "[[1]]"}, (Repair("path", "[[1]]", [[1]]),)),
        ({"x": 1, "more": {"a": "1"}}, (Repair("more.a", "1", 1),)),
        ('{"x": 1}', (Repair("the arguments", '{"x": 1}', {"x": 1}),)),
    ],
)
def test_a_repair_has_its_place_what_was_sent_and_what_it_became(
    sent: object, made: tuple[Repair, ...]
) -> None:
    found = repairs(Tool("move", move), sent)
    assert found == made
    assert [type(one.became) for one in found] == [type(one.became) for one in made]


def test_no_arguments_are_no_repair() -> None:
    def wait() -> None: ...

    tool: Tool[..., Any] = Tool("wait", wait)
    assert repairs(tool, None) == ()


def test_what_is_refused_raises() -> None:
    with pytest.raises(ArgumentsError):
        repairs(Tool("move", move), {"x": "y"})


@pytest.mark.parametrize(
    ("sent", "made"),
    [
        ({"pin": "4111"}, (Repair("pin", "***", "***"),)),
        ({"cards": '[{"n": 4111, "of": "Ada"}]'}, (Repair("cards", "***", [{"n": "***", "of": "Ada"}]),)),
        ({"cards": [{"n": "4111", "of": "Ada"}]}, (Repair("cards[0].n", "***", "***"),)),
        ('{"pin": 4111}', (Repair("the arguments", "***", {"pin": "***"}),)),
    ],
)
def test_what_is_marked_is_not_shown(sent: object, made: tuple[Repair, ...]) -> None:
    card = {"type": "object", "properties": {"n": {"type": "integer", "x-sensitive": True}, "of": {}}}
    schema = {
        "properties": {
            "pin": {"type": "integer", "x-sensitive": True},
            "cards": {"type": "array", "items": card},
        }
    }
    found = repairs(Tool("pay", lambda **given: None, parameters=schema), sent)
    assert "4111" not in repr(found)
    assert [one.place for one in found] == [one.place for one in made]
    assert [one.became for one in found] == [one.became for one in made]


def test_a_marked_parameter_of_a_signature_is_not_shown_either() -> None:
    def pay(pin: Annotated[int, Sensitive]) -> None: ...

    assert repairs(Tool("pay", pay), {"pin": "4111"}) == (Repair("pin", "***", "***"),)

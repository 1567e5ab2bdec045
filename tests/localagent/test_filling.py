"""Arguments are filled by type from what was said, and what was not said is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.filling import Filling
from agentframework.localagent.matching import KnownTool, read_tool
from agentframework.localagent.words import read_line
from talker_sets import TODAY, declared


def _tool(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> KnownTool:
    return read_tool(declared("do_task", "Do the task.", properties, optional=optional))


def _request(tool: KnownTool, text: str) -> dict[str, Any]:
    return Filling(tool, read_line(text), TODAY).of_request().arguments


def _answer(tool: KnownTool, text: str) -> dict[str, Any]:
    return Filling(tool, read_line(text), TODAY).of_answer(tool.parameters[0]).arguments


INTEGER, NUMBER, TEXT, FLAG = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
DATE, TIME, MOMENT, EMAIL = (
    {"type": "string", "format": kind} for kind in ("date", "time", "date-time", "email")
)


def _choice(*values: object) -> dict[str, Any]:
    return {"enum": list(values)}


@pytest.mark.parametrize(
    ("properties", "said", "arguments"),
    [
        (
            {"sides": INTEGER, "dice": INTEGER},
            "do the task with 3 dice and 20 sides",
            {"dice": 3, "sides": 20},
        ),
        ({"width": NUMBER, "height": NUMBER}, "task: height 2.5, width is 4", {"width": 4, "height": 2.5}),
        ({"width": NUMBER, "height": NUMBER}, "do the task 3 by 4", {"width": 3, "height": 4}),
        (
            {"low": {"type": "integer", "maximum": 9}, "high": INTEGER},
            "task 50 and 5",
            {"low": 5, "high": 50},
        ),
        ({"count": INTEGER}, "do the task 2.5 times", {}),
        ({"share": NUMBER}, "do the task at 12.5 percent", {"share": 12.5}),
        ({"seconds": NUMBER}, "do the task for a minute and a half", {"seconds": 90}),
        ({"hours": INTEGER}, "do the task for 2 days", {"hours": 48}),
        ({"size": _choice("small", "extra large")}, "do an EXTRA-LARGE task", {"size": "extra large"}),
        ({"size": _choice("small", "large")}, "do the larger task", {}),
        ({"kind": _choice("cat", "dog")}, "do the task with dogs", {"kind": "dog"}),
        ({"level": _choice(1, 2, 3)}, "do the task on level two", {"level": 2}),
        ({"unit": _choice("m", "M")}, "do the task in M", {"unit": "M"}),
        ({"day": _choice("Monday", "Thursday")}, "do the task tomorrow", {"day": "Thursday"}),
        ({"day": _choice("Monday", "Thursday")}, "do the task today", {}),
        ({"state": _choice("on", "off")}, "turn the task off", {"state": "off"}),
        ({"state": _choice("on", "off")}, "do the task on Friday", {}),
        ({"zone": _choice("Europe/Oslo", "Asia/Tokyo")}, "do the task in asia/tokyo", {"zone": "Asia/Tokyo"}),
        ({"day": DATE}, "do the task tomorrow", {"day": "2026-03-05"}),
        ({"first": DATE, "until": DATE}, "do the task until Friday from today", None),
        ({"start": DATE, "end": DATE}, "do the task to Friday from today", None),
        ({"at": TIME}, "do the task at half past six", {"at": "06:30:00"}),
        ({"at": {"type": "string", "description": "As HH:MM."}}, "do the task at 6 pm", {"at": "18:00"}),
        ({"when": MOMENT}, "do the task on Friday at 18:15", {"when": "2026-03-06T18:15:00"}),
        ({"when": MOMENT}, "do the task at noon", {"when": "2026-03-04T12:00:00"}),
        ({"day": TEXT}, "do the task next Monday", {"day": "next Monday"}),
        ({"email": TEXT}, "do the task for a.b@c.org", {"email": "a.b@c.org"}),
        ({"to": EMAIL}, "do the task for a.b@c.org", {"to": "a.b@c.org"}),
        ({"on": FLAG}, "switch the task on", {"on": True}),
        ({"on": FLAG}, "do the task on Sunday", {}),
        ({"enabled": FLAG}, "disable the task", {"enabled": False}),
        ({"locked": FLAG}, "unlock the task", {"locked": False}),
        ({"gift_wrap": FLAG}, "do the task without gift wrap", {"gift_wrap": False}),
        ({"gift_wrap": FLAG}, "do the task, gift-wrapped", {"gift_wrap": True}),
        ({"numbers": {"type": "array", "items": INTEGER}}, "task 3, five and 12", {"numbers": [3, 5, 12]}),
        ({"days": {"type": "array", "items": DATE}}, "task today and on Friday", None),
        ({"names": {"type": "array", "items": TEXT}}, "do the task for Bo, Al and Kim Lee", None),
        ({"data": {"type": "object"}}, "do the task with a and b", {}),
        ({"text": TEXT}, 'do the task "as it is" now', {"text": "as it is"}),
        ({"city": TEXT}, "do the task in Rio de Janeiro, please", {"city": "Rio de Janeiro"}),
        ({"city": TEXT}, "do the task in Oslo because I have to leave", {"city": "Oslo"}),
        ({"city": TEXT}, "do the task in Oslo and in Bergen", {"city": "Oslo"}),
        ({"city": TEXT}, "perform the task", {}),
        ({"city": TEXT}, "I want to perform the task", {}),
        ({"city": TEXT}, "perform a task in Oslo", {"city": "Oslo"}),
        ({"city": TEXT}, "Do The Task In New York", {"city": "New York"}),
        ({"from_city": TEXT, "to_city": TEXT}, "task to Bergen from New York", None),
        ({"title": TEXT, "name": TEXT}, "do the task, title: two words, name Bo", None),
        ({"code": TEXT}, "do the task with code 0042", {"code": "0042"}),
    ],
)
def test_values_go_where_their_types_and_the_words_beside_them_say(
    properties: dict[str, Any], said: str, arguments: dict[str, Any] | None
) -> None:
    expected = arguments if arguments is not None else _LATER[said]
    assert _request(_tool(properties), said) == expected


_LATER: dict[str, dict[str, Any]] = {
    "do the task until Friday from today": {"first": "2026-03-04", "until": "2026-03-06"},
    "do the task to Friday from today": {"start": "2026-03-04", "end": "2026-03-06"},
    "task today and on Friday": {"days": ["2026-03-04", "2026-03-06"]},
    "do the task for Bo, Al and Kim Lee": {"names": ["Bo", "Al", "Kim Lee"]},
    "task to Bergen from New York": {"from_city": "New York", "to_city": "Bergen"},
    "do the task, title: two words, name Bo": {"title": "two words", "name": "Bo"},
}


def test_what_may_be_left_out_is_left_out_unless_it_is_said() -> None:
    tool = _tool(
        {"text": TEXT, "copies": INTEGER, "color": _choice("red", "blue"), "urgent": FLAG, "note": TEXT},
        optional=("copies", "color", "urgent", "note"),
    )
    assert _request(tool, "do the task iPhone 15") == {"text": "iPhone 15"}
    assert _request(tool, "do the task in red, 3 copies, urgent: a hat") == {
        "text": "a hat",
        "copies": 3,
        "color": "red",
        "urgent": True,
    }


def test_one_optional_text_takes_what_is_quoted_or_follows_a_preposition() -> None:
    tool = _tool({"place": TEXT}, optional=("place",))
    assert _request(tool, "do the task") == {}
    assert _request(tool, "do the task again now") == {}
    assert _request(tool, "do the task in the garden") == {"place": "garden"}
    assert _request(tool, 'do the task "there"') == {"place": "there"}


@pytest.mark.parametrize(
    ("schema", "said", "value"),
    [
        (INTEGER, "ten", 10),
        (INTEGER, "it's about 12, I think", 12),
        (TEXT, "in Oslo", "Oslo"),
        (TEXT, "Oslo, please", "Oslo"),
        (TEXT, "it is Oslo.", "Oslo"),
        (TEXT, '"The Hague"', "The Hague"),
        (FLAG, "yes, please", True),
        (FLAG, "no", False),
        (FLAG, "off", False),
        (TIME, "five", "05:00:00"),
        (DATE, "the day after tomorrow", "2026-03-06"),
        (_choice("a", "in"), "in", "in"),
        ({"type": "array", "items": TEXT}, "milk and eggs", ["milk", "eggs"]),
        ({"type": "array", "items": INTEGER}, "[1, 2]", [1, 2]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
    ],
)
def test_an_answer_is_read_by_the_type_that_was_asked_for(
    schema: dict[str, Any], said: str, value: object
) -> None:
    assert _answer(_tool({"thing": schema}), said) == {"thing": value}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (INTEGER, "many"),
        (INTEGER, "2.5"),
        ({"type": "integer", "maximum": 10}, "11"),
        (DATE, "some day"),
        (_choice("red", "blue"), "green"),
        ({"type": "object"}, "[1]"),
        ({"type": "object"}, '{"a": NaN}'),
    ],
)
def test_an_answer_of_another_type_is_no_value(schema: dict[str, Any], said: str) -> None:
    assert _answer(_tool({"thing": schema}), said) == {}


def test_a_number_that_is_said_for_one_parameter_is_not_taken_by_another() -> None:
    dice = {"type": "integer", "maximum": 20}
    tool = _tool({"dice": dice, "sides": INTEGER}, optional=("dice", "sides"))
    filled = Filling(tool, read_line("do the task with 30 dice"), TODAY).of_request()
    assert filled.arguments == {}
    assert filled.misfits == {"dice"}


def test_words_that_say_nothing_are_no_name() -> None:
    assert _answer(_tool({"city": TEXT}), "tell me") == {}
    assert _answer(_tool({"text": TEXT}), "tell me") == {"text": "tell me"}


def test_a_number_that_answers_for_one_parameter_is_not_taken_by_another() -> None:
    tool = _tool({"people": {"type": "integer", "maximum": 12}, "table": INTEGER})
    assert _answer(tool, "13") == {}
    assert _answer(tool, "4 at table 7") == {"people": 4, "table": 7}


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_named_numbers_are_found_in_any_order(one: int, other: int) -> None:
    tool = _tool({"first": INTEGER, "other": INTEGER})
    assert _request(tool, f"do the task, other {other}, first {one}") == {"first": one, "other": other}


@given(st.text("abcdefgh ", min_size=1).map(str.strip).filter(bool))
def test_quoted_text_goes_in_as_it_is(text: str) -> None:
    tool = read_tool(ToolDeclaration("task", "Do it.", {"properties": {"s": TEXT}, "required": ["s"]}))
    assert _request(tool, f'task "{text}"') == {"s": text}

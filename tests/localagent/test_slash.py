"""Commands with a slash are read exactly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.matching import read_tool
from agentframework.localagent.slash import SlashCall, SlashCommand, SlashMistake, read_slash
from talker_sets import declared

_TOOL = read_tool(
    declared(
        "paint",
        "Paint it.",
        {
            "count": {"type": "integer"},
            "size": {"type": "number"},
            "dry": {"type": "boolean"},
            "color": {"enum": ["red", 5]},
            "tags": {"type": "array", "items": {"type": "integer"}},
            "more": {"type": "object"},
            "text": {"type": "string"},
        },
    )
)


def _read(line: str) -> SlashCall | SlashCommand | SlashMistake | None:
    return read_slash(line, {"paint": _TOOL})


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("", {}),
        ("count=5 size=2.5 dry=yes", {"count": 5, "size": 2.5, "dry": True}),
        ("size=2 dry=FALSE", {"size": 2, "dry": False}),
        ("count=five", {"count": "five"}),
        ("count=2.5 dry=maybe size=NaN", {"count": "2.5", "dry": "maybe", "size": "NaN"}),
        ("count=true", {"count": "true"}),
        ("color=red", {"color": "red"}),
        ("color=5", {"color": 5}),
        ("color=green", {"color": "green"}),
        ("tags=1,2,x", {"tags": [1, 2, "x"]}),
        ("tags=[1,2]", {"tags": [1, 2]}),
        ("tags=", {"tags": []}),
        ("""more='{"a": null}'""", {"more": {"a": None}}),
        ("more=nothing", {"more": "nothing"}),
        ("text='two words' other=1", {"text": "two words", "other": "1"}),
        ("text=a=b", {"text": "a=b"}),
        ("text=", {"text": ""}),
        ('{"count": "5", "x": [1]}', {"count": "5", "x": [1]}),
        ("{}", {}),
    ],
)
def test_a_call_is_read_by_the_types_and_wrong_values_pass(written: str, arguments: dict[str, Any]) -> None:
    assert _read(f"  /call paint {written}") == SlashCall("paint", arguments)


def test_a_call_of_a_tool_that_is_not_declared_has_texts() -> None:
    assert _read("/call missing a=1") == SlashCall("missing", {"a": "1"})


@pytest.mark.parametrize(
    "line",
    [
        "/call",
        "/call  ",
        "/call paint red",
        "/call paint =5",
        "/call paint a='b",
        "/call paint {a",
        '/call paint {"a": NaN}',
    ],
)
def test_a_call_that_cannot_be_read_is_a_mistake_that_shows_how(line: str) -> None:
    read = _read(line)
    assert isinstance(read, SlashMistake)
    assert "/call NAME key=value" in read.text


def test_half_a_character_goes_into_no_call() -> None:
    assert isinstance(_read(r'/call paint {"text": "\ud800"}'), SlashMistake)


def test_other_commands_are_words() -> None:
    assert _read("/Tools") == SlashCommand("tools")
    assert _read("/") == SlashCommand("")
    assert _read("tools") is None


@given(st.text())
def test_any_text_after_a_call_is_read_or_is_a_mistake(text: str) -> None:
    assert isinstance(_read(f"/call paint {text}"), SlashCall | SlashMistake)

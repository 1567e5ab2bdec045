"""Calls, results and durations are written on one line that fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.cli.phrases import (
    Summary,
    call_text,
    count,
    duration_text,
    flat,
    harmless,
    result_text,
    shortened,
)

texts = st.text(st.characters(codec="utf-8"), max_size=200)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def test_a_call_is_written_as_python_would() -> None:
    assert call_text("world_time", {"city": "Oslo"}, width=80) == 'world_time(city="Oslo")'
    assert call_text("add", {"a": 1, "b": 2.5, "c": None}, width=80) == "add(a=1, b=2.5, c=null)"


@pytest.mark.parametrize("parameters", [None, {}])
def test_a_call_without_arguments_has_empty_brackets(parameters: object) -> None:
    assert call_text("now", parameters, width=80) == "now()"


def test_arguments_that_are_no_object_are_shown_as_they_came() -> None:
    assert call_text("now", [1, "two"], width=80) == 'now([1, "two"])'


def test_long_values_are_cut_before_whole_arguments_are() -> None:
    said = call_text("note", {"text": "word " * 40, "day": "Monday"}, width=50)
    assert said.startswith('note(text="word word')
    assert said.endswith('…", day="Monday")')
    assert len(said) <= 50


def test_a_name_that_is_not_given_is_a_question_mark() -> None:
    assert call_text("", {}, width=40) == "?()"


@given(name=texts, parameters=json_values, width=st.integers(20, 120))
def test_a_call_is_one_line_that_fits_its_width(name: str, parameters: object, width: int) -> None:
    said = call_text(name, parameters, width=width)
    assert len(said) <= width
    assert "\n" not in said


@given(text=texts, width=st.integers(3, 120))
def test_a_result_is_one_line_that_fits_its_width(text: str, width: int) -> None:
    said = result_text(text, width=width)
    assert len(said) <= width
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("14:03", '"14:03"'),
        ("", '""'),
        ("7", "7"),
        ("-2.5e3", "-2.5e3"),
        ("true", "true"),
        ('{"a": 1}', '{"a": 1}'),
        ("[1,2]", "[1,2]"),
        ("two\nlines", '"two lines"'),
    ],
)
def test_a_result_that_is_text_stands_in_quotes_and_json_does_not(text: str, shown: str) -> None:
    assert result_text(text, width=40) == shown


def test_a_long_result_says_that_something_is_left_out() -> None:
    assert result_text("x" * 100, width=12) == '"' + "x" * 9 + '…"'
    assert result_text("[" + "1," * 100 + "1]", width=12) == "[1,1,1,1,1…]"


@given(texts)
def test_nothing_that_is_shown_can_steer_a_terminal(text: str) -> None:
    shown = harmless(text + "\x1b[2J\x9b31m\r\x07\u202e")
    assert not any((ord(sign) < 32 and sign != "\n") or 127 <= ord(sign) < 160 for sign in shown)
    assert "\u202e" not in shown


def test_flat_text_is_one_line() -> None:
    assert flat("  a\r\n\tb \u2028 c ") == "a b c"


@pytest.mark.parametrize(
    ("width", "shown"), [(10, "abcdefghij"), (9, "abcdefgh…"), (1, "…"), (0, "")], ids=str
)
def test_shortened_text_ends_with_a_mark(width: int, shown: str) -> None:
    assert shortened("abcdefghij", width) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (0.0031, "3 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_durations_are_written_for_people(seconds: float, said: str) -> None:
    assert duration_text(seconds) == said


def test_one_is_singular_and_none_is_a_word() -> None:
    assert [count(number, "tool") for number in (0, 1, 2)] == ["no tools", "1 tool", "2 tools"]


def test_a_summary_is_one_line() -> None:
    summary = Summary(turns=4, tool_calls=3, errors=1, duration=12.34, conversation_id="conv_1")
    assert summary.text() == "4 turns, 3 tool calls, 1 error, 12.3 s, conversation conv_1"
    assert summary.text(" · ").endswith(" · conversation conv_1")


def test_a_summary_without_a_conversation_names_none() -> None:
    assert Summary(0, 0, 0, 0.5, None).text() == "no turns, no tool calls, no errors, 500 ms"

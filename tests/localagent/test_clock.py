"""Times of day are read as people say them."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.clock import find_times
from agentframework.localagent.words import read_line


def _times(text: str, *, bare: bool = True) -> list[str]:
    return [found.value.isoformat("minutes") for found in find_times(read_line(text).tokens, bare=bare)]


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ("17:30", ["17:30"]),
        ("5 pm", ["17:00"]),
        ("5pm", ["17:00"]),
        ("5:15 p.m.", ["17:15"]),
        ("12 am", ["00:00"]),
        ("noon and midnight", ["12:00", "00:00"]),
        ("half past nine", ["09:30"]),
        ("quarter to six", ["05:45"]),
        ("ten past two pm", ["14:10"]),
        ("five thirty", ["05:30"]),
        ("six o'clock", ["06:00"]),
        ("8 in the evening", ["20:00"]),
        ("7 in the morning", ["07:00"]),
        ("at 5", ["05:00"]),
        ("from 9 to 17:30", ["09:00", "17:30"]),
        ("25:00", []),
        ("13 pm", []),
        ("5 apples", []),
    ],
)
def test_times_of_day_are_read(said: str, times: list[str]) -> None:
    assert _times(said) == times


def test_a_lone_number_is_a_time_only_where_one_is_looked_for() -> None:
    assert _times("at 5", bare=False) == []


@given(st.times())
def test_a_written_time_is_that_time(said: time) -> None:
    found = find_times(read_line(f"at {said:%H:%M:%S}").tokens, bare=False)
    assert [one.value for one in found] == [said.replace(microsecond=0)]

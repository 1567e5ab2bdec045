"""Days, times of day and durations are read as people say them."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.moments import find_dates, find_durations, find_times
from agentframework.localagent.words import read_line
from talker_sets import TODAY


def _dates(text: str, today: date = TODAY) -> list[str]:
    return [found.value.isoformat() for found in find_dates(read_line(text).tokens, today)]


def _times(text: str, *, bare: bool = True) -> list[str]:
    return [found.value.isoformat("minutes") for found in find_times(read_line(text).tokens, bare=bare)]


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("today", ["2026-03-04"]),
        ("tomorrow and yesterday", ["2026-03-05", "2026-03-03"]),
        ("the day after tomorrow", ["2026-03-06"]),
        ("on Friday", ["2026-03-06"]),
        ("on wednesday", ["2026-03-11"]),
        ("this Tuesday", ["2026-03-10"]),
        ("next Friday", ["2026-03-13"]),
        ("next Monday", ["2026-03-09"]),
        ("next week", ["2026-03-11"]),
        ("since Monday", ["2026-03-02"]),
        ("since March 1st", ["2026-03-01"]),
        ("in three days", ["2026-03-07"]),
        ("in a week", ["2026-03-11"]),
        ("two weeks from now", ["2026-03-18"]),
        ("5 days ago", ["2026-02-27"]),
        ("12 March", ["2026-03-12"]),
        ("the 3rd of May", ["2026-05-03"]),
        ("May 3rd", ["2026-05-03"]),
        ("February 1", ["2027-02-01"]),
        ("Feb 1 2026", ["2026-02-01"]),
        ("2026-12-24", ["2026-12-24"]),
        ("24.12.2026", ["2026-12-24"]),
        ("30 February", []),
        ("2026-13-45", []),
        ("in 99999999 days", []),
        ("may I", []),
        ("in 20 minutes", []),
    ],
)
def test_days_are_counted_from_today(said: str, days: list[str]) -> None:
    assert _dates(said) == days


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


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("20 minutes", [1200]),
        ("half an hour", [1800]),
        ("an hour and a half", [5400]),
        ("two hours and five minutes", [7500]),
        ("a quarter of an hour", [900]),
        ("a minute", [60]),
        ("1.5 hours", [5400]),
        ("three days", [259200]),
        ("20 apples", []),
    ],
)
def test_durations_are_read_in_seconds(said: str, seconds: list[float]) -> None:
    assert [found.value for found in find_durations(read_line(said).tokens)] == seconds


@given(st.dates(min_value=date(1000, 1, 1)), st.dates(date(1000, 1, 1), date(9990, 12, 31)))
def test_a_written_day_is_that_day_whatever_today_is(said: date, today: date) -> None:
    assert _dates(f"on {said.isoformat()} please", today) == [said.isoformat()]
    assert _dates(f"on {said.day} {said:%B} {said.year}", today) == [said.isoformat()]


@given(st.dates(date(1000, 1, 1), date(9990, 12, 31)), st.sampled_from(["monday", "friday", "Sunday"]))
def test_a_weekday_is_the_next_one(today: date, name: str) -> None:
    day = date.fromisoformat(_dates(name, today)[0])
    assert timedelta(0) < day - today <= timedelta(7)
    assert f"{day:%A}".casefold() == name.casefold()


@given(st.times())
def test_a_written_time_is_that_time(said: time) -> None:
    found = find_times(read_line(f"at {said:%H:%M:%S}").tokens, bare=False)
    assert [one.value for one in found] == [said.replace(microsecond=0)]

"""Days are read as people say them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.days import find_dates
from agentframework.localagent.words import read_line
from talker_sets import TODAY


def _dates(text: str, today: date = TODAY) -> list[str]:
    return [found.value.isoformat() for found in find_dates(read_line(text).tokens, today)]


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


@given(st.dates(min_value=date(1000, 1, 1)), st.dates(date(1000, 1, 1), date(9990, 12, 31)))
def test_a_written_day_is_that_day_whatever_today_is(said: date, today: date) -> None:
    assert _dates(f"on {said.isoformat()} please", today) == [said.isoformat()]
    assert _dates(f"on {said.day} {said:%B} {said.year}", today) == [said.isoformat()]


@given(st.dates(date(1000, 1, 1), date(9990, 12, 31)), st.sampled_from(["monday", "friday", "Sunday"]))
def test_a_weekday_is_the_next_one(today: date, name: str) -> None:
    day = date.fromisoformat(_dates(name, today)[0])
    assert timedelta(0) < day - today <= timedelta(7)
    assert f"{day:%A}".casefold() == name.casefold()

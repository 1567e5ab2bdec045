"""Counting within a minute, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentframework.policy.rates import MINUTE, Rate, Rates

steps = st.lists(st.integers(0, 80).map(lambda halves: halves / 2), max_size=60)


@given(st.integers(1, 5), steps)
def test_never_more_than_the_limit_within_a_minute(most: int, pauses: list[float]) -> None:
    rate, now, counted = Rate(most), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if rate.wait(now) == 0:
            rate.count(now)
            counted.append(now)
        else:
            assert sum(at > now - MINUTE for at in counted) >= most
        assert sum(at > now - MINUTE for at in counted) <= most


def test_the_wait_is_until_the_oldest_call_is_a_minute_old() -> None:
    rate = Rate(2)
    rate.count(0.0)
    rate.count(20.0)
    assert rate.wait(25.0) == 35.0
    assert rate.wait(60.0) == 0.0


def test_a_runaway_is_said_once_and_goes_on_until_it_stops() -> None:
    rate = Rate(3)
    said = [rate.trips(float(second)) for second in range(100)]
    assert said == [(False, False)] * 3 + [(True, True)] + [(True, False)] * 96
    assert rate.trips(99.0 + MINUTE + 1) == (False, False)


def test_keys_that_are_idle_are_forgotten() -> None:
    rates = Rates(3)
    for number in range(100):
        rates.of(number, 0.0).count(0.0)
    rates.of("new", MINUTE + 1)
    assert len(rates) == 1


def test_no_more_keys_than_are_kept() -> None:
    rates = Rates(3, kept=10)
    for number in range(100):
        rates.of(number, 0.0).count(0.0)
    assert len(rates) == 10

"""What is remembered of calls that succeeded is bounded."""

from __future__ import annotations

from agentframework.policy.repeats import Repeats


def succeed(repeats: Repeats, number: int, text: str = "done", now: float = 0.0) -> None:
    repeats.lead(f"c{number}", ("pay", str(number)))
    repeats.settle(f"c{number}", ok=True, text=text, now=now)


def test_texts_are_dropped_before_the_calls_are_forgotten() -> None:
    repeats = Repeats(60.0, kept_characters=100)
    for number in range(5):
        succeed(repeats, number, "x" * 40)
    assert [repeats.done(("pay", str(number)), 1.0) for number in range(5)] == [
        *[(1.0, None)] * 3,
        *[(1.0, "x" * 40)] * 2,
    ]


def test_a_text_that_is_too_long_drops_no_other() -> None:
    repeats = Repeats(60.0, kept_characters=100)
    succeed(repeats, 1, "short")
    succeed(repeats, 2, "x" * 101)
    assert repeats.done(("pay", "1"), 0.0) == (0.0, "short")
    assert repeats.done(("pay", "2"), 0.0) == (0.0, None)


def test_only_so_many_are_kept() -> None:
    repeats = Repeats(60.0, kept=10)
    for number in range(100):
        succeed(repeats, number)
    assert [number for number in range(100) if repeats.done(("pay", str(number)), 0.0)] == list(
        range(90, 100)
    )


def test_what_the_window_has_passed_is_forgotten_with_its_text() -> None:
    repeats = Repeats(60.0, kept_characters=100)
    succeed(repeats, 1, "x" * 90, now=0.0)
    succeed(repeats, 2, "y" * 90, now=61.0)
    assert repeats.done(("pay", "1"), 61.0) is None
    assert repeats.done(("pay", "2"), 61.0) == (0.0, "y" * 90)

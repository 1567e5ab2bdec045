"""Lines come from a descriptor one at a time, and never after they are not wanted any more."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.cli.lines import PipeLines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The reading and the writing end."""
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test has closed it already


def all_lines(reading: int) -> list[str]:
    """Every line up to the end of the input."""
    given_lines: queue.Queue[str | None] = queue.Queue()
    lines = PipeLines(reading)
    lines.start(given_lines.put, pytest.fail)
    found = []
    while (line := given_lines.get(timeout=10)) is not None:
        found.append(line)
        lines.more()
    return found


def lines_of(text: bytes) -> list[str]:
    """Every line of a pipe that holds `text`."""
    reading, writing = os.pipe()
    try:
        os.write(writing, text)
        os.close(writing)
        return all_lines(reading)
    finally:
        os.close(reading)


def test_lines_come_in_order_and_then_the_end() -> None:
    assert lines_of(b"one\ntwo\nthree\n") == ["one", "two", "three"]


def test_a_last_line_needs_no_line_break() -> None:
    assert lines_of(b"one\ntwo") == ["one", "two"]


def test_blank_lines_and_white_space_around_are_left_out() -> None:
    assert lines_of(b"\n  one \r\n\n\t\ntwo\n\n") == ["one", "two"]


def test_what_is_no_utf_8_does_not_end_the_input() -> None:
    assert lines_of(b"Z\xfcrich\nOslo\n") == ["Z\ufffdrich", "Oslo"]


def test_an_empty_input_is_the_end_at_once() -> None:
    assert lines_of(b"") == []


def test_no_descriptor_is_an_empty_input() -> None:
    given_lines: queue.Queue[str | None] = queue.Queue()
    PipeLines(None).start(given_lines.put, pytest.fail)
    assert given_lines.get(timeout=10) is None


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=30), max_size=8))
def test_every_line_that_is_not_blank_arrives_as_it_was(texts: list[str]) -> None:
    assert lines_of("\n".join(texts).encode()) == [text.strip() for text in texts if text.strip()]


def test_the_next_line_waits_until_it_is_wanted(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    given_lines: queue.Queue[str | None] = queue.Queue()
    lines = PipeLines(reading)
    lines.start(given_lines.put, pytest.fail)
    os.write(writing, b"one\ntwo\n")
    assert given_lines.get(timeout=10) == "one"
    with pytest.raises(queue.Empty):
        given_lines.get(timeout=0.05)
    lines.more()
    assert given_lines.get(timeout=10) == "two"


def test_nothing_comes_after_stop(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    given_lines: queue.Queue[str | None] = queue.Queue()
    lines = PipeLines(reading)
    lines.start(given_lines.put, pytest.fail)
    os.write(writing, b"one\n")
    assert given_lines.get(timeout=10) == "one"
    lines.stop()
    lines.stop()
    os.write(writing, b"two\n")
    os.close(writing)
    with pytest.raises(queue.Empty):
        given_lines.get(timeout=0.05)

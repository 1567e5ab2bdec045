"""Durations are read as people say them."""

from __future__ import annotations

import pytest

from agentframework.localagent.durations import find_durations
from agentframework.localagent.words import read_line


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

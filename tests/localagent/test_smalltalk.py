"""Remarks are told from requests by the whole line."""

from __future__ import annotations

import pytest

from agentframework.localagent.smalltalk import read_remark
from agentframework.localagent.words import read_line


@pytest.mark.parametrize(
    ("said", "remark"),
    [
        ("Bye!", "bye"),
        ("thanks, bye bye", "bye"),
        ("Hello there", "hello"),
        ("good evening!", "hello"),
        ("thank you very much", "thanks"),
        ("never mind, thanks", "drop"),
        ("oh, forget it", "drop"),
        ("What can you do?", "tools"),
        ("help", "help"),
        ("cancel", None),
        ("hello kitty", None),
        ("thanks for the time in Oslo", None),
        ("help me to open it", None),
        ("stop", None),
    ],
)
def test_a_remark_is_a_line_that_says_nothing_else(said: str, remark: str | None) -> None:
    assert read_remark(read_line(said), is_answer=False) == remark


@pytest.mark.parametrize("said", ["cancel", "Stop it.", "no, thanks", "nothing"])
def test_a_refusal_is_a_remark_where_a_question_is_open(said: str) -> None:
    assert read_remark(read_line(said), is_answer=True) == "drop"
    assert read_remark(read_line(said), is_answer=False) in {None, "thanks"}

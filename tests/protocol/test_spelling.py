"""A misspelt word is shown its nearest neighbour, and only where there is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.protocol.spelling import did_you_mean

KNOWN = ("user_message", "user_activity", "pong")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("user_mesage", "; did you mean user_message?"), ("pnog", "; did you mean pong?"), ("x", ""), ("", "")],
)
def test_the_nearest_word_is_named(word: str, hint: str) -> None:
    assert did_you_mean(word, KNOWN) == hint


@given(st.text(max_size=200))
def test_only_known_words_are_named(word: str) -> None:
    assert did_you_mean(word, KNOWN) in {"", *(f"; did you mean {known}?" for known in KNOWN)}

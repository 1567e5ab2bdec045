"""A word that is nearly right is answered by the right one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.spelling import did_you_mean, nearest

KNOWN = ["connect_timeout", "api_key", "url"]


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("apikey", "api_key"),
        ("API-KEY", "api_key"),
        ("connectTimeout", "connect_timeout"),
        ("ulr", "url"),
        ("colour", None),
    ],
)
def test_the_nearest_word_is_found(word: str, right: str | None) -> None:
    assert nearest(word, KNOWN) == right


def test_the_question_names_the_word_and_is_left_out_where_nothing_is_near() -> None:
    assert did_you_mean("apikey", KNOWN) == "did you mean 'api_key'?"
    assert did_you_mean("colour", KNOWN) == ""


def test_what_stands_before_the_question_is_left_out_with_it() -> None:
    assert did_you_mean("apikey", KNOWN, after="; ") == "; did you mean 'api_key'?"
    assert did_you_mean("colour", KNOWN, after="; ") == ""


@given(st.text(max_size=200))
def test_only_known_words_are_named(word: str) -> None:
    assert nearest(word, KNOWN) in {None, *KNOWN}

"""Lines become tokens, and words that mean the same have one stem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.localagent.words import is_typo_of, name_words, read_line, stem_of


@pytest.mark.parametrize(
    "words",
    [
        "light lights",
        "city cities",
        "cancel cancels cancelled cancelling",
        "plan plans planned planning",
        "remind reminder reminders reminding",
        "switch switches switched",
        "side sides sided",
        "reserve reserved reservation reservations",
        "translate translates translating translation",
        "invite invitation invited",
        "call calls called calling",
        "convert converts converted converting",
    ],
)
def test_the_forms_of_a_word_have_one_stem(words: str) -> None:
    assert len({stem_of(word) for word in words.split()}) == 1


@pytest.mark.parametrize("words", ["time timer", "lock unlock", "is", "bus us"])
def test_words_that_differ_keep_different_stems(words: str) -> None:
    assert len({stem_of(word) for word in words.split()}) == len(words.split())


@pytest.mark.parametrize("name", ["set_alarm", "setAlarm", "set-alarm", "SetAlarm", "SET_ALARM", "set.alarm"])
def test_a_name_is_split_into_its_words(name: str) -> None:
    assert name_words(name) == ["set", "alarm"]


def test_a_name_with_digits_and_capitals_is_split_where_they_change() -> None:
    assert name_words("parseHTML5Page") == ["parse", "html", "5", "page"]


def test_numbers_times_dates_addresses_and_files_are_one_token_each() -> None:
    line = read_line("at 17:30, on 2026-03-04: -2.5% of 1,000 to a.b@c.org (see report.pdf, 5pm p.m.)!")
    kinds = [(token.text, token.kind) for token in line.tokens if token.kind != "mark"]
    assert kinds == [
        ("at", "word"),
        ("17:30", "clock"),
        ("on", "word"),
        ("2026-03-04", "date"),
        ("-2.5%", "number"),
        ("of", "word"),
        ("1,000", "number"),
        ("to", "word"),
        ("a.b@c.org", "email"),
        ("see", "word"),
        ("report.pdf", "word"),
        ("5pm", "clock"),
        ("p.m", "word"),
    ]


def test_quoted_text_is_one_token_and_an_apostrophe_is_no_quote() -> None:
    for quote in ('"big green"', "'big green'", "“big green”", "«big green»", "`big green`"):
        tokens = read_line(f"don't say {quote} to Bob's cat").tokens
        assert [token.text for token in tokens] == ["don't", "say", "big green", "to", "Bob's", "cat"]
        assert tokens[2].kind == "quoted"


def test_hyphens_join_words_and_the_text_between_tokens_is_kept() -> None:
    line = read_line("a twenty-one   year-old")
    assert [token.low for token in line.tokens] == ["a", "twenty", "one", "year", "old"]
    assert line.said(1, 5) == "twenty-one   year-old"


def test_a_name_is_a_capital_inside_a_sentence_unless_all_words_have_one() -> None:
    line = read_line("Is Anna in New York? Maybe I am")
    assert [token.text for at, token in enumerate(line.tokens) if line.is_name(at)] == ["Anna", "New", "York"]
    title = read_line("Turn On The Light In The Hall")
    assert not any(title.is_name(at) for at in range(len(title.tokens)))


@pytest.mark.parametrize("said", ["temprature", "temperrature", "tempirature", "tempearture", "temperatur"])
def test_one_wrong_letter_is_a_typing_error(said: str) -> None:
    assert is_typo_of(said, "temperature")


@pytest.mark.parametrize(
    ("said", "meant"), [("light", "night"), ("lock", "clock"), ("kitten", "sitting"), ("mended", "blended")]
)
def test_short_words_and_other_beginnings_are_no_typing_errors(said: str, meant: str) -> None:
    assert not is_typo_of(said, meant)


@given(st.text(max_size=60))
def test_every_token_says_where_it_stands(text: str) -> None:
    line = read_line(text)
    ends = [0]
    for token in line.tokens:
        assert ends[-1] <= token.start < token.end <= len(text)
        assert token.text in text[token.start : token.end]
        ends.append(token.end)


@given(st.text(max_size=20))
def test_any_word_has_a_stem(word: str) -> None:
    assert len(stem_of(word)) <= len(word) + 1

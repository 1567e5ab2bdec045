"""What is taken out of texts, and what scripts and emoji keep."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentframework.cleaning import clean

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct") + "\U000e007f"
ODD = (
    "\x1b[]m0;\x07\\\x9b\x9d \n\tab\u00ad\u061c\u200b\u200c\u200d\u200e\u202e\u2066\u2060\ufeff\ufe0f\ufe00"
    "\u180b\u1820\U000e0041\U000e007f\U000e0100\U0001f3f4\U0001f468\u2764\u0645\u0915\u094d\u4e00" + TAGS
)
texts = st.text() | st.text(ODD, max_size=40)
SPOKEN = [
    "plain text",
    "two\nlines\tand a tab",
    "Zürich, naïve, 日本語, 한국어",
    "می‌خواهم نمی‌دانم",  # Persian: ZWNJ within words
    "क्‍ष र्‍य শ্‌চ ക്‍",  # Devanagari, Bengali and Malayalam: joiners behind the virama
    "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️‍🔥 1️⃣ ☎︎",
    f"\U0001f3f4{TAGS}",
    "葛󠄀 is written in two ways",
    "ᠮᠣᠩᠭᠣᠯ᠋",
]


@pytest.mark.parametrize("text", SPOKEN)
def test_what_people_write_stays(text: str) -> None:
    assert clean(text) is text or clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "textlink"),
        ("\x9b2Jgone \x9dtitle\x9cseen", "gone seen"),
        ("\x1bcreset \x1b(0box", "reset box"),
        ("an \x1b]open end", "an ]open end"),
        ("\x1b\x1b[31m[31m", "[31m"),
        ("10%\r20%\x08\x08\x07", "10%20%"),
        ("line\r\nline", "line\nline"),
        ("pass\u200bword\u2060 \ufeffand so on\u00ad", "password and so on"),
        ("user\u202egnp.exe\u202c \u2066x\u2069", "usergnp.exe x"),
        ("a" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore") + "b", "ab"),
        (
            "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey") + "\U000e007f",
            "\U0001f3f4",
        ),
        ("😀" + "\ufe0f\ufe01\U000e0110\U000e0120" + "!", "😀\ufe0f!"),
        ("la\u200ctin le\u200dtters", "latin letters"),
        ("😀\u200d", "😀"),
        ("😀\u200d\u200d😀", "😀😀"),
    ],
)
def test_what_nobody_sees_and_what_steers_a_terminal_goes(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(texts)
def test_nothing_is_added_and_nothing_changes_its_place(text: str) -> None:
    left = iter(text)
    assert all(character in left for character in clean(text))


@given(texts)
def test_no_control_but_tab_and_line_feed_is_left(text: str) -> None:
    controls = {character for character in clean(text) if unicodedata.category(character) == "Cc"}
    assert controls <= {"\n", "\t"}


@given(texts)
def test_of_formatting_characters_only_joiners_flags_and_what_is_seen_is_left(text: str) -> None:
    cleaned = clean(text)
    for bad in "\u00ad\u061c\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\U000e0001":
        assert bad not in cleaned
    assert not any(
        "\U000e0020" <= character <= "\U000e007f" for character in cleaned.replace(f"🏴{TAGS}", "")
    )


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Mn"])))
def test_what_is_clean_is_the_same_object(text: str) -> None:
    assert clean(text) is text


@pytest.mark.parametrize(
    "piece", ["\x1b]", "\x1b[", "\x1b[0;", "\x9d", "\u200d", "\ufe0f", "\U0001f3f4", "\x1b "]
)
def test_long_odd_texts_take_no_long_time(piece: str) -> None:
    clean(piece * 200_000)

"""The nearest right word for one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]

_LONGEST = 64


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`; case, "-", "_", "." and blanks do not count. None where nothing is near.

    Only the first 64 characters of `word` are looked at: it may come from anywhere.
    """
    word = word[:_LONGEST]
    by_spelling: dict[str, list[str]] = {}
    for right in sorted(known):
        by_spelling.setdefault(_spelling(right), []).append(right)
    found = difflib.get_close_matches(_spelling(word), by_spelling, n=1)
    if not found:
        return None
    return max(by_spelling[found[0]], key=lambda right: difflib.SequenceMatcher(None, word, right).ratio())


def did_you_mean(word: str, known: Iterable[str], *, after: str = "") -> str:
    """The question that names the nearest right word, behind `after`; nothing at all where no word is near."""
    right = nearest(word, known)
    return "" if right is None else f"{after}did you mean {right!r}?"


def _spelling(word: str) -> str:
    return word.casefold().translate(str.maketrans("-. ", "___"))

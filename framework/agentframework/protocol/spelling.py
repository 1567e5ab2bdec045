"""Finds the known word that a misspelt one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean"]

_LONGEST = 64


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that names the word of `known` nearest to `word`; empty where none is near."""
    near = get_close_matches(word[:_LONGEST], list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""

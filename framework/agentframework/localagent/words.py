"""What somebody typed, as tokens: words with their stems, numbers, marks and quoted text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

__all__ = [
    "PARTICLES",
    "STOP_WORDS",
    "WEAK_WORDS",
    "Found",
    "Line",
    "Token",
    "is_typo_of",
    "low_at",
    "name_words",
    "read_line",
    "stem_of",
    "word_list",
    "word_set",
]

Kind = Literal["word", "number", "mark", "quoted", "email", "date", "clock"]
T_co = TypeVar("T_co", covariant=True)


def word_list(text: str) -> list[str]:
    """The words of a text that is written for its words alone."""
    return text.split()


def word_set(text: str) -> frozenset[str]:
    """The same without order."""
    return frozenset(text.split())


# Words that say nothing about what is wanted.
STOP_WORDS: Final = word_set(
    """a an the this that these those it its it's i i'm i'd i'll i've me my mine myself we we're us our you your yours
    he she him her his they them their there here somebody someone something anything everything nothing some any
    each both and or but so if then because since while as than not no yes to of in on off at by for from with
    without into onto out up down over under about above below between before after during until till through
    is are am was were be been being do does did don't doesn't didn't can can't could couldn't will won't would
    wouldn't shall should may might must have has had having please thanks thank hello hi hey ok okay well um uh oh
    just now right currently maybe perhaps again also too very really quite more most less least let's
    got gonna wanna kindly ya yep yeah sure"""
)

# Words that nearly every request has: alone they choose nothing, but they may tell two tools apart.
WEAK_WORDS: Final = word_set(
    """tell show give get set make put take let use say want need like know see hear listen go come bring keep try
    what what's where where's when who who's whose how why which much many thing things other another all every
    only same next latest"""
)

_QUOTED: Final = re.compile(r'"([^"]*)"|“([^“”]*)”|«([^«»]*)»|`([^`]*)`|(?<!\w)[\'‘]([^\'‘’]*)[\'’](?!\w)')
_PIECE: Final = re.compile(r"\S+")
_PART: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:[ap]\.?m)?|\d{1,2}[ap]\.?m", re.IGNORECASE)
_JOINTS: Final = frozenset("-_\u2010\u2011")
_MERIDIEM: Final = re.compile(r"[ap]\.m", re.IGNORECASE)
_FILE: Final = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)*\.[a-z][a-z0-9]{1,4}")
_WEB: Final = ("http://", "https://", "www.")
_NUMBER: Final = re.compile(r"[+\-−]?[$€£]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)[%€$£]?")
_OPENING: Final = "([{<¿¡*_~"
_CLOSING: Final = ".,;:!?)]}>*_~…"
_NAME_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+|[^\W_]")


# Small words that tell "put it in" from "take it out".
PARTICLES: Final = word_set("from out off up down into onto over back away")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line; `start` and `end` are offsets in its text, `low` and `stem` are how it is compared."""

    text: str
    start: int
    end: int
    kind: Kind
    low: str
    stem: str

    @property
    def is_mark(self) -> bool:
        return self.kind == "mark"

    @property
    def is_stop(self) -> bool:
        return self.low in STOP_WORDS

    @property
    def is_content(self) -> bool:
        """Whether it is a word that may say what is wanted."""
        return self.kind == "word" and self.low not in STOP_WORDS and self.low not in WEAK_WORDS


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """A value that the tokens from `start` up to `end` say."""

    start: int
    end: int
    value: T_co


@dataclass(frozen=True, slots=True)
class Line:
    """A text and its tokens."""

    text: str
    tokens: tuple[Token, ...]
    is_title: bool
    """Nearly Every Word Is Capitalised, So That Capitals Say Nothing."""

    def said(self, start: int, end: int) -> str:
        """The text of the tokens from `start` up to `end`, as it was typed."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""

    def is_name(self, index: int) -> bool:
        """Whether the token is a capitalised word where a sentence would not have one anyway."""
        if not _is_capital(self.tokens[index]) or self.is_title:
            return False
        return index > 0 and self.tokens[index - 1].text not in {".", "!", "?", ":"}


def read_line(text: str) -> Line:
    """The tokens of a text, in time linear in its length."""
    tokens = tuple(_tokens(text))
    words = [token for token in tokens if token.kind == "word"]
    small = sum(not _is_capital(token) for token in words)
    return Line(text, tokens, len(words) > 3 and small * 4 <= len(words))


def _is_capital(token: Token) -> bool:
    return token.kind == "word" and token.text[0].isupper() and token.low.split("'")[0] != "i"


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    for quote in _QUOTED.finditer(text):
        inner = next((group for group in quote.groups() if group is not None), "")
        if not inner.strip():
            continue
        yield from _unquoted(text, at, quote.start())
        yield Token(inner.strip(), quote.start(), quote.end(), "quoted", inner.strip().casefold(), "")
        at = quote.end()
    yield from _unquoted(text, at, len(text))


def _unquoted(text: str, start: int, end: int) -> Iterator[Token]:
    for piece in _PIECE.finditer(text, start, end):
        first, last = piece.span()
        while first < last and text[first] in _OPENING:
            yield _token(text, first, first + 1, "mark")
            first += 1
        inner = last
        while inner > first and text[inner - 1] in _CLOSING:
            inner -= 1
        yield from _inner(text, first, inner)
        for mark in range(inner, last):
            yield _token(text, mark, mark + 1, "mark")


def _inner(text: str, start: int, end: int) -> Iterator[Token]:
    piece = text[start:end]
    kind = _kind_of(piece)
    if kind is not None:
        yield _token(text, start, end, kind)
        return
    for part in _PART.finditer(text, start, end):
        said = part.group()
        if said in _JOINTS and start < part.start() < end - 1:
            continue
        if said[0].isalnum():
            yield _token(text, *part.span(), "number" if _NUMBER.fullmatch(said) else "word")
        else:
            yield _token(text, *part.span(), "mark")


def _kind_of(piece: str) -> Kind | None:
    if _NUMBER.fullmatch(piece):
        return "number"
    if _CLOCK.fullmatch(piece):
        return "clock"
    if _DATE.fullmatch(piece):
        return "date"
    if _MERIDIEM.fullmatch(piece) or _FILE.fullmatch(piece) or piece.startswith(_WEB):
        return "word"
    return "email" if "@" in piece and _EMAIL.fullmatch(piece) else None


def _token(text: str, start: int, end: int, kind: Kind) -> Token:
    said = text[start:end]
    low = said.casefold().replace("’", "'")
    if kind == "word" and _MERIDIEM.fullmatch(low):
        low = low.replace(".", "")
    return Token(said, start, end, kind, low, stem_of(low) if kind == "word" else low)


def low_at(tokens: Sequence[Token], at: int) -> str:
    """The token's text in small letters, or "" beyond either end."""
    return tokens[at].low if 0 <= at < len(tokens) else ""


def name_words(name: str) -> list[str]:
    """The words of a tool's or parameter's name in lower case: `set_alarm`, `setAlarm` and `set-alarm` are two."""
    return [part.casefold() for part in _NAME_PART.findall(name)]


def stem_of(word: str) -> str:
    """A word without the endings that English gives it; the same for all forms of most words, and no word itself."""
    word = word.removesuffix("'s").removesuffix("s'")
    if len(word) > 3 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "xes", "zes", "ches", "shes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    word = _without(word, "ing", 3)
    word = _without(word, "ed", 3)
    word = _without(word, "er", 5)
    word = _without(word, "ion", 4)
    word = word.removesuffix("e") if len(word) > 3 else word
    return _without(word, "at", 4) if len(word) > 6 else word


def _without(word: str, ending: str, at_least: int) -> str:
    if not word.endswith(ending) or len(word) - len(ending) < at_least:
        return word
    left = word[: -len(ending)]
    is_doubled = left[-1] == left[-2] and left[-1] not in "aeious"
    # "calling" has both letters of its own, "cancelling" has not
    return left[:-1] if is_doubled and (left[-1] != "l" or len(left) > 5) else left


def is_typo_of(said: str, meant: str) -> bool:
    """Whether one letter was added, left out, changed, or swapped with its neighbour, in a word of some length."""
    if said == meant or min(len(said), len(meant)) < 6 or said[0] != meant[0]:
        return False
    if abs(len(said) - len(meant)) > 1:
        return False
    same = next((at for at, (one, other) in enumerate(zip(said, meant, strict=False)) if one != other), None)
    if same is None:
        return True
    left, right = said[same:], meant[same:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]

"""Free text in what was said: the values of text parameters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agentframework.localagent.cues import PREPOSITIONS, is_direction_of
from agentframework.localagent.parameters import Parameter
from agentframework.localagent.remainder import (
    NAMING,
    PAUSES,
    SAYING,
    Request,
    is_mark,
    is_polite,
    is_small,
    trimmed,
)
from agentframework.localagent.words import Line, Token, word_set

__all__ = [
    "Phrase",
    "answered_phrase",
    "chunks_of",
    "cued_phrase",
    "items_of",
    "only_phrase",
    "quoted_phrases",
    "told_phrase",
]

_FILLERS: Final = word_set(
    """it it's its is that that's would be should the a an in at to for of about on called named make take use
    from with i i'd i'm like want my let's"""
)
_LINKS: Final = word_set("is are = : the a an of called named")
_EXPLICIT: Final = frozenset({"is", "=", ":", "called", "named"})
_ARTICLES: Final = frozenset({"the", "a", "an"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that was said, the places of its tokens, and the preposition before it."""

    text: str
    places: tuple[int, ...]
    cue: str = ""
    is_name: bool = False


def only_phrase(request: Request, parameter: Parameter, used: Collection[int]) -> Phrase | None:
    """The value of the one text that a request has: what is quoted, or what is left without the request's words.

    `used` are the places of the tokens that are other values.
    """
    quoted = quoted_phrases(request.line, used)
    if quoted:
        return quoted[0]
    return _phrase(request.line, request.text_in(_free(request.line, used), parameter))


def answered_phrase(line: Line, parameter: Parameter, used: Collection[int]) -> Phrase | None:
    """The value of a text that was asked for: the whole line without "please", or "it is in" before a name."""
    quoted = quoted_phrases(line, used)
    if quoted:
        return quoted[0]
    left = trimmed(line, _free(line, used), is_polite, is_polite)
    if parameter.says != "prose":
        if all(is_small(line.tokens[place]) for place in left):
            return None
        while len(left) > 1 and _is_filler(line.tokens[left[0]], parameter):
            del left[0]
    elif len(left) in {2, 3} and line.tokens[left[0]].text in _ARTICLES:
        left = left[1:]
    return _phrase(line, left)


def cued_phrase(
    request: Request, parameter: Parameter, used: Collection[int], *, others: AbstractSet[str] = frozenset()
) -> Phrase | None:
    """The text that its parameter's name introduces: "name Smith", "title: two words", "from Oslo" for `from_city`.

    A name that the tool's name or description holds needs "is" or a colon, because it is said anyway. `others` are
    the stems of the other parameters' names.
    """
    line = request.line
    for place, token in enumerate(line.tokens):
        is_named = token.is_content and token.stem in parameter.stems
        if place in used or not (is_named or is_direction_of(parameter, token.low)):
            continue
        begin = place + 1
        while begin < len(line.tokens) and line.tokens[begin].low in _LINKS and begin not in used:
            begin += 1
        links = {other.low for other in line.tokens[place + 1 : begin]}
        if is_named and token.stem in request.core and not links & _EXPLICIT:
            continue
        phrase = _phrase(line, _to_boundary(line, begin, used, others, is_whole=":" in links))
        if phrase is not None:
            return Phrase(phrase.text, (*range(place, begin), *phrase.places))
    return None


def told_phrase(request: Request, used: Collection[int]) -> Phrase | None:
    """All that follows a colon, "that" or "saying", where the request comes before it."""
    line = request.line
    for place, token in enumerate(line.tokens):
        is_cue = place not in used and (token.text == ":" or token.low in SAYING)
        if is_cue and any(before.stem in request.own for before in line.tokens[:place]):
            after = [other for other in _free(line, used) if other > place]
            return _phrase(line, trimmed(line, after, is_mark, is_polite))
    return None


def quoted_phrases(line: Line, used: Collection[int]) -> list[Phrase]:
    """Each quoted text."""
    return [
        Phrase(token.text, (place,))
        for place, token in enumerate(line.tokens)
        if token.kind == "quoted" and place not in used
    ]


def chunks_of(request: Request, parameter: Parameter, used: Collection[int]) -> list[Phrase]:
    """What is left without the request's words, in pieces that end at prepositions, marks and other values."""
    chunks: list[tuple[str, list[int]]] = [("", [])]
    for place, token in enumerate(request.line.tokens):
        is_link = token.low in PREPOSITIONS - {"of"} or token.low in NAMING | SAYING or token.text == ":"
        if place in used or is_link or token.text in PAUSES:
            chunks.append((token.low if is_link else "", []))
        else:
            chunks[-1][1].append(place)
    said = (_phrase(request.line, request.stripped(places, parameter), cue) for cue, places in chunks)
    return [phrase for phrase in said if phrase is not None]


def items_of(line: Line, places: Sequence[int]) -> list[str]:
    """The items of a list that is said with commas and "and"."""
    items: list[list[int]] = [[]]
    for place in places:
        if line.tokens[place].text in {",", ";", "&"} or line.tokens[place].low in {"and", "or", "plus"}:
            items.append([])
        else:
            items[-1].append(place)
    said = (_phrase(line, trimmed(line, item, is_small, is_small)) for item in items)
    return [phrase.text for phrase in said if phrase is not None]


def _free(line: Line, used: Collection[int]) -> list[int]:
    return [place for place in range(len(line.tokens)) if place not in used]


def _phrase(line: Line, places: Sequence[int], cue: str = "") -> Phrase | None:
    """The text of these tokens as it was typed, without what stands between them; None for none."""
    if not places:
        return None
    if len(places) == 1 and line.tokens[places[0]].kind == "quoted":
        return Phrase(line.tokens[places[0]].text, tuple(places), cue)
    runs = [[places[0], places[0] + 1]]
    for before, place in pairwise(places):
        if place == before + 1:
            runs[-1][1] = place + 1
        else:
            runs.append([place, place + 1])
    text = " ".join(line.said(start, end) for start, end in runs)
    return Phrase(text, tuple(places), cue, line.is_name(places[0]))


def _to_boundary(
    line: Line, begin: int, used: Collection[int], others: AbstractSet[str], *, is_whole: bool
) -> list[int]:
    """The places from `begin` to the next value, pause or preposition; with `is_whole` to the next parameter."""
    places: list[int] = []
    for place in range(begin, len(line.tokens)):
        token = line.tokens[place]
        is_end = token.text in PAUSES or token.low in PREPOSITIONS - {"of"} or token.low == "and"
        is_next = token.stem in others and line.tokens[place - 1].text in PAUSES
        if place in used or is_next or (is_end and not is_whole):
            break
        places.append(place)
    return trimmed(line, places, is_mark, is_polite)


def _is_filler(token: Token, parameter: Parameter) -> bool:
    return is_mark(token) or token.low in _FILLERS or token.stem in parameter.stems

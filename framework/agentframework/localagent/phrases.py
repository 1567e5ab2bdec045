"""Free text in what was said: which of its words are the value of a text parameter, and not the request itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agentframework.localagent.cues import PREPOSITIONS, is_direction_of
from agentframework.localagent.parameters import Parameter
from agentframework.localagent.words import WEAK_WORDS, Line, Token, word_set

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

_NAMING: Final = frozenset({"called", "named", "titled", "entitled"})
_SAYING: Final = frozenset({"that", "saying", "says"})
_FILLERS: Final = word_set(
    """it it's its is that that's would be should the a an in at to for of about on called named make take use
    from with i i'd i'm like want my let's"""
)
_PROSE_LINKS: Final = word_set(
    "to that about for of a an the my our some any me us in on with from saying says called named should"
)
_WISHES: Final = word_set("want need like have i'd going gotta would")
_DETERMINERS: Final = word_set("the a an my our your this that these those some any all")
_POLITE: Final = word_set("please thanks thank you well um uh oh ok okay say")
_LINKS: Final = word_set("is are = : the a an of called named")
_EXPLICIT: Final = frozenset({"is", "=", ":", "called", "named"})
# Where a name ends, because another thought begins.
_THOUGHTS: Final = word_set("because since so but if while when right now today please i i'm")
_PAUSES: Final = frozenset({".", ";", "!", "?", ","})
_KEPT_MARKS: Final = frozenset("#@$€£&+/-")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that was said, the places of its tokens, and the preposition before it."""

    text: str
    places: tuple[int, ...]
    cue: str = ""
    is_name: bool = False


def only_phrase(
    line: Line,
    parameter: Parameter,
    own: AbstractSet[str],
    used: Collection[int],
    *,
    small: AbstractSet[str] = frozenset(),
) -> Phrase | None:
    """The value of the one text that a request has: what is quoted, or what is left without the request's words.

    `own` are the stems of the tool's own words, `small` the small words of its description, and `used` the places
    of the tokens that are other values.
    """
    free = [place for place in range(len(line.tokens)) if place not in used]
    quoted = [place for place in free if line.tokens[place].kind == "quoted"]
    if quoted:
        return _phrase(line, quoted[:1])
    left = _introduced(line, parameter, free, own) or _stripped(line, parameter, free, own, small)
    if parameter.says != "prose" and parameter.kind == "text":
        left = _until_thought(line, _after_request(line, left, own))
    return _phrase(line, left)


def answered_phrase(line: Line, parameter: Parameter, used: Collection[int]) -> Phrase | None:
    """The value of a text that was asked for: the whole line without "please", or "it is in" before a name."""
    free = [place for place in range(len(line.tokens)) if place not in used]
    quoted = [place for place in free if line.tokens[place].kind == "quoted"]
    if quoted:
        return _phrase(line, quoted[:1])
    left = _trimmed(line, free, _is_polite, _is_polite)
    if parameter.says != "prose":
        words = list(left)
        while len(words) > 1 and _is_filler(line.tokens[words[0]], parameter):
            del words[0]
        left = words
    elif len(left) in {2, 3} and line.tokens[left[0]].text in {"the", "a", "an"}:
        left = left[1:]
    return _phrase(line, left)


def cued_phrase(
    line: Line,
    parameter: Parameter,
    core: AbstractSet[str],
    used: Collection[int],
    *,
    others: AbstractSet[str] = frozenset(),
) -> Phrase | None:
    """The text that its parameter's name introduces: "name Smith", "title: two words", "from Oslo" for `from_city`.

    A name that is among the tool's own words (`core`) needs "is" or a colon, because it is said anyway. `others`
    are the stems of the other parameters' names.
    """
    stems = {token.stem for token in line.tokens if token.is_content} & parameter.stems
    for place, token in enumerate(line.tokens):
        is_named = token.stem in stems and token.kind == "word"
        if place in used or not (is_named or is_direction_of(parameter, token.low)):
            continue
        begin = place + 1
        while begin < len(line.tokens) and line.tokens[begin].low in _LINKS and begin not in used:
            begin += 1
        links = {other.low for other in line.tokens[place + 1 : begin]}
        if is_named and token.stem in core and not links & _EXPLICIT:
            continue
        phrase = _phrase(line, _to_boundary(line, begin, used, others, is_whole=":" in links))
        if phrase is not None:
            return Phrase(phrase.text, (*range(place, begin), *phrase.places))
    return None


def told_phrase(line: Line, own: AbstractSet[str], used: Collection[int]) -> Phrase | None:
    """All that follows a colon, "that" or "saying", where the request comes before it."""
    for place, token in enumerate(line.tokens):
        is_cue = place not in used and (token.text == ":" or token.low in _SAYING)
        if is_cue and any(before.stem in own for before in line.tokens[:place]):
            free = [after for after in range(place + 1, len(line.tokens)) if after not in used]
            return _phrase(line, _trimmed(line, free, _is_mark, _is_polite))
    return None


def quoted_phrases(line: Line, used: Collection[int]) -> list[Phrase]:
    """Each quoted text."""
    return [
        Phrase(token.text, (place,))
        for place, token in enumerate(line.tokens)
        if token.kind == "quoted" and place not in used
    ]


def chunks_of(line: Line, own: AbstractSet[str], used: Collection[int]) -> list[Phrase]:
    """What is left without the request's words, in pieces that end at prepositions, marks and other values."""
    chunks: list[Phrase] = []
    places: list[int] = []
    cue = ""
    for place, token in enumerate(line.tokens):
        is_link = token.low in PREPOSITIONS - {"of"} or token.low in _NAMING | _SAYING or token.text == ":"
        if place not in used and not is_link and token.text not in _PAUSES:
            places.append(place)
            continue
        chunks += _chunk(line, places, own, cue)
        places, cue = [], token.low if is_link else ""
    return chunks + _chunk(line, places, own, cue)


def items_of(line: Line, places: Sequence[int]) -> list[str]:
    """The items of a list that is said with commas and "and"."""
    items: list[list[int]] = [[]]
    for place in places:
        if line.tokens[place].text in {",", ";", "&"} or line.tokens[place].low in {"and", "or", "plus"}:
            items.append([])
        else:
            items[-1].append(place)
    said = (_phrase(line, _trimmed(line, item, _is_small, _is_small)) for item in items)
    return [phrase.text for phrase in said if phrase is not None]


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


def _chunk(line: Line, places: Sequence[int], own: AbstractSet[str], cue: str) -> list[Phrase]:
    def is_of_request(place: int) -> bool:
        return _is_of_request(line, place, own)

    left = list(places)
    while left and is_of_request(left[0]):
        del left[0]
    while left and is_of_request(left[-1]):
        del left[-1]
    phrase = _phrase(line, left, cue)
    return [] if phrase is None else [phrase]


def _introduced(line: Line, parameter: Parameter, free: Sequence[int], own: AbstractSet[str]) -> list[int]:
    """What follows a colon, "called" or "that", where all that comes before belongs to the request."""
    unknown = 0
    for at, place in enumerate(free):
        token = line.tokens[place]
        is_cue = token.text == ":" or token.low in _NAMING
        is_cue = is_cue or (token.low in _SAYING and parameter.says == "prose")
        if unknown:
            # "arrange a meeting about": only what a word of the tool's own leads to
            is_cue = (is_cue or token.low == "about") and line.tokens[free[at - 1]].stem in own
        if is_cue and any(line.tokens[other].stem in own for other in free[:at]):
            is_left = _is_article if token.low == "about" else _is_mark
            return _trimmed(line, free[at + 1 :], is_left, _is_polite)
        unknown += not _is_of_request(line, place, own)
        if unknown > 1:
            return []
    return []


def _stripped(
    line: Line, parameter: Parameter, free: Sequence[int], own: AbstractSet[str], small: AbstractSet[str]
) -> list[int]:
    """What is left between the request's words at both ends; of a prose text no more is taken than surely theirs."""
    begin, end = 0, len(free)
    while begin < end and _is_of_request(line, free[begin], own):
        begin += 1
    begin = _after_unknown_verb(line, free, begin, own) or begin
    while end > begin and _is_of_request(line, free[end - 1], own):
        end -= 1
    if begin == end or parameter.says != "prose":
        return list(free[begin:end])
    owned = [at for at in range(begin) if line.tokens[free[at]].stem in own]
    begin = owned[-1] + 1 if owned else 0
    if not any(line.tokens[place].stem in own - parameter.stems for place in free[end:]):
        end = len(free)

    def is_link(token: Token) -> bool:
        is_small = token.low in _PROSE_LINKS or token.low in small
        return _is_polite(token) or (is_small and (line.is_title or not token.text[0].isupper()))

    return _trimmed(line, free[begin:end], is_link, _is_polite)


def _after_unknown_verb(line: Line, free: Sequence[int], begin: int, own: AbstractSet[str]) -> int | None:
    """Where the text begins after "arrange the", "arrange a meeting with" or "I want to talk to"."""
    before = [line.tokens[place].low for place in free[:begin]]
    if begin == len(free) or any(line.tokens[place].is_content for place in free[:begin]):
        return None
    follows = line.tokens[free[begin + 1]].low if begin + 1 < len(free) else ""
    is_wish = before[-1:] == ["to"] and not _WISHES.isdisjoint(before)
    if not is_wish and follows not in _DETERMINERS:
        return None
    end = begin + 1
    while end < len(free) and _is_of_request(line, free[end], own):
        end += 1
    return end if end < len(free) or is_wish else None


def _after_request(line: Line, places: Sequence[int], own: AbstractSet[str]) -> list[int]:
    """Of the words for a name, those after the last of the request's own: "local time in Oslo" is "Oslo"."""
    for at in range(len(places) - 2, -1, -1):
        place, follows = places[at], line.tokens[places[at + 1]]
        if line.tokens[place].stem in own and not line.is_name(place) and follows.is_stop:
            return _trimmed(line, places[at + 1 :], _is_small, _is_small)
    return list(places)


def _until_thought(line: Line, places: Sequence[int]) -> list[int]:
    """Of the words for a name, those before a pause or another thought: "Oslo, I have to call them" is "Oslo"."""
    for at in range(1, len(places)):
        token = line.tokens[places[at]]
        follows = line.tokens[places[at + 1]] if at + 1 < len(places) else None
        is_pause = token.text in _PAUSES and (token.text != "," or follows is None or _is_small(follows))
        # "Peter for the pizza", but not "Bridge over Troubled Water"
        is_aside = token.low in PREPOSITIONS - {"of"} and all(line.is_name(place) for place in places[:at])
        is_aside = is_aside and at + 1 < len(places) and not line.is_name(places[at + 1])
        if token.low in _THOUGHTS or is_pause or is_aside:
            return _trimmed(line, places[:at], _is_small, _is_small)
    return list(places)


def _to_boundary(
    line: Line, begin: int, used: Collection[int], others: AbstractSet[str], *, is_whole: bool
) -> list[int]:
    """The places from `begin` to the next value, pause or preposition; with `is_whole` to the next parameter."""
    places: list[int] = []
    for place in range(begin, len(line.tokens)):
        token = line.tokens[place]
        is_end = token.text in _PAUSES or token.low in PREPOSITIONS - {"of"} or token.low == "and"
        is_next = token.stem in others and line.tokens[place - 1].text in _PAUSES
        if place in used or is_next or (is_end and not is_whole):
            break
        places.append(place)
    return _trimmed(line, places, _is_mark, _is_polite)


def _trimmed(
    line: Line, places: Sequence[int], is_left: Callable[[Token], bool], is_right: Callable[[Token], bool]
) -> list[int]:
    left = list(places)
    while left and is_left(line.tokens[left[0]]):
        del left[0]
    while left and is_right(line.tokens[left[-1]]):
        del left[-1]
    return left


def _is_of_request(line: Line, place: int, own: AbstractSet[str]) -> bool:
    token = line.tokens[place]
    if _is_small(token):
        follows = place + 1 < len(line.tokens) and line.is_name(place + 1)
        return not (follows and line.is_name(place))
    return token.kind == "word" and token.stem in own and not line.is_name(place)


def _is_small(token: Token) -> bool:
    return _is_mark(token) or token.is_stop or token.low in WEAK_WORDS


def _is_mark(token: Token) -> bool:
    return token.is_mark and token.text not in _KEPT_MARKS


def _is_article(token: Token) -> bool:
    return token.text in {"the", "a", "an"}


def _is_polite(token: Token) -> bool:
    return _is_mark(token) or token.low in _POLITE


def _is_filler(token: Token, parameter: Parameter) -> bool:
    return _is_mark(token) or token.low in _FILLERS or token.stem in parameter.stems

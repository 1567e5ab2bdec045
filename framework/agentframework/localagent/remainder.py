"""What is left of a line without the words of the request itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from agentframework.localagent.cues import PREPOSITIONS
from agentframework.localagent.parameters import Parameter
from agentframework.localagent.words import WEAK_WORDS, Line, Token, stem_of, word_set

__all__ = ["NAMING", "PAUSES", "SAYING", "Request", "is_mark", "is_polite", "is_small", "trimmed"]

NAMING: Final = frozenset({"called", "named", "titled", "entitled"})
SAYING: Final = frozenset({"that", "saying", "says"})
PAUSES: Final = frozenset({".", ";", "!", "?", ","})
_PROSE_LINKS: Final = word_set(
    "to that about for of a an the my our some any me us in on with from saying says called named should"
)
_CODES: Final = frozenset(map(stem_of, ("number", "digits", "code", "id", "pin", "zip", "phone")))
_WISHES: Final = word_set("want need like have i'd going gotta would")
_DETERMINERS: Final = word_set("the a an my our your this that these those some any all")
_POLITE: Final = word_set("please thanks thank you well um uh oh ok okay say")
# Where a name ends, because another thought begins.
_THOUGHTS: Final = word_set("because since so but if while when right now today please i i'm")
_KEPT_MARKS: Final = frozenset("#@$€£&+/-")


def is_mark(token: Token) -> bool:
    """Whether it is punctuation, and no sign that belongs to a text."""
    return token.is_mark and token.text not in _KEPT_MARKS


def is_polite(token: Token) -> bool:
    """Whether it is punctuation or "please"."""
    return is_mark(token) or token.low in _POLITE


def is_small(token: Token) -> bool:
    """Whether it is punctuation, or a word that says nothing alone."""
    return is_mark(token) or token.is_stop or token.low in WEAK_WORDS


def trimmed(
    line: Line, places: Sequence[int], is_left: Callable[[Token], bool], is_right: Callable[[Token], bool]
) -> list[int]:
    """The places without those at the beginning and at the end whose tokens are such."""
    left = list(places)
    while left and is_left(line.tokens[left[0]]):
        del left[0]
    while left and is_right(line.tokens[left[-1]]):
        del left[-1]
    return left


@dataclass(frozen=True, slots=True)
class Request:
    """A line that is said to a tool, by places of tokens.

    `own` are the stems of the tool's words and its parameters' names, `core` those without the latter, and `small`
    the small words of its description.
    """

    line: Line
    own: AbstractSet[str]
    core: AbstractSet[str]
    small: AbstractSet[str]

    def text_in(self, free: Sequence[int], parameter: Parameter) -> list[int]:
        """The places of a text parameter's value among these: what is introduced, or what is left."""
        left = self._introduced(free, parameter) or self.stripped(free, parameter)
        if parameter.says == "prose" or parameter.kind != "text":
            return left
        left = self._until_thought(self._after_own(left))
        return self._code_in(left, parameter) or left

    def stripped(self, free: Sequence[int], parameter: Parameter) -> list[int]:
        """What is left between the request's words at both ends; of prose no more is taken than surely theirs."""
        begin, end = 0, len(free)
        while begin < end and self._has(free[begin]):
            begin += 1
        begin = self._after_unknown_verb(free, begin, parameter) or begin
        while end > begin and self._has(free[end - 1]):
            end -= 1
        if begin == end or parameter.says != "prose":
            return list(free[begin:end])
        owned = [at for at in range(begin) if self._is_own(free[at])]
        begin = owned[-1] + 1 if owned else begin
        if not any(self.line.tokens[place].stem in self.own - parameter.stems for place in free[end:]):
            end = len(free)
        return trimmed(self.line, free[begin:end], self._is_link, is_polite)

    def _is_own(self, place: int) -> bool:
        return self.line.tokens[place].stem in self.own

    def _has(self, place: int) -> bool:
        """Whether the word there is one of the request, and no name or value."""
        token = self.line.tokens[place]
        if is_small(token):
            is_before_name = place + 1 < len(self.line.tokens) and self.line.is_name(place + 1)
            return not (is_before_name and self.line.is_name(place))
        return token.kind == "word" and self._is_own(place) and not self.line.is_name(place)

    def _is_link(self, token: Token) -> bool:
        is_linking = token.low in _PROSE_LINKS or token.low in self.small
        return is_polite(token) or (is_linking and (self.line.is_title or not token.text[0].isupper()))

    def _introduced(self, free: Sequence[int], parameter: Parameter) -> list[int]:
        """What follows a colon, "called" or "that", where all that comes before belongs to the request."""
        unknown = 0
        for at, place in enumerate(free):
            token = self.line.tokens[place]
            is_cue = token.text == ":" or token.low in NAMING
            is_cue = is_cue or (token.low in SAYING and parameter.says == "prose")
            if unknown:
                # "arrange a meeting about": only what a word of the tool's own leads to
                is_cue = (is_cue or token.low == "about") and self._is_own(free[at - 1])
            if is_cue and any(self._is_own(other) for other in free[:at]):
                is_left = _is_article if token.low == "about" else is_mark
                return trimmed(self.line, free[at + 1 :], is_left, is_polite)
            unknown += not self._has(place)
            if unknown > 1:
                return []
        return []

    def _after_unknown_verb(self, free: Sequence[int], begin: int, parameter: Parameter) -> int | None:
        """Where the text begins after "arrange a", "arrange a meeting with", "I want to talk to" or "I ate an"."""
        before = [self.line.tokens[place].low for place in free[:begin]]
        is_first = not any(self.line.tokens[place].is_content for place in free[:begin])
        is_told = parameter.says != "prose" and before[-1:] in (["i"], ["we"])
        if begin == len(free) or not (is_first or is_told):
            return None
        follows = self.line.tokens[free[begin + 1]].low if begin + 1 < len(free) else ""
        is_wish = before[-1:] == ["to"] and not _WISHES.isdisjoint(before)
        if not is_wish and follows not in _DETERMINERS:
            return None
        end = begin + 1
        while end < len(free) and self._has(free[end]):
            end += 1
        has_noun = any(self._is_own(place) for place in free[begin + 1 : end])
        return end if end < len(free) or has_noun or is_wish else None

    def _after_own(self, places: Sequence[int]) -> list[int]:
        """Of the words for a name, those after the last of the tool's own: "local time in Oslo" is "Oslo"."""
        for at in range(len(places) - 2, -1, -1):
            follows = self.line.tokens[places[at + 1]]
            if self._is_own(places[at]) and not self.line.is_name(places[at]) and follows.is_stop:
                return trimmed(self.line, places[at + 1 :], is_small, is_small)
        return list(places)

    def _until_thought(self, places: Sequence[int]) -> list[int]:
        """Of the words for a name, those before another thought: "Oslo, I have to call them" is "Oslo"."""
        for at in range(1, len(places)):
            if self._ends_name(places, at):
                return trimmed(self.line, places[:at], is_small, is_small)
        return list(places)

    def _ends_name(self, places: Sequence[int], at: int) -> bool:
        token = self.line.tokens[places[at]]
        follows = self.line.tokens[places[at + 1]] if at + 1 < len(places) else None
        if token.low in _THOUGHTS:
            return True
        if token.low == "and":
            return follows is not None and is_small(follows)
        if token.text in PAUSES:
            return token.text != "," or follows is None or is_small(follows)
        # "Peter for the pizza", but not "Bridge over Troubled Water"
        is_preposition = token.low in PREPOSITIONS - {"of"} and follows is not None
        is_lower = is_preposition and not self.line.is_name(places[at + 1])
        return is_lower and all(self.line.is_name(place) for place in places[:at])

    def _code_in(self, places: Sequence[int], parameter: Parameter) -> list[int]:
        """The one word with digits, or several in a row, where a number or a code is wanted as text."""
        digits = [
            place for place in places if any(letter.isdigit() for letter in self.line.tokens[place].text)
        ]
        is_one = bool(digits) and digits[-1] - digits[0] == len(digits) - 1
        return digits if is_one and parameter.stems & _CODES else []


def _is_article(token: Token) -> bool:
    return token.text in {"the", "a", "an"}

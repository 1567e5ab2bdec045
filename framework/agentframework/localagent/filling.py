"""Fills a tool's arguments from what was said, by the kinds of values that its parameters take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from agentframework.localagent.cues import PREPOSITIONS, cue_strength
from agentframework.localagent.literals import decoded
from agentframework.localagent.matching import KnownTool
from agentframework.localagent.parameters import Kind, Parameter
from agentframework.localagent.phrases import (
    Phrase,
    answered_phrase,
    chunks_of,
    cued_phrase,
    items_of,
    only_phrase,
    quoted_phrases,
    told_phrase,
)
from agentframework.localagent.remainder import Request
from agentframework.localagent.values import find_values
from agentframework.localagent.words import Found, Line

__all__ = ["Filled", "Filling"]

# The kinds whose values are hardest to mistake come first: what they claim is not looked at again.
_ORDER: Final[Sequence[tuple[Kind, ...]]] = (
    ("boolean",),
    ("choice",),
    ("email",),
    ("date-time",),
    ("date",),
    ("time",),
    ("text",),
    ("integer", "number"),
)
_NOUN_PREPOSITIONS: Final = PREPOSITIONS - {"of", "and", "than"} | {"is", "are", "by", "up"}
_ARTICLES: Final = frozenset({"the", "a", "an", "this", "my", "than"})


@dataclass(frozen=True, slots=True)
class Filled:
    """What a line says for a tool: the arguments, the places of the tokens they took, and how many are no texts."""

    arguments: dict[str, Any]
    used: frozenset[int]
    values: int
    misfits: frozenset[str]
    """Parameters for which something was said that they do not take, such as a number out of their bounds."""


class Filling:
    """One line on its way into one tool's arguments; `given` are those that are known already."""

    def __init__(
        self,
        tool: KnownTool,
        line: Line,
        today: date,
        *,
        given: Mapping[str, Any] | None = None,
        misspelt: AbstractSet[str] = frozenset(),
    ) -> None:
        self._tool = tool
        self._line = line
        self._today = today
        self._own = tool.own | misspelt
        self._request = Request(line, self._own, tool.core.keys(), tool.small)
        self._arguments: dict[str, Any] = dict(given or {})
        self._used: set[int] = set()
        self._values = 0
        self._misfits: dict[str, int] = {}

    def of_request(self) -> Filled:
        """What a request says: values of every kind, then the texts that are left."""
        self._fill_values()
        self._fill_texts()
        return self._filled()

    def of_answer(self, asked: Parameter) -> Filled:
        """What an answer to a question says: the value that was asked for, and values of others beside it."""
        match asked.kind:
            case "object":
                self._fill_object(asked)
            case "array":
                self._fill_array(asked, is_asked=True)
            case _:
                self._assign([asked], is_asked=True)
        if asked.name not in self._misfits:
            self._fill_others(asked)
        if asked.kind == "text" and asked.name not in self._arguments:
            self._take(asked, answered_phrase(self._line, asked, self._used))
        return self._filled()

    def _fill_others(self, asked: Parameter) -> None:
        """Takes what an answer says beside the value that was asked for; of a text only what is surely no text."""
        for kinds in _ORDER:
            others = [p for p in self._open(kinds) if p.name != asked.name]
            if asked.kind == "text":
                others = [p for p in others if p.is_required]
                self._assign(others, needs_cue=bool({"integer", "number", "boolean"} & set(kinds)))
            else:
                self._assign(others)

    def _filled(self) -> Filled:
        misfits = frozenset(
            name
            for name, place in self._misfits.items()
            if name not in self._arguments and place not in self._used
        )
        return Filled(self._arguments, frozenset(self._used), self._values, misfits)

    def _open(self, kinds: Sequence[Kind]) -> list[Parameter]:
        """The parameters of these kinds that have no value yet, the required ones first."""
        left = [
            parameter
            for parameter in self._tool.parameters
            if parameter.kind in kinds and parameter.name not in self._arguments
        ]
        return sorted(left, key=lambda parameter: not parameter.is_required)

    def _fill_values(self) -> None:
        for kinds in _ORDER:
            arrays = [p for p in self._open(("array",)) if p.item is not None and p.item.kind in kinds]
            if kinds != ("text",):
                for parameter in arrays:
                    self._fill_array(parameter, is_asked=False)
            self._assign(self._open(kinds))

    def _assign(
        self, parameters: Sequence[Parameter], *, is_asked: bool = False, needs_cue: bool = False
    ) -> None:
        """Gives these parameters the values that are said for them, by the words beside them, then by their order."""
        pairs = []
        for place, parameter in enumerate(parameters):
            for found in find_values(parameter, self._line, self._today, is_asked=is_asked):
                cue = cue_strength(parameter, self._line, found)
                is_likely = parameter.is_required or self._is_free_standing(parameter, found)
                if is_asked or cue or (is_likely and not needs_cue):
                    pairs.append((-cue, not parameter.is_required, found.start, place, parameter, found))
        # by cue; then in the order in which things are said, for parameters in the order of the schema
        pairs.sort(key=lambda pair: (pair[0], pair[1], pair[3], pair[2]))
        meant: set[int] = set()
        for cue, _, _, _, parameter, found in pairs:
            places = range(found.start, found.end)
            if parameter.name in self._arguments or not (self._used | meant).isdisjoint(places):
                continue
            if not _fits(parameter, found.value):
                self._misfits.setdefault(parameter.name, found.start)
                # "30 dice" are dice also where so many cannot be had, and no value for another parameter
                meant.update(places if cue else ())
                continue
            self._arguments[parameter.name] = found.value
            self._values += 1
            self._claim(parameter, found)

    def _is_free_standing(self, parameter: Parameter, found: Found[object]) -> bool:
        """Whether an optional number counts what follows, and is not the end of a name such as "iPhone 15"."""
        if not parameter.is_number or found.start == 0:
            return True
        before = self._line.tokens[found.start - 1]
        follows = self._line.tokens[found.end : found.end + 1]
        if follows and follows[0].is_content and follows[0].stem in self._own:
            return True
        return not before.is_content or (before.stem in self._own and not self._line.is_name(found.start - 1))

    def _claim(self, parameter: Parameter, found: Found[object]) -> None:
        """Takes a value's tokens, the preposition before it, and the words beside it that name its parameter."""
        tokens = self._line.tokens
        start, end = found.start, found.end
        if end < len(tokens) and tokens[end].stem in parameter.stems and not tokens[end].is_stop:
            end += 1
        while start and (tokens[start - 1].low in _ARTICLES or tokens[start - 1].stem in parameter.stems):
            start -= 1
        if start and tokens[start - 1].low in _NOUN_PREPOSITIONS and parameter.kind != "boolean":
            start -= 1
        self._used.update(range(start, end))

    def _take(self, parameter: Parameter, phrase: Phrase | None) -> None:
        if phrase is not None:
            self._arguments[parameter.name] = phrase.text
            self._used.update(phrase.places)

    def _fill_array(self, parameter: Parameter, *, is_asked: bool) -> None:
        item = parameter.item or Parameter(parameter.name)
        written = decoded(self._line.text, list) if is_asked else None
        if written is not None:
            self._arguments[parameter.name] = written
        elif item.kind in {"text", "array", "object"}:
            if is_asked and item.kind == "text":
                self._take_items(parameter, answered_phrase(self._line, parameter, self._used))
        else:
            found = [
                one
                for one in find_values(
                    replace(item, name=parameter.name), self._line, self._today, is_asked=is_asked
                )
                if self._used.isdisjoint(range(one.start, one.end))
            ]
            if found:
                self._arguments[parameter.name] = [one.value for one in found]
                self._values += 1
            for one in found:
                self._claim(parameter, one)

    def _take_items(self, parameter: Parameter, phrase: Phrase | None) -> None:
        items = items_of(self._line, phrase.places) if phrase is not None else []
        if phrase is not None and items:
            self._arguments[parameter.name] = items
            self._used.update(phrase.places)

    def _fill_object(self, parameter: Parameter) -> None:
        written = decoded(self._line.text, dict)
        if written is not None:
            self._arguments[parameter.name] = written
            self._used.update(range(len(self._line.tokens)))

    def _texts(self, *, is_required: bool) -> list[Parameter]:
        return [
            parameter
            for parameter in self._open(("text", "array"))
            if parameter.is_required == is_required
            and (parameter.kind == "text" or (parameter.item or Parameter("")).kind == "text")
        ]

    def _fill_texts(self) -> None:
        had_required = bool(self._texts(is_required=True))
        texts = self._texts(is_required=True) + self._texts(is_required=False)
        if len(texts) > 1 or not had_required:
            names = {stem for parameter in self._tool.parameters for stem in parameter.stems}
            for parameter in (text for text in texts if text.kind == "text"):
                others = names - parameter.stems
                self._take(parameter, cued_phrase(self._request, parameter, self._used, others=others))
        required = self._texts(is_required=True)
        if len(required) > 1:
            self._share_out(required)
        elif required:
            self._fill_only(required[0])
        optional = self._texts(is_required=False)
        if not had_required and len(optional) == 1:
            self._fill_optional(optional[0])

    def _fill_only(self, parameter: Parameter) -> None:
        phrase = only_phrase(self._request, parameter, self._used)
        if parameter.kind == "array":
            self._take_items(parameter, phrase)
        else:
            self._take(parameter, phrase)

    def _share_out(self, parameters: Sequence[Parameter]) -> None:
        """Gives several texts the pieces of what is left: names get those after a preposition."""
        by_prose = sorted(parameters, key=lambda parameter: parameter.says != "prose")
        for parameter in by_prose:
            quoted = quoted_phrases(self._line, self._used)
            self._take(parameter, quoted[0] if quoted else None)
        if by_prose[0].says == "prose" and by_prose[0].name not in self._arguments:
            self._take(by_prose[0], told_phrase(self._request, self._used))
        wanted: Sequence[tuple[bool, Callable[[Phrase], bool]]] = (
            (False, lambda chunk: bool(chunk.cue) and chunk.is_name),
            (True, lambda chunk: not chunk.cue),
            (False, lambda chunk: bool(chunk.cue)),
            (True, lambda chunk: True),
            (False, lambda chunk: True),
        )
        for is_prose, fits in wanted:
            for parameter in parameters:
                if parameter.name in self._arguments or (parameter.says == "prose") != is_prose:
                    continue
                chunks = [chunk for chunk in chunks_of(self._request, parameter, self._used) if fits(chunk)]
                self._take(parameter, chunks[0] if chunks else None)

    def _fill_optional(self, parameter: Parameter) -> None:
        """Gives a text that may be left out what is quoted or follows a preposition, and nothing else."""
        found = quoted_phrases(self._line, self._used)
        found += [chunk for chunk in chunks_of(self._request, parameter, self._used) if chunk.cue]
        if found and parameter.kind == "text":
            self._take(parameter, found[0])


def _fits(parameter: Parameter, value: object) -> bool:
    return not (parameter.is_number and isinstance(value, int | float)) or parameter.takes(value)

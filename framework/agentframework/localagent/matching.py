"""How well what was said fits each tool, by the words of its name, its description and its parameters."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from agentframework.localagent.declaration import ToolDeclaration
from agentframework.localagent.parameters import Parameter, read_parameters
from agentframework.localagent.words import (
    PARTICLES,
    STOP_WORDS,
    WEAK_WORDS,
    Line,
    is_typo_of,
    name_words,
    read_line,
    stem_of,
    word_set,
)

__all__ = ["Fit", "KnownTool", "Matcher", "read_tool"]

_NAME: Final = 1.0
_FIRST_SENTENCE: Final = 0.9
_LATER_SENTENCE: Final = 0.5
_BOTH: Final = 0.25
_HINT: Final = 0.35
_FAINT_HINT: Final = 0.2
_WEAK: Final = 0.4
_PARTICLE: Final = 0.2
_TYPO: Final = 0.8
_PHRASE: Final = 0.05
_LONGEST_PHRASE: Final = 4
_LONGEST: Final = 60

_INFORMING: Final = frozenset(
    map(
        stem_of,
        word_set(
            """tell show list get find say look search check count read give calculate compute convert return fetch
            retrieve query measure describe report explain translate compare ask see know lookup"""
        ),
    )
)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_EXAMPLE: Final = re.compile(r"\b(?:such as|for example|for instance|e\.g\.|i\.e\.)[^.;)]*", re.IGNORECASE)
_NEGATED: Final = re.compile(r"\b(?:not|never|without)\b[^.,;)]*", re.IGNORECASE)
_NEGATIVE: Final = re.compile(r"\b(?:not|never|don't|doesn't|instead|unless)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KnownTool:
    """A declared tool, read once: `core` and `hints` weigh stems, `own` are those that are no argument."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    core: Mapping[str, float]
    hints: Mapping[str, float]
    own: frozenset[str]
    small: frozenset[str]
    """The small words of the description, such as "down" in "Write a note down."."""
    named: frozenset[str]
    sentence: str
    """The description's first sentence."""
    informs: bool
    """Whether its first word says that it tells something, rather than does something."""

    @property
    def required(self) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.is_required]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the words of a line fit a tool."""

    score: float
    core: float
    """The part of the score that the words of the name and the description have."""
    strong: frozenset[str]
    """The stems that speak for it: of the name or the description, and not of nearly every request."""
    known: frozenset[str]
    """All stems of the line that the tool knows."""
    misspelt: frozenset[str]
    """Those that are typing errors of the tool's own words."""


def read_tool(declaration: ToolDeclaration) -> KnownTool:
    """What a declaration says in words; a schema of any shape will do."""
    sentences = [part.strip() for part in _SENTENCE_END.split(declaration.description) if part.strip()]
    parameters = read_parameters(declaration.parameters)
    name_stems = [stem_of(word) for word in name_words(declaration.name)]
    named = frozenset(name_stems) - (STOP_WORDS - PARTICLES)
    core = dict.fromkeys(named, _NAME)
    hints: dict[str, float] = {}
    for place, sentence in enumerate(sentences):
        weight = _FIRST_SENTENCE if place == 0 else _LATER_SENTENCE
        if place and _NEGATIVE.search(sentence):
            continue
        for stem in _own_stems(sentence):
            core[stem] = _NAME + _BOTH if stem in named else max(core.get(stem, 0.0), weight)
        hints.update(dict.fromkeys(_stems(_NEGATED.sub("", sentence)) - core.keys(), _HINT))
    own = (core.keys() - PARTICLES) | {stem for parameter in parameters for stem in parameter.stems}
    for parameter in parameters:
        for stem in parameter.described:
            hints.setdefault(stem, _FAINT_HINT)
        choices = " ".join(str(choice) for choice in _all_choices(parameter))
        hints.update(dict.fromkeys(parameter.stems | _stems(choices), _HINT))
    return KnownTool(
        declaration.name,
        declaration.description,
        parameters,
        core,
        hints,
        frozenset(own),
        frozenset(token.low for token in read_line(declaration.description).tokens if token.is_stop),
        named,
        sentences[0] if sentences else "",
        informs=any(
            words[0] in _INFORMING for words in (name_stems, _stem_list(declaration.description)) if words
        ),
    )


def _stem_list(text: str) -> list[str]:
    return [token.stem for token in read_line(text).tokens if token.kind == "word"]


def _all_choices(parameter: Parameter) -> Sequence[object]:
    return parameter.choices or (parameter.item.choices if parameter.item else ())


def _stems(text: str) -> set[str]:
    return {token.stem for token in read_line(text).tokens if token.kind == "word" and not token.is_stop}


def _own_stems(sentence: str) -> set[str]:
    """The stems of a sentence without what it negates, and without examples and names, which are values."""
    line = read_line(_NEGATED.sub("", _EXAMPLE.sub("", sentence)))
    return {
        token.stem
        for at, token in enumerate(line.tokens)
        if token.kind == "word" and not line.is_name(at) and (not token.is_stop or token.low in PARTICLES)
    }


class Matcher:
    """Weighs lines against tools; a word counts the more, the fewer of the tools have it."""

    def __init__(self, tools: Sequence[KnownTool]) -> None:
        self._tools = tools
        core = Counter(stem for tool in tools for stem in tool.core)
        every = Counter(stem for tool in tools for stem in tool.core.keys() | tool.hints.keys())
        whole = math.log(1 + len(tools)) or 1.0
        self._core_rarity = {stem: math.log(1 + len(tools) / count) / whole for stem, count in core.items()}
        self._rarity = {stem: math.log(1 + len(tools) / count) / whole for stem, count in every.items()}
        words = {
            token.low: token.stem
            for tool in tools
            for token in read_line(f"{' '.join(name_words(tool.name))} {tool.description}").tokens
            if token.is_content and token.stem in core
        }
        self._spelling = words
        self._phrases = [[token.low for token in read_line(tool.sentence).tokens] for tool in tools]

    def weigh(self, line: Line) -> list[Fit]:
        """The fit of each tool, in the tools' order."""
        said = self._meant(line)
        lows = [token.low for token in line.tokens[:_LONGEST]]
        particles = _particles(line)
        return [
            self._fit(tool, said, self._phrase(at, lows) + self._particle(tool, particles))
            for at, tool in enumerate(self._tools)
        ]

    def _fit(self, tool: KnownTool, said: Mapping[str, tuple[str, float]], extra: float) -> Fit:
        factors: dict[str, float] = {}
        for stem, factor in said.values():
            factors[stem] = max(factors.get(stem, 0.0), factor)
        core = sum(
            factor * tool.core[stem] * self._core_rarity[stem]
            for stem, factor in factors.items()
            if stem in tool.core
        )
        hints = sum(
            factor * tool.hints[stem] * self._rarity[stem]
            for stem, factor in factors.items()
            if stem in tool.hints and stem not in tool.core
        )
        return Fit(
            score=core + hints + (extra if core else 0.0),
            core=core,
            strong=frozenset(
                stem for stem, factor in factors.items() if factor > _WEAK and stem in tool.core
            ),
            known=frozenset(
                word for word, (stem, _) in said.items() if stem in tool.core or stem in tool.hints
            ),
            misspelt=frozenset(
                word for word, (stem, _) in said.items() if word != stem and stem in tool.core
            ),
        )

    def _meant(self, line: Line) -> dict[str, tuple[str, float]]:
        """Of each stem that was said, the one that is meant (typing errors aside) and how much it counts."""
        said: dict[str, tuple[str, float]] = {}
        for token in line.tokens:
            if token.kind != "word" or token.is_stop or token.stem in said:
                continue
            said[token.stem] = (token.stem, _WEAK if token.low in WEAK_WORDS else 1.0)
            if token.stem not in self._rarity and len(line.tokens) <= _LONGEST:
                meant = next((word for word in self._spelling if is_typo_of(token.low, word)), None)
                if meant is not None:
                    said[token.stem] = (self._spelling[meant], _TYPO)
        return said

    def _particle(self, tool: KnownTool, said: Sequence[tuple[str, str]]) -> float:
        """A little for "from the cart" where the tool is for carts and takes something from somewhere."""
        return sum(
            _PARTICLE * tool.core[particle] * self._core_rarity[particle]
            for particle, follows in said
            if particle in tool.core and (not follows or follows in tool.core)
        )

    def _phrase(self, at: int, lows: Sequence[str]) -> float:
        """A little for three words or more that the description has in this order, small words included."""
        phrase = self._phrases[at][:_LONGEST]
        same = SequenceMatcher(None, lows, phrase, autojunk=False).find_longest_match()
        return _PHRASE * min(same.size, _LONGEST_PHRASE) if same.size > 2 else 0.0


def _particles(line: Line) -> list[tuple[str, str]]:
    """The small words of direction, each with the stem of the next word that is not small, or ""."""
    found: list[tuple[str, str]] = []
    follows = ""
    for token in reversed(line.tokens):
        if token.low in PARTICLES:
            found.append((token.stem, follows))
        elif not token.is_stop and not token.is_mark:
            follows = token.stem
    return found

"""Chooses the tool that a request is for: by its words, and by what its parameters can take of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from agentframework.localagent.filling import Filled, Filling
from agentframework.localagent.matching import Fit, KnownTool, Matcher
from agentframework.localagent.words import Line, word_set

__all__ = ["Chooser", "Chosen", "Unclear"]

_LEAST_CORE: Final = 0.5
_CLEAR_CORE: Final = 1.0
_MARGIN: Final = 0.85
"""A second tool with this part of the best one's score fits nearly as well."""
_MOST_TRIED: Final = 12
_BEGUN: Final = 0.15
_FINISHED: Final = 0.15
_VALUE: Final = 0.1
_ACTS_UNASKED: Final = 0.6
_UNEXPLAINED: Final = 0.1
_MOST_COUNTED: Final = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """The one tool that fits, with what the request says for it; `is_clear` where it could hardly be another."""

    tool: KnownTool
    filled: Filled
    is_clear: bool


@dataclass(frozen=True, slots=True)
class Unclear:
    """Tools that fit nearly as well as each other, the best first."""

    tools: tuple[KnownTool, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    tool: KnownTool
    fit: Fit
    filled: Filled
    score: float
    unexplained: int


class Chooser:
    """Chooses among tools; `today` gives the day that "tomorrow" counts from."""

    def __init__(self, tools: Sequence[KnownTool], today: Callable[[], date]) -> None:
        self._tools = tools
        self._matcher = Matcher(tools)
        self._today = today

    def choose(self, line: Line) -> Chosen | Unclear | None:
        """The tool that a line asks for, several that nearly fit, or None."""
        fits = sorted(self._fits(line), key=lambda pair: -pair[1].score)[:_MOST_TRIED]
        candidates = [self._candidate(tool, fit, line) for tool, fit in fits if fit.score > 0]
        fitting = [candidate for candidate in candidates if _is_fitting(candidate)]
        fitting.sort(key=lambda candidate: -candidate.score)
        if not fitting:
            return None
        best = fitting[0]
        near = [candidate for candidate in fitting if candidate.score >= best.score * _MARGIN]
        if len(near) > 1:
            return Unclear(tuple(candidate.tool for candidate in near))
        is_clear = best.fit.core >= _CLEAR_CORE and best.unexplained == 0
        return Chosen(best.tool, best.filled, is_clear)

    def among(self, line: Line, tools: Sequence[KnownTool]) -> KnownTool | None:
        """The one of a few tools that the answer to "which one?" names, or that it fits alone."""
        lows = {token.low for token in line.tokens}
        for place, words in enumerate(_PLACES[: len(tools)]):
            if lows & words:
                return tools[place]
        if "last" in lows or "latter" in lows:
            return tools[-1]
        fits = Matcher(tools).weigh(line)
        best = max(fits, key=lambda fit: fit.score)
        near = [tool for tool, fit in zip(tools, fits, strict=True) if fit.score >= best.score * _MARGIN]
        return near[0] if best.score > 0 and len(near) == 1 else None

    def _fits(self, line: Line) -> list[tuple[KnownTool, Fit]]:
        return list(zip(self._tools, self._matcher.weigh(line), strict=True))

    def _candidate(self, tool: KnownTool, fit: Fit, line: Line) -> _Candidate:
        filled = Filling(tool, line, self._today(), misspelt=fit.misspelt).of_request()
        required = tool.required
        has = sum(parameter.name in filled.arguments for parameter in required)
        unexplained = _unexplained(line, fit, filled)
        score = (
            fit.score
            + _BEGUN * (has / len(required) if required else 1.0)
            + _FINISHED * (has == len(required))
            + _VALUE * min(filled.values, _MOST_COUNTED)
            - _UNEXPLAINED * min(unexplained, _MOST_COUNTED)
        )
        if _is_enquiry(line) and not tool.informs:
            score *= _ACTS_UNASKED
        return _Candidate(tool, fit, filled, score, unexplained)


_PLACES: Final = (
    frozenset({"first", "1st", "1", "former"}),
    frozenset({"second", "2nd", "2"}),
    frozenset({"third", "3rd", "3"}),
)


def _unexplained(line: Line, fit: Fit, filled: Filled) -> int:
    """How many things were said that the tool neither knows nor takes."""
    return sum(
        (token.is_content and token.stem not in fit.known) or token.kind not in {"word", "mark"}
        for place, token in enumerate(line.tokens)
        if place not in filled.used
    )


def _is_enquiry(line: Line) -> bool:
    """Whether a line asks for knowledge, as "is it locked?" does and "can you lock it?" does not."""
    words = [token.low for token in line.tokens if token.kind == "word"][:2]
    if not words or words[1:] == ["you"]:
        return False
    return words[0].removesuffix("'s") in _ENQUIRIES


_ENQUIRIES: Final = word_set(
    "what when where who which how why is are was were has have had do does did am will isn't aren't hasn't"
)


def _is_fitting(candidate: _Candidate) -> bool:
    tool, fit, filled = candidate.tool, candidate.fit, candidate.filled
    if not fit.strong or fit.core <= _LEAST_CORE:
        return _speaks_by_values(tool, filled.arguments, filled.values) and not candidate.unexplained
    if len(fit.strong) > 1 or fit.strong & tool.named:
        return candidate.unexplained <= 4 * len(fit.strong)
    is_complete = bool(tool.required) and all(p.name in filled.arguments for p in tool.required)
    return candidate.unexplained <= int(fit.core >= _CERTAIN_CORE or is_complete)


_CERTAIN_CORE: Final = 0.8


def _speaks_by_values(tool: KnownTool, arguments: Mapping[str, Any], values: int) -> bool:
    """Whether values alone say what is wanted, as "10 miles in kilometers" does."""
    choices = sum(parameter.kind == "choice" and parameter.name in arguments for parameter in tool.parameters)
    is_complete = all(parameter.name in arguments for parameter in tool.required)
    return bool(choices) and values > 1 and is_complete

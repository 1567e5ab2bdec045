"""Finds something to try: a sentence of a tool's description that leads the talker to that tool."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agentframework.localagent.choosing import Chooser, Chosen
from agentframework.localagent.matching import KnownTool
from agentframework.localagent.words import read_line

__all__ = ["example_of"]

_LONGEST_WORDS: Final = 9
_MOST_TRIED: Final = 20
_END: Final = re.compile(r"[.,;:()\n]|\s(?:and|or|that|which|so)\s")


def example_of(tools: Sequence[KnownTool], chooser: Chooser) -> str:
    """The beginning of a description that chooses its own tool; the one that needs least to be asked; or ""."""
    said: list[tuple[int, int, str, KnownTool]] = []
    for tool in tools:
        words = _END.split(tool.sentence)[0].split()
        if 2 <= len(words) <= _LONGEST_WORDS and words[0][0].isalpha():
            example = " ".join([words[0].lower(), *words[1:]])
            said.append((len(tool.required), len(words), example, tool))
    said.sort(key=lambda one: one[:2])
    for _, _, example, tool in said[:_MOST_TRIED]:
        choice = chooser.choose(read_line(example))
        if isinstance(choice, Chosen) and choice.tool is tool:
            return example
    return ""

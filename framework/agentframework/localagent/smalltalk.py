"""Remarks that ask for no tool: greetings, thanks, farewells, "never mind" and "what can you do?"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from agentframework.localagent.words import Line, word_set

__all__ = ["Remark", "read_remark"]

Remark = Literal["hello", "thanks", "bye", "drop", "tools", "help"]

_ADDRESS: Final = word_set(
    "ok okay oh alright please there you again all everybody everyone then now well so much very a lot"
)
_WORDS: Final[Mapping[Remark, frozenset[str]]] = {
    "bye": word_set("bye goodbye quit exit farewell"),
    "thanks": word_set("thanks thank thx cheers great perfect nice cool wonderful"),
    "hello": word_set("hello hi hey hiya greetings howdy"),
}
_PHRASES: Final[Mapping[str, Remark]] = {
    "good bye": "bye",
    "bye bye": "bye",
    "see you": "bye",
    "see you later": "bye",
    "good morning": "hello",
    "good afternoon": "hello",
    "good evening": "hello",
    "good day": "hello",
    "help": "help",
    "help me": "help",
    "how does this work": "help",
    "who are you": "help",
    "what are you": "help",
    "what can you do": "tools",
    "what can you do for me": "tools",
    "what do you do": "tools",
    "what can i do": "tools",
    "what can i say": "tools",
    "what can i ask": "tools",
    "what tools do you have": "tools",
    "which tools do you have": "tools",
    "what tools are there": "tools",
    "list tools": "tools",
    "list the tools": "tools",
    "list your tools": "tools",
    "show tools": "tools",
    "show your tools": "tools",
    "show me your tools": "tools",
    "tools": "tools",
    "never mind": "drop",
    "nevermind": "drop",
    "forget it": "drop",
    "forget about it": "drop",
    "leave it": "drop",
    "let it be": "drop",
}
# These are remarks only where a question is open: "cancel" may be the name of a tool.
_REFUSALS: Final = frozenset(
    [
        "cancel",
        "cancel it",
        "cancel that",
        "stop",
        "stop it",
        "abort",
        "no thanks",
        "no thank you",
        "nothing",
        "drop it",
    ]
)


def read_remark(line: Line, *, is_answer: bool) -> Remark | None:
    """The remark that a whole line is; `is_answer` where a question is open."""
    lows = [token.low for token in line.tokens if not token.is_mark]
    words = list(lows)
    while len(words) > 1 and words[-1] in {"please", "then", "thanks"}:
        del words[-1]
    while len(words) > 1 and words[0] in {"oh", "ok", "okay", "well", "please", "so", "no", "sorry"}:
        del words[0]
    for said in (" ".join(lows), " ".join(words)):
        if said in _PHRASES:
            return _PHRASES[said]
        if is_answer and said in _REFUSALS:
            return "drop"
    if all(low in _ADDRESS or any(low in known for known in _WORDS.values()) for low in lows):
        return next((remark for remark, known in _WORDS.items() if known & set(lows)), None)
    return None

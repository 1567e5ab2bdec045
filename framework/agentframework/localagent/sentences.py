"""What the talker says: questions, lists, greetings, and a tool's result read back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agentframework.localagent.literals import decoded
from agentframework.localagent.matching import KnownTool
from agentframework.localagent.parameters import Kind, Parameter
from agentframework.localagent.slash import CALL_USAGE
from agentframework.tools.wording import listed, shortened

__all__ = [
    "expectation",
    "help_text",
    "nothing_fits",
    "question",
    "question_again",
    "result_sentence",
    "tools_text",
    "which_tool",
]

_KINDS: Final[Mapping[Kind, str]] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "date": "a day, such as tomorrow, Friday or 2026-12-31",
    "time": "a time of day, such as 18:30 or 6 pm",
    "date-time": "a day and a time, such as tomorrow at 18:30",
    "email": "an e-mail address",
    "array": "a list, with commas between the items",
    "object": "an object, written as JSON",
}
_LONGEST_DESCRIPTION: Final = 160
_LONGEST_RESULT: Final = 600
_MOST_ITEMS: Final = 12
_DEEPEST: Final = 3


def expectation(parameter: Parameter) -> str:
    """What a parameter takes, as a phrase; empty for text."""
    if parameter.choices:
        return listed(str(choice) for choice in parameter.choices)
    said = _KINDS.get(parameter.kind, "")
    if parameter.kind == "array" and parameter.item is not None and parameter.item.choices:
        return f"one or more of {listed((str(choice) for choice in parameter.item.choices), last='and')}"
    return said + _bounds(parameter) if parameter.is_number else said


def _bounds(parameter: Parameter) -> str:
    lowest, highest = f"{parameter.lowest:.15g}", f"{parameter.highest:.15g}"
    has_lowest, has_highest = parameter.lowest > -math.inf, parameter.highest < math.inf
    if has_lowest and has_highest and not parameter.is_above and not parameter.is_below:
        return f" from {lowest} to {highest}"
    above = f" {'above' if parameter.is_above else 'of at least'} {lowest}" if has_lowest else ""
    below = f" {'below' if parameter.is_below else 'of at most'} {highest}" if has_highest else ""
    return above + (" and" if above and below else "") + below


def question(tool: KnownTool, parameter: Parameter) -> str:
    """Asks for a parameter: "For set_timer I need minutes (how long; a whole number). What should it be?"."""
    details = "; ".join(filter(None, (_inner(parameter.description), expectation(parameter))))
    return f"For {tool.name} I need {parameter.name}{f' ({details})' if details else ''}. What should it be?"


def question_again(tool: KnownTool, parameter: Parameter) -> str:
    """Asks a second time, after an answer that does not fit."""
    wanted = expectation(parameter) or "some text"
    return f"That does not fit: {parameter.name} of {tool.name} is to be {wanted}. What should it be?"


def which_tool(tools: Sequence[KnownTool]) -> str:
    """Asks which of a few tools is meant."""
    said = [f"{tool.name}{f' ({_inner(tool.sentence)})' if tool.sentence else ''}" for tool in tools]
    return f"Do you mean {listed(said)}?"


def _inner(text: str) -> str:
    """A description as it stands within a sentence: a small letter first and no full stop."""
    text = shortened(" ".join(text.split()), _LONGEST_DESCRIPTION).rstrip(".")
    is_plain_word = len(text) > 1 and text[0].isupper() and (text[1].islower() or text[1] == " ")
    return text[0].lower() + text[1:] if is_plain_word else text


def nothing_fits(tools: Sequence[KnownTool]) -> str:
    """Says that no tool fits."""
    if not tools:
        return "I have no tools, so I cannot do that. /help says what I understand."
    return "I have no tool that fits. Type /tools to see what there is, or /help."


def tools_text(tools: Sequence[KnownTool]) -> str:
    """A line for each tool: its parameters, those that may be left out in brackets, and what it does."""
    if not tools:
        return "I have no tools."
    lines = [f"{len(tools)} {'tool' if len(tools) == 1 else 'tools'}:"]
    for tool in tools:
        names = [p.name if p.is_required else f"[{p.name}]" for p in tool.parameters]
        said = f"{tool.name}({', '.join(names)})"
        sentence = shortened(" ".join(tool.sentence.split()), _LONGEST_DESCRIPTION)
        lines.append(f"  {said}: {sentence}" if sentence else f"  {said}")
    return "\n".join(lines)


def help_text(example: str) -> str:
    """What the talker understands; `example` is something to say."""
    said = f', such as "{example}"' if example else ""
    return "\n".join(
        [
            f"Say what you want in plain words{said}. I choose a tool by the words of its name and description.",
            f"  {CALL_USAGE}: call a tool exactly so",
            "  /tools: the tools that I can call",
            "  /help: this text",
            '  "never mind": drop my question',
            '  "bye": end the conversation',
        ]
    )


def result_sentence(name: str, result: str, *, is_error: bool) -> str:
    """A tool's answer as one or two sentences that hold the text of the result, shortened where it is long."""
    said = _read_back(result).strip()
    if is_error:
        return (
            _ended(f"I could not do that: {said}")
            if said
            else f"I could not do that, and {name} gave no reason."
        )
    if not said:
        return f"{name} is done; its answer is empty."
    is_sentence = said[-1] in ".!?…" and " " in said
    return said if is_sentence or "\n" in said else _ended(f"{name} says: {said}")


def _ended(text: str) -> str:
    return text if text[-1] in ".!?…" else f"{text}."


def _read_back(result: str) -> str:
    container: Any = decoded(result, dict) if result.lstrip().startswith("{") else decoded(result, list)
    said = result if container is None else _spoken(container)
    if len(said) <= _LONGEST_RESULT:
        return said
    kept = said[:_LONGEST_RESULT].rsplit(" ", 1)[0]
    return f"{kept} … and {len(said) - len(kept)} characters more"


def _spoken(value: object, depth: int = 0) -> str:
    """A JSON value in words: an object as "temperature 21, sky clear", a list with commas."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case dict():
            parts = [f"{str(key).replace('_', ' ')} {_nested(item, depth)}" for key, item in value.items()]
        case list():
            parts = [_nested(item, depth) for item in value]
        case _:
            return str(value)
    if len(parts) > _MOST_ITEMS:
        parts = [*parts[:_MOST_ITEMS], f"and {len(parts) - _MOST_ITEMS} more"]
    return ", ".join(parts)


def _nested(value: object, depth: int) -> str:
    if not isinstance(value, dict | list):
        return _spoken(value)
    if not value:
        return "nothing"
    return f"({_spoken(value, depth + 1)})" if depth < _DEEPEST else "…"

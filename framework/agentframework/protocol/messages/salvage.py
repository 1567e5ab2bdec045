"""JSON that the fast reader refuses, read all the same, so that a call that stands in it is answered."""

from __future__ import annotations

import json
import re
from typing import Any

from agentframework.protocol.messages.base import without_lone_surrogates

__all__ = ["MAX_DEPTH", "salvage_json"]

MAX_DEPTH = 200
"""How deep the fast reader goes; what is nested deeper is read as null."""

# A text, or a run of brackets; what is between them is passed over. Neither can match in two ways, so that each
# character is looked at once.
_TEXT_OR_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|([\[{]+|[\]}]+)', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def salvage_json(frame: str, *, deep: bool) -> Any:
    """The JSON value of `frame`, read more leniently than the fast reader does.

    A byte order mark is skipped, control characters may stand in texts, lone surrogates become U+FFFD, integers
    too long to convert become infinite, and, if it may be `deep`, what is nested more than `MAX_DEPTH` deep
    becomes null. Raises ValueError, saying what is wrong, where it is no JSON even so.
    """
    text = without_lone_surrogates(frame.removeprefix("\ufeff"))
    if not text or text.isspace():
        raise ValueError("an empty frame")
    if deep and text.count("[") + text.count("{") > MAX_DEPTH:
        text = _cut_off_depths(text)
    value = _load(text)
    if "\\u" in text:
        again = json.dumps(value, ensure_ascii=False)
        if _LONE_SURROGATE.search(again):
            value = _load(without_lone_surrogates(again))
    return value


def _load(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_int=_read_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply to read") from None


def _read_integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _cut_off_depths(text: str) -> str:
    kept: list[str] = []
    start = 0
    depth = 0
    for step in _TEXT_OR_BRACKETS.finditer(text):
        run = step[1]
        if run is None:
            continue
        if run[0] in "[{":
            if depth <= MAX_DEPTH < depth + len(run):
                kept += text[start : step.start(1) + MAX_DEPTH - depth], "null"
            depth += len(run)
        else:
            if depth - len(run) <= MAX_DEPTH < depth:
                start = step.start(1) + depth - MAX_DEPTH
            depth -= len(run)
    kept.append(text[start:])
    return "".join(kept)

"""What the repairs have made of a call's arguments: each place that is not as it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agentframework.tools.tool import Tool

__all__ = ["Repair", "repairs"]


@dataclass(frozen=True, slots=True)
class Repair:
    """A place in the arguments, such as `items[2].price`, what was sent there, and what it became."""

    place: str
    sent: Any
    became: Any


def repairs(tool: Tool[..., Any], sent: Any) -> tuple[Repair, ...]:
    """What is not as it was sent, with `***` for what is marked `Sensitive`.

    Raises `ArgumentsError` for arguments that are refused.
    """
    read = tool.read_arguments(sent)
    masked = tool.masked(read)
    if not isinstance(sent, dict):
        return () if sent is None else (Repair("the arguments", tool.masked(sent), masked),)
    return tuple(_differing(sent, read, masked, ""))


def _differing(sent: Any, read: Any, masked: Any, place: str) -> Iterator[Repair]:
    if isinstance(sent, dict) and isinstance(read, dict):
        for name, value in sent.items():
            shown = masked[name] if isinstance(masked, dict) else masked
            yield from _differing(value, read[name], shown, f"{place}.{name}" if place else name)
    elif isinstance(sent, list) and isinstance(read, list):
        for index, (one, other) in enumerate(zip(sent, read, strict=True)):
            shown = masked[index] if isinstance(masked, list) else masked
            yield from _differing(one, other, shown, f"{place}[{index}]")
    elif type(sent) is not type(read) or sent != read:
        # what became of a hidden value is hidden, and so is the value; in a text a hidden one may stand anywhere
        yield Repair(place, sent if masked is read else masked, masked)

"""Imports what an entry point names."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from agentframework.plugins.discovery import Found
from agentframework.plugins.faults import Refusal
from agentframework.spelling import nearest
from agentframework.tools.tool import Tool

__all__ = ["import_found", "tool_of"]


def import_found(found: Found) -> object:
    """The module or object that an entry point names. Raises whatever its import raises, and `Refusal`."""
    point = found.entry_point
    match = point.pattern.match(found.value)
    if match is None:
        raise Refusal(
            f"its entry point is {found.value!r}", 'Its author writes it as "module" or "module:object"'
        )
    imported: object = import_module(point.module)
    for name in point.attr.split(".") if point.attr else ():
        if not hasattr(imported, name):
            meant = nearest(name, dir(imported))
            raise Refusal(
                f"its entry point is {found.value!r}, and {point.module} has no {name!r}"
                + (f"; did you mean {meant!r}?" if meant else "")
            )
        imported = getattr(imported, name)
    return imported


def tool_of(found: Found, value: object) -> Tool[..., Any]:
    """The tool that an entry point of group `agentframework.tools` stands for: a plain function, or a `Tool`.

    Raises `ToolDefinitionError`, and `Refusal`.
    """
    if isinstance(value, Tool):
        if value.name != found.name:
            raise Refusal(
                f"its entry point is called {found.name!r} and its tool {value.name!r}",
                f'Its author gives both one name: @tool(name="{found.name}") does',
            )
        return value.with_owner(found.distribution)
    if not callable(value):
        raise Refusal(
            f"its entry point names a {type(value).__name__}, not a function",
            'Its author writes it as "module:function"',
        )
    return Tool(found.name, value, owner=found.distribution)

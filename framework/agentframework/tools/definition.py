"""Who defines a tool: the name that it has, and the place that a refusal names."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from agentframework.errors import ToolDefinitionError

__all__ = ["Definition", "define", "innermost", "name_of"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool's name and where it is defined: its owner, or its handler's module while nobody owns it."""

    tool: str
    place: str

    def refused(self, problem: str, fix: str = "") -> ToolDefinitionError:
        """The error that says why this tool cannot be registered, and what would be right."""
        return ToolDefinitionError(self.tool, problem, owner=self.place, fix=fix)


def define(name: object, handler: object, owner: str) -> Definition:
    """The definition of a tool; raises `ToolDefinitionError` for a name that the wire refuses (protocol 5.1)."""
    definition = Definition(str(name), owner or place_of(handler))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise definition.refused(
            "a tool's name is 1 to 64 letters, digits, _ or -",
            "give it one with @tool(name=...) or Tool(name, ...)",
        )
    if not callable(handler):
        raise definition.refused(f"its handler is of type {type(handler).__name__}, which cannot be called")
    return definition


def innermost(handler: Callable[..., object]) -> Callable[..., object]:
    """The function that a `functools.partial` stands for, through any number of them."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    return handler


def place_of(handler: object) -> str:
    """The module that a handler was written in, as the nearest thing to an owner that it has by itself."""
    function = innermost(handler) if callable(handler) else handler
    return str(getattr(function, "__module__", "") or type(function).__module__)


def name_of(handler: Callable[..., object]) -> str:
    """The name that a handler has by itself: its function's. A callable object has none, and must be given one."""
    return str(getattr(innermost(handler), "__name__", ""))

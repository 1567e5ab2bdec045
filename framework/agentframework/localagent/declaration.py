"""A tool as an agent knows it: a name, a description and the schema of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ToolDeclaration"]


@dataclass(frozen=True, slots=True)
class ToolDeclaration:
    """What an agent is told of a tool; `parameters` is a JSON Schema and may be of any shape, also empty."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

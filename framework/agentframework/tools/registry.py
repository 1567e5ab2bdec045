"""The tools that a runtime hosts, by name and owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MethodType
from typing import Any

from agentframework.errors import DuplicateToolError
from agentframework.spelling import nearest
from agentframework.tools.definition import name_of
from agentframework.tools.tool import Tool

__all__ = ["ToolRegistry"]

AnyTool = Tool[..., Any]


class ToolRegistry:
    """Tools by name; each name has one owner. Reading is safe on any thread, also while another one adds."""

    def __init__(self) -> None:
        # never changed, only replaced: whoever reads on another thread sees the old tools or the new ones
        self._tools: Mapping[str, AnyTool] = {}

    def add(self, tool: AnyTool | Callable[..., Any], *, owner: str = "") -> AnyTool:
        """Hosts a tool, or a plain function as `tool` would make it; returns the tool that is hosted.

        `owner` (for instance a plugin's distribution) replaces the owner that the tool says itself. Adding what is
        hosted already changes nothing. Raises `DuplicateToolError` where another tool has the name, and
        `ToolDefinitionError` where a plain function cannot be a tool.
        """
        added = tool if isinstance(tool, Tool) else Tool(name_of(tool), tool, owner=owner)
        if owner and added.owner != owner:
            added = added.with_owner(owner)
        hosted = self._tools.get(added.name)
        if hosted is None:
            self._tools = {**self._tools, added.name: added}
            return added
        if not _is_same(hosted, added):
            raise DuplicateToolError(added.name, owner=added.place, first_owner=hosted.place)
        return hosted

    def get(self, name: str) -> AnyTool | None:
        """The tool of exactly this name."""
        return self._tools.get(name)

    def nearest(self, name: str) -> str | None:
        """The hosted name that is most like `name`, for a "did you mean"; None where nothing is near."""
        return nearest(name, self.names())

    def names(self) -> tuple[str, ...]:
        """The hosted names, sorted."""
        return tuple(sorted(self._tools))

    def select(self, enable: Sequence[str], disable: Sequence[str]) -> ToolRegistry:
        """A registry of those tools whose name fits a glob of `enable` and none of `disable`.

        Case counts, and no glob in `enable` means no tool.
        """
        chosen = ToolRegistry()
        for tool in self:
            enabled = any(fnmatchcase(tool.name, glob) for glob in enable)
            if enabled and not any(fnmatchcase(tool.name, glob) for glob in disable):
                chosen.add(tool)
        return chosen

    def remove_owner(self, owner: str) -> tuple[str, ...]:
        """Forgets every tool of `owner` and returns their names: the roll-back of a plugin that failed."""
        removed = tuple(tool.name for tool in self if tool.owner == owner)
        self._tools = {name: tool for name, tool in self._tools.items() if name not in removed}
        return removed

    def __iter__(self) -> Iterator[AnyTool]:
        """The tools sorted by name, as they are at this moment."""
        return iter([tool for _, tool in sorted(self._tools.items())])

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools


def _is_same(one: AnyTool, other: AnyTool) -> bool:
    """Whether two tools are one that was found twice: the same handler, offered in the same words."""
    same_handler = one.handler is other.handler or (
        # a bound method is a new object each time it is looked up
        isinstance(one.handler, MethodType) and one.handler == other.handler
    )
    return same_handler and (one.description, one.schema, one.options) == (
        other.description,
        other.schema,
        other.options,
    )

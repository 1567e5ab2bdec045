"""A tool as the platform has it (protocol 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["PlatformTool", "read_platform_tool"]


@dataclass(frozen=True, slots=True)
class PlatformTool:
    """A tool of an account: its id, its `tool_config` as it was read, and whether the key's owner has made it."""

    id: str
    config: Mapping[str, Any]
    is_creator: bool = False
    creator: str = ""
    """Who has made it, where the platform says so."""

    @property
    def name(self) -> str:
        return str(self.config.get("name", ""))

    @property
    def is_client_tool(self) -> bool:
        return self.config.get("type") == "client"


def read_platform_tool(body: object) -> PlatformTool | None:
    """The tool that a piece of an answer describes; None where it describes none."""
    if not isinstance(body, Mapping):
        return None
    config, tool_id, access = body.get("tool_config"), body.get("id"), body.get("access_info")
    if not isinstance(config, Mapping) or not isinstance(tool_id, str) or not tool_id:
        return None
    access = access if isinstance(access, Mapping) else {}
    creator = access.get("creator_name") or access.get("creator_email")
    return PlatformTool(
        tool_id, config, access.get("is_creator") is True, creator if isinstance(creator, str) else ""
    )

"""How long the platform waits for a tool's answer, by what is declared there (protocol 5.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["DEFAULT_SECONDS", "LONGEST_SECONDS", "MARGIN", "declared_limit", "declared_limits", "seconds_for"]

DEFAULT_SECONDS: Final = 20
LONGEST_SECONDS: Final = 120
MARGIN: Final = 2.0
"""Seconds between our own deadline and the platform's, for the answer's way there."""


def seconds_for(limit: float) -> int:
    """The `response_timeout_secs` that a tool with an own limit of so many seconds needs, or the most there is."""
    return min(LONGEST_SECONDS, max(1, math.ceil(limit + MARGIN)))


def declared_limit(tool_config: Mapping[str, Any]) -> float | None:
    """Seconds that the platform waits for this tool's answer; infinity for -1, None where it waits for none."""
    if tool_config.get("expects_response") is not True:
        return None
    said = tool_config.get("response_timeout_secs")
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        return float(DEFAULT_SECONDS)
    return math.inf if said < 0 else float(said)


def declared_limits(tools_on_platform: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """The limit of each tool by name, from their `tool_config`s; of two with one name the lesser."""
    limits: dict[str, float | None] = {}
    for config in tools_on_platform:
        name, limit = str(config.get("name")), declared_limit(config)
        earlier = limits.get(name)
        limits[name] = limit if earlier is None else earlier if limit is None else min(earlier, limit)
    return limits

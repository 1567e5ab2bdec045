"""The tools as the platform declares them: ours in its words, and how far the two agree."""

from __future__ import annotations

from agentframework.tools.dialect.declaration import Declaration, declare_tool, tool_config
from agentframework.tools.dialect.defaults import without_defaults
from agentframework.tools.dialect.drift import Difference, differences
from agentframework.tools.dialect.limits import declared_limits
from agentframework.tools.dialect.platform import PlatformTool, read_platform_tool
from agentframework.tools.dialect.push import Step, overlaid, plan_push
from agentframework.tools.dialect.reduction import Loss, Reduced, reduce_schema

__all__ = [
    "Declaration",
    "Difference",
    "Loss",
    "PlatformTool",
    "Reduced",
    "Step",
    "declare_tool",
    "declared_limits",
    "differences",
    "overlaid",
    "plan_push",
    "read_platform_tool",
    "reduce_schema",
    "tool_config",
    "without_defaults",
]

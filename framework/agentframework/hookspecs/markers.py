"""The two marks by which hooks are declared and implemented."""

from __future__ import annotations

import pluggy

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "agentframework"
"""The project that the marks belong to; the entry points of plugins are in the group of this name."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

"""What the tests of tools share: a call's context."""

from __future__ import annotations

import threading

import pytest

from agentframework.tools.context import ToolContext


@pytest.fixture
def context() -> ToolContext:
    """A call that nobody has cancelled."""
    return ToolContext("conversation-1", "call-1", "a_tool", 0.0, threading.Event())

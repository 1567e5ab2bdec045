"""What the trials share: a program with hosted tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentframework import App, Config, Tool, ToolRegistry
from agentframework.config import AgentConfig
from agentframework.plugins import LoadedPlugins

Hosts = Callable[..., App]


@pytest.fixture
def hosts() -> Hosts:
    """Makes an app that hosts these tools."""

    def made(*tools: Tool[..., Any]) -> App:
        registry = ToolRegistry()
        for one in tools:
            registry.add(one, owner="a plugin")
        return App(Config(agent=AgentConfig(url="local")), registry, LoadedPlugins(), [])

    return made

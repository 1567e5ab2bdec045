"""The hosted tools beside those that the agent of a config has on the platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentframework.config import Config
from agentframework.errors import ConfigError
from agentframework.protocol.address import REGIONS
from agentframework.rest.client import Client
from agentframework.tools.dialect.declaration import Declaration, declare_tool
from agentframework.tools.tool import Tool

__all__ = ["account_of", "agent_of", "declarations_of"]


def declarations_of(tools: Iterable[Tool[..., Any]], config: Config) -> list[Declaration]:
    """What is to be declared of each tool as this config runs it."""
    by_name, needs_error_text = config.tools.by_name, config.tools.error_text == "error"
    return [
        declare_tool(
            tool,
            timeout=tool.timeout or config.tools.timeout,
            expects_response=tool.name not in by_name or by_name[tool.name].answer != "never",
            needs_error_text=needs_error_text,
        )
        for tool in tools
    ]


def account_of(config: Config) -> Client:
    """The account that a config's agent belongs to. Raises `ConfigError` where the config names none."""
    agent = config.agent
    base = REGIONS.get(agent.url, agent.url)
    if not base.startswith(("http://", "https://")):
        fix = 'give url as a region, such as "production", or as https://...'
        raise ConfigError(
            [config.problem(("agent", "url"), "the platform's tools are not to be had there", fix)]
        )
    if agent.api_key is None:
        fix = 'add api_key = { env = "ELEVENLABS_API_KEY" } under [agent]'
        raise ConfigError(
            [config.problem(("agent", "api_key"), "is missing, and the platform's tools need it", fix)]
        )
    return Client(agent.api_key.get_secret_value(), base, timeout=agent.connect_timeout)


def agent_of(config: Config, agent_id: str | None = None) -> str:
    """The agent that is meant: this one, or that of the config. Raises `ConfigError` where there is neither."""
    found = agent_id or config.agent.id
    if not found:
        fix = 'add id = "agent_..." under [agent]'
        raise ConfigError([config.problem(("agent", "id"), "is missing", fix)])
    return found

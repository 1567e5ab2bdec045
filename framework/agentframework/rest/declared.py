"""The hosted tools beside those that the agent of a config has on the platform."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Iterable
from typing import Any, Final

from agentframework.config import Config
from agentframework.errors import ConfigError, ConfigProblem, DriftError, RestError, RestTimeoutError
from agentframework.protocol.address import REGIONS
from agentframework.rest.client import Client
from agentframework.tools.dialect.declaration import Declaration, declare_tool
from agentframework.tools.dialect.drift import Difference, differences
from agentframework.tools.dialect.limits import declared_limits
from agentframework.tools.tool import Tool

__all__ = ["Agreement", "account_of", "agent_of", "declarations_of"]

_log = logging.getLogger("agentframework.rest")

_LONGEST: Final = 5.0


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


class Agreement:
    """Whether the agent of a config has the tools that are hosted: looked at once, as `[tools] on_drift` says.

    `limits` are the seconds that the agent waits for each tool by name, infinity for ever; empty until it was looked
    at.
    """

    def __init__(self, config: Config, tools: Iterable[Tool[..., Any]]) -> None:
        self.limits: dict[str, float] = {}
        self._config = config
        self._tools = tools
        self._is_settled = config.tools.on_drift == "off"

    @property
    def problems(self) -> list[ConfigProblem]:
        """What the config lacks for it."""
        try:
            if not self._is_settled:
                account_of(self._config)
        except ConfigError as error:
            return list(error.problems)
        return []

    def prepare(self) -> None:
        """Do what takes a moment; `settle` is for the wire."""
        if not self._is_settled:
            _ = self._declarations

    @functools.cached_property
    def _declarations(self) -> list[Declaration]:
        return declarations_of(self._tools, self._config)

    async def settle(self) -> None:
        """Look, unless that was done before, within half of `connect_timeout` and within five seconds.

        With "warn" each difference is a warning in the log, and so is a platform that cannot be asked. With "error"
        raises `DriftError`, and `RestError` where it cannot be asked; and with either `ConfigError` where there are
        `problems`.
        """
        if self._is_settled:
            return
        is_error, agent = self._config.tools.on_drift == "error", agent_of(self._config)
        try:
            found = await self._compared(account_of(self._config), agent)
        except RestError as error:
            if is_error:
                raise
            _log.warning("the agent's tools were not compared with those hosted here: %s", error)
            return
        if found and is_error:
            raise DriftError(agent, found)
        for difference in found:
            _log.warning("%s", difference)
        self._is_settled = True

    async def _compared(self, client: Client, agent: str) -> tuple[Difference, ...]:
        seconds = min(_LONGEST, self._config.agent.connect_timeout / 2)
        try:
            async with asyncio.timeout(seconds):
                tools = await client.tools_of_agent(agent, branch_id=self._config.agent.branch_id)
        except TimeoutError:
            raise RestTimeoutError(f"the agent's tools were not read within {seconds:g} s") from None
        configs = [tool.config for tool in tools if tool.is_client_tool]
        limits = declared_limits(configs)
        self.limits.update({name: limit for name, limit in limits.items() if limit is not None})
        return differences(self._declarations, configs)

"""The tools and handlers of a conversation: the program's own, and those of plugins."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from agentframework.callbacks import Callbacks
from agentframework.config import AgentConfig, Config, PluginsConfig
from agentframework.conversation.client_tools import PROGRAM, ClientTools
from agentframework.errors import DuplicateToolError, PluginError
from agentframework.plugins import LoadedPlugins, load_plugins
from agentframework.session.session import OwnedHandler
from agentframework.spelling import did_you_mean
from agentframework.tools.registry import ToolRegistry

__all__ = ["Offer", "Plugins"]

_log = logging.getLogger("agentframework.conversation")

Plugins = Literal["all"] | Sequence[str] | Mapping[str, Mapping[str, Any]]
"""Which installed plugins take part: all, those named, or those named each with its settings."""


class Offer:
    """The tools and handlers of one conversation; where plugins are asked for, they are loaded here.

    Raises `PluginError` where a plugin that is named is missing or fails; of "all", those that fail are logged and
    left out. Raises `DuplicateToolError` where the program and a plugin have a tool of the same name.
    """

    def __init__(
        self,
        client_tools: ClientTools | ToolRegistry,
        callbacks: Callbacks | Sequence[Callbacks] | None,
        plugins: Plugins | None,
    ) -> None:
        self._own = client_tools if isinstance(client_tools, ToolRegistry) else client_tools.registry
        self._handlers = [callbacks] if isinstance(callbacks, Callbacks) else list(callbacks or ())
        self._of_plugins = ToolRegistry()
        self._plugins: LoadedPlugins | None = None
        if plugins:
            self._plugins = load_plugins(self._of_plugins, _config(plugins), forgive=True)
            for error in self._plugins.fatal:
                raise _missing(error, self._plugins) if not error.distribution else error
            for problem in self._plugins.problems:
                _log.warning("plugins: %s", problem)
        self.tools()

    def tools(self) -> ToolRegistry:
        """The tools to host: the program's own registry as it grows, or with plugins all tools of this moment."""
        if not len(self._of_plugins):
            return self._own
        joined = ToolRegistry()
        for tool in self._own:
            joined.add(tool, owner=tool.owner or PROGRAM)
        for tool in self._of_plugins:
            try:
                joined.add(tool)
            except DuplicateToolError as error:
                error.fix = "register yours under another name, or leave that plugin out of plugins="
                raise
        return joined

    def handlers(self) -> Iterator[OwnedHandler]:
        """The handlers of one conversation, the program's first; of a plugin's that cannot be made, the log tells."""
        for handler in self._handlers:
            yield OwnedHandler(f"{PROGRAM}'s {type(handler).__name__}", handler)
        for one in self._plugins.callbacks if self._plugins else ():
            try:
                yield OwnedHandler(one.owner, one.make())
            except PluginError as error:
                _log.error("%s", error, exc_info=error.__cause__)


def _config(plugins: Plugins) -> Config:
    """The config that admits these plugins and requires them."""
    if plugins == "all":
        chosen = PluginsConfig()
    elif isinstance(plugins, str):
        raise ValueError(f'plugins is "all" or a list of names: write plugins=[{plugins!r}]')
    else:
        settings = dict(plugins) if isinstance(plugins, Mapping) else {}
        chosen = PluginsConfig(autoload=False, required=tuple(plugins), settings=settings)
    return Config(agent=AgentConfig(url="local"), plugins=chosen)


def _missing(error: PluginError, loaded: LoadedPlugins) -> PluginError:
    """The error for a plugin that is not installed, in the words of a program instead of a config's."""
    meant = did_you_mean(error.plugin, [report.name for report in loaded.reports])
    fix = "Install it, or leave it out of plugins=" + (f"; {meant}" if meant else ".")
    return PluginError(error.plugin, "", "", "it is not installed", fix)

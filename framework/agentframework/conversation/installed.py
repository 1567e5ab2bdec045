"""Loads the installed plugins that a program asks for by `plugins=`."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from agentframework.config import AgentConfig, Config, PluginsConfig
from agentframework.conversation.data import Plugins
from agentframework.errors import PluginError
from agentframework.plugins import LoadedPlugins, load_plugins
from agentframework.spelling import did_you_mean
from agentframework.tools.registry import ToolRegistry

__all__ = ["load_installed"]

_log = logging.getLogger("agentframework.conversation")


def load_installed(tools: ToolRegistry, plugins: Plugins) -> LoadedPlugins:
    """The plugins; their tools go into `tools`. Raises `PluginError` where one that is named is missing or fails."""
    loaded = load_plugins(tools, _config(plugins), forgive=True)
    for error in loaded.fatal:
        raise _missing(error, loaded) if not error.distribution else error
    for problem in loaded.problems:
        _log.warning("plugins: %s", problem)
    return loaded


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

"""Plugins: which are installed, which are let in, and what they bring."""

from __future__ import annotations

from agentframework.hookspecs import OwnedBackend, OwnedCallbacks, Owner
from agentframework.plugins.discovery import TOOLS_GROUP, Found, discover
from agentframework.plugins.loaded import LoadedPlugins, PluginReport
from agentframework.plugins.loading import load_plugins

__all__ = [
    "TOOLS_GROUP",
    "Found",
    "LoadedPlugins",
    "OwnedBackend",
    "OwnedCallbacks",
    "Owner",
    "PluginReport",
    "discover",
    "load_plugins",
]

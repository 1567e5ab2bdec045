"""The config: what may stand in it, how it is read, and what is said of a mistake."""

from __future__ import annotations

from agentframework.config.agent import AgentConfig
from agentframework.config.keys import config_keys
from agentframework.config.layout import PLUGINS_KEYS
from agentframework.config.loading import load_config
from agentframework.config.models import (
    AudioConfig,
    Config,
    ConversationConfig,
    PluginsConfig,
    PolicyConfig,
    RuleConfig,
    ToolConfig,
    ToolsConfig,
    WorkersConfig,
)
from agentframework.config.problems import read_table
from agentframework.config.source import Source
from agentframework.config.values import URL_WORDS

__all__ = [
    "PLUGINS_KEYS",
    "URL_WORDS",
    "AgentConfig",
    "AudioConfig",
    "Config",
    "ConversationConfig",
    "PluginsConfig",
    "PolicyConfig",
    "RuleConfig",
    "Source",
    "ToolConfig",
    "ToolsConfig",
    "WorkersConfig",
    "config_keys",
    "load_config",
    "read_table",
]

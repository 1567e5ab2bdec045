"""What may stand in a config: one pydantic model per table, each key described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from agentframework.config.agent import AgentConfig
from agentframework.config.layout import arrange, in_file, misplaced_keys
from agentframework.config.lines import KeyPath
from agentframework.config.policy import PolicyConfig, RuleConfig
from agentframework.config.problems import in_order, read_table, wrong
from agentframework.config.source import Source
from agentframework.config.tools import ToolConfig, ToolsConfig
from agentframework.config.values import (
    Flag,
    JsonTable,
    PlainTables,
    Section,
    Text,
    Variables,
)
from agentframework.config.workers import WorkersConfig
from agentframework.errors import ConfigError, ConfigProblem

__all__ = [
    "AudioConfig",
    "Config",
    "ConversationConfig",
    "PluginsConfig",
    "PolicyConfig",
    "RuleConfig",
    "ToolConfig",
    "ToolsConfig",
    "WorkersConfig",
]


class ConversationConfig(Section):
    """`[conversation]`: what the agent is told when a conversation begins (protocol 2.3)."""

    dynamic_variables: Variables = Field(
        {}, repr=False, description="Values for the `{{variables}}` in the agent's texts, by name."
    )
    overrides: JsonTable = Field(
        {},
        repr=False,
        description="Overrides of the agent's settings: `conversation_config_override` as it is.",
    )
    custom_llm_extra_body: JsonTable = Field({}, repr=False, description="Passed on to the agent's own LLM.")
    user_id: Text | None = Field(None, repr=False, description="Who the user is, for the platform's records.")
    text_only: Flag | None = Field(
        None, description="Whether the conversation is written. Unless said: true with audio backend none."
    )


class AudioConfig(Section):
    """`[audio]`: ear and mouth."""

    backend: Text = Field("none", description='The audio backend by name; "none" for a written conversation.')
    echo: Literal["off", "half_duplex", "duck"] = Field(
        "off",
        description="What is done where the microphone hears the speaker: nothing; the microphone is silent "
        "while the agent speaks; it is lowered. A user who is louder than the echo gets through.",
    )
    push_to_talk: Flag = Field(
        False, description="Whether the conversation begins muted, and the user says when to listen."
    )


class PluginsConfig(Section):
    """`[plugins]`: which installed plugins are loaded; `[plugins.NAME]` is a plugin's own table."""

    autoload: Flag = Field(
        True,
        description="Whether every installed plugin is loaded; if false, only those in `enable` and `required`.",
    )
    enable: tuple[Text, ...] = Field((), description="The plugins to load where autoload is false.")
    required: tuple[Text, ...] = Field((), description="Plugins without which nothing starts.")
    disable: tuple[Text, ...] = Field((), description="Plugins that are not loaded, not even imported.")
    settings: PlainTables = Field(
        {}, repr=False, description="The tables [plugins.NAME], for the plugins to read."
    )

    @field_validator("enable")
    @classmethod
    def _check_enable(cls, enable: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if enable and info.data.get("autoload"):
            fix = "add autoload = false to load these alone, or leave enable out"
            raise wrong("without autoload = false every installed plugin is loaded anyway", fix)
        return enable

    @field_validator("disable")
    @classmethod
    def _check_disable(cls, disable: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for key in ("enable", "required"):
            for name in sorted(set(disable) & set(info.data.get(key, ()))):
                raise wrong(f"{name!r} is also in {key}", "take it out of one of the two")
        return disable


class Config(Section):
    """A whole config. `load_config` reads one from a file; in code it is built from the sections' models.

    In code a mistake is pydantic's `ValidationError`, as with any model; `Config.from_mapping` raises `ConfigError`.
    """

    agent: AgentConfig = Field(description="Whom to talk to.")
    conversation: ConversationConfig = Field(
        ConversationConfig(), description="What the agent is told when a conversation begins."
    )
    audio: AudioConfig = Field(AudioConfig(), description="Ear and mouth.")
    tools: ToolsConfig = Field(
        ToolsConfig(), description="Which tools are hosted, and how long they may take."
    )
    workers: WorkersConfig = Field(WorkersConfig(), description="Where tools that are no `async def` run.")
    policy: PolicyConfig = Field(
        PolicyConfig(), description="Which calls run, which are asked for, and which are not run."
    )
    plugins: PluginsConfig = Field(PluginsConfig(), description="Which installed plugins are loaded.")

    _source: Source = PrivateAttr(default_factory=Source)

    def model_post_init(self, context: Any, /) -> None:
        """Keeps where the config was written, if it was read from somewhere."""
        if isinstance(context, Source):
            self._source = context

    @property
    def source(self) -> Source:
        """Where this config was written."""
        return self._source

    @property
    def secrets(self) -> frozenset[str]:
        """The values that must be in no log.

        These are the API key, dynamic variables called `secret__...` (protocol 2.3), and what plugins and the
        conversation got from outside.
        """
        key = self.agent.api_key
        variables = self.conversation.dynamic_variables
        named = {str(value) for name, value in variables.items() if name.startswith("secret__")}
        return self._source.secrets | named | ({key.get_secret_value()} if key is not None else set())

    def problem(self, path: KeyPath, problem: str, fix: str = "") -> ConfigProblem:
        """A problem with the value at `path`, for instance `("audio", "backend")`, with file and line."""
        return self._source.problem(path, problem, fix)

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any], source: Source | None = None) -> Self:
        """The config of a parsed document, laid out as the file is; values are taken as they are.

        References (`{ env = "X" }`) belong to files: `load_config` has replaced them. Raises `ConfigError` with all
        problems.
        """
        source = source or Source()
        problems = [source.problem(path, "unknown key") for path in misplaced_keys(table)]
        try:
            config = read_table(cls, arrange(table), source, in_file=in_file, hint=_where_else)
        except ConfigError as error:
            raise ConfigError(in_order([*problems, *error.problems])) from None
        if problems:
            raise ConfigError(problems)
        return config


def _where_else(path: KeyPath) -> str:
    """For a key that is not known where it stands: the table that it belongs to."""
    key = path[-1]
    sections = {name: field.annotation for name, field in Config.model_fields.items()}
    if key in sections:
        return f"it is a table of its own: [{key}]"
    homes = [
        name
        for name, model in sections.items()
        if isinstance(model, type) and key in getattr(model, "model_fields", {})
    ]
    return f"it belongs to [{homes[0]}]" if homes else ""

"""What one plugin brings, kept apart from everybody else's until all of its hooks have gone well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from agentframework.approval import Approver
from agentframework.audio.base import AudioBackend
from agentframework.callbacks import Callbacks
from agentframework.config import Source, read_table
from agentframework.errors import AudioError, PluginError
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

__all__ = ["Contribution", "OwnedApprover", "OwnedBackend", "OwnedCallbacks", "Owner"]

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Owner:
    """The plugin that something belongs to; `name` is what the config and the messages call it."""

    name: str
    distribution: str
    version: str

    def fault(self, cause: str, fix: str) -> PluginError:
        """The error that says what this plugin did wrong."""
        return PluginError(self.name, self.distribution, self.version, cause, fix)


@dataclass(frozen=True, slots=True)
class OwnedCallbacks:
    """Handlers that a plugin registered: an object for all conversations, or what makes one for each."""

    plugin: Owner
    source: Callbacks | Callable[[], Callbacks]

    @property
    def owner(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    def make(self) -> Callbacks:
        """The handlers of one conversation. Raises `PluginError` where the plugin cannot make them."""
        if isinstance(self.source, Callbacks):
            return self.source
        fix = f'Disable it: [plugins] disable = ["{self.owner}"]'
        try:
            made: object = self.source()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: a plugin does not end the process
            raise self.plugin.fault(f"its callbacks cannot be made: {type(error).__name__}", fix) from error
        if not isinstance(made, Callbacks):
            raise self.plugin.fault(f"what makes its callbacks returned a {type(made).__name__}", fix)
        return made


@dataclass(frozen=True, slots=True)
class OwnedBackend:
    """An audio backend that a plugin registered, and how to make one for a conversation."""

    plugin: Owner
    name: str
    factory: Callable[[], AudioBackend]

    @property
    def owner(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    def make(self) -> AudioBackend:
        """The backend of one conversation. Raises `AudioError` where the plugin cannot make it."""
        try:
            made: object = self.factory()
        except (AudioError, KeyboardInterrupt):
            raise
        except BaseException as error:  # also SystemExit: a plugin does not end the process
            raise AudioError(
                f"audio backend {self.name!r} of {self.owner} cannot be made: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(made, AudioBackend):
            raise AudioError(
                f"what makes audio backend {self.name!r} of {self.owner} returned a {type(made).__name__}"
            )
        return made


@dataclass(frozen=True, slots=True)
class OwnedApprover:
    """An approver that a plugin registered, and how to make it."""

    plugin: Owner
    name: str
    factory: Callable[[], Approver]

    @property
    def owner(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    def make(self) -> Approver:
        """The approver of a runtime. Raises `PluginError` where the plugin cannot make it."""
        fix = "Leave out [policy] approver, or name another one"
        try:
            made: object = self.factory()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also SystemExit: a plugin does not end the process
            cause = f"its approver {self.name!r} cannot be made: {type(error).__name__}"
            raise self.plugin.fault(cause, fix) from error
        if not isinstance(made, Approver):
            raise self.plugin.fault(
                f"what makes its approver {self.name!r} returned a {type(made).__name__}", fix
            )
        return made


@dataclass(slots=True)
class Contribution:
    """What a plugin has registered so far, and its table of the config."""

    owner: Owner
    table: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: Source = field(default_factory=Source)
    tools: ToolRegistry = field(default_factory=ToolRegistry)
    callbacks: list[OwnedCallbacks] = field(default_factory=list)
    backends: dict[str, OwnedBackend] = field(default_factory=dict)
    approvers: dict[str, OwnedApprover] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    has_read_settings: bool = False
    _settings: dict[type[BaseModel], Any] = field(default_factory=dict, repr=False)

    def settings(self, model: type[ModelT]) -> ModelT:
        """The plugin's table as a `model`, the same instance for every hook.

        Raises `ConfigError` with all that is wrong in it.
        """
        self.has_read_settings = True
        settings: ModelT | None = self._settings.get(model)
        if settings is None:
            settings = read_table(model, self.table, self.config, at=("plugins", self.owner.name))
            self._settings[model] = settings
        return settings

    def finished_tools(self) -> Iterator[Tool[..., Any]]:
        """The tools, with the settings that were read first, and so in `register_tools` if that hook reads any.

        None where no hook has read the table, and not the bare table: nobody has checked it, and a table that no
        plugin reads is a mistake of the config.
        """
        settings = next(iter(self._settings.values()), None)
        for tool in self.tools:
            yield tool.with_settings(settings)

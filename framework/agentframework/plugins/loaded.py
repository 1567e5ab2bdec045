"""What became of every plugin, and what those that were loaded bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentframework.errors import ConfigProblem, PluginError
from agentframework.hookspecs import PROJECT, OwnedApprover, OwnedBackend, OwnedCallbacks
from agentframework.plugins.discovery import is_same_distribution

__all__ = ["LoadedPlugins", "PluginReport"]


@dataclass(frozen=True, slots=True)
class PluginReport:
    """What became of one plugin, or of one tool that an entry point names.

    `state` is "loaded", "failed" (`error` says why), "disabled" (by the config) or "skipped" (autoload is off and
    nothing names it). `value` is what the entry point names, empty where there is none. `tools`,
    `backends` and `approvers` are the names of what it registered, `callbacks` counts its handlers; nothing of a
    failed one is kept.
    """

    name: str
    kind: Literal["plugin", "tool"]
    distribution: str
    version: str
    value: str
    state: Literal["loaded", "failed", "disabled", "skipped"]
    error: PluginError | None = None
    warnings: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    callbacks: int = 0
    backends: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    import_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadedPlugins:
    """What all plugins together bring; their tools are in the registry that they were loaded into.

    `problems` are mistakes in `[plugins]` that only show once it is known what is installed. `fatal` is why nothing
    should start: plugins that the config requires and that are not there or failed. `tool_names` are the names of
    all tools that are installed, those that were not loaded because the config disables them among them.
    """

    reports: tuple[PluginReport, ...] = ()
    callbacks: tuple[OwnedCallbacks, ...] = ()
    audio_backends: Mapping[str, OwnedBackend] = field(default_factory=dict)
    approvers: Mapping[str, OwnedApprover] = field(default_factory=dict)
    problems: tuple[ConfigProblem, ...] = ()
    fatal: tuple[PluginError, ...] = ()
    tool_names: frozenset[str] = frozenset()

    def failure_of(self, name: str) -> PluginError | None:
        """Why the plugin of that name brings nothing; None where it works, or is not installed."""
        return next((report.error for report in self.reports if report.name == name and report.error), None)

    @property
    def guests(self) -> int:
        """How many installed packages brought something, the runtime itself not counted."""
        loaded = {report.distribution for report in self.reports if report.state == "loaded"}
        return sum(1 for distribution in loaded if not is_same_distribution(distribution, PROJECT))

"""Loads plugins one at a time, each fenced: what one does wrong is reported, and the others go on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Literal

from agentframework.config import PLUGINS_KEYS, AgentConfig, Config
from agentframework.errors import ConfigError, ConfigProblem, DuplicateToolError, PluginError
from agentframework.hookspecs import PROJECT, Contribution, OwnedApprover, OwnedBackend, OwnedCallbacks
from agentframework.plugins.admission import Admission
from agentframework.plugins.discovery import Found, discover
from agentframework.plugins.faults import AT_IMPORT, Refusal, fault_of, leave_out_hint
from agentframework.plugins.hooks import HOOKS, Hooks
from agentframework.plugins.importing import import_found, tool_of
from agentframework.plugins.loaded import LoadedPlugins, PluginReport
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

__all__ = ["load_plugins"]

logger = logging.getLogger("agentframework.plugins")


def load_plugins(
    registry: ToolRegistry,
    config: Config | None = None,
    *,
    builtins: Sequence[tuple[str, object]] = (),
    path: Sequence[str] | None = None,
    forgive: bool = False,
) -> LoadedPlugins:
    """Load what is installed and `config` lets in; its tools go to `registry`, all else is returned.

    `builtins` are the runtime's own plugins, by name; they come first and need no autoload. Then come the installed
    plugins and then the single tools, by name; where two bring the same name, the first keeps it and the second fails
    as a whole. `path` is where distributions are looked for, `sys.path` by default.

    Raises `PluginError` for the first plugin that the config requires and that is not installed or failed; with
    `forgive` these are only listed in `fatal`. Everything else that a plugin does wrong, SystemExit and broken code
    among it, is in its report and in the log.
    """
    loading = _Loading(registry, config or Config(agent=AgentConfig(url="local")))
    own = [Found(name, "plugin", PROJECT, _own_version(), "") for name, _ in builtins]
    installed = discover(path)
    for found, (_, plugin) in zip(own, builtins, strict=True):
        loading.take(found, partial(_given, plugin))
    for found in installed:
        loading.take(found, partial(import_found, found))
    loaded = loading.finish([*own, *installed])
    if loaded.fatal and not forgive:
        raise loaded.fatal[0]
    return loaded


@dataclass(slots=True)
class _Turn:
    """One plugin's turn: how far it has come."""

    found: Found
    contribution: Contribution
    stage: str = AT_IMPORT
    import_seconds: float = 0.0


@dataclass
class _Loading:
    registry: ToolRegistry
    config: Config
    hooks: Hooks = field(default_factory=Hooks)
    reports: list[PluginReport] = field(default_factory=list)
    callbacks: list[OwnedCallbacks] = field(default_factory=list)
    backends: dict[str, OwnedBackend] = field(default_factory=dict)
    approvers: dict[str, OwnedApprover] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)
    required_that_failed: list[PluginError] = field(default_factory=list)
    plugins: dict[str, Found] = field(default_factory=dict)
    bringers_of_tools: dict[str, Found] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admission = Admission(self.config)

    def take(self, found: Found, load: Callable[[], object]) -> None:
        """Load one plugin or tool, or find out why not."""
        verdict = self.admission.verdict(found)
        if verdict != "admitted":
            self.reports.append(_report(found, verdict))
            return
        table = self.config.plugins.settings.get(found.name, {}) if found.kind == "plugin" else {}
        turn = _Turn(found, Contribution(found.owner, table, self.config.source))
        try:
            self._load(turn, load)
            self._keep(turn)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also SystemExit: one plugin does not stop the others
            self._report_failure(turn, error)
        else:
            self._report_success(turn)

    def finish(self, everything: Sequence[Found]) -> LoadedPlugins:
        """Everything that came of it."""
        tools_found = {found.name for found in everything if found.kind == "tool"}
        return LoadedPlugins(
            reports=tuple(self.reports),
            callbacks=tuple(self.callbacks),
            audio_backends=MappingProxyType(self.backends),
            approvers=MappingProxyType(self.approvers),
            problems=(*self.problems, *self.admission.unknown(everything)),
            fatal=(*self.admission.missing(everything), *self.required_that_failed),
            tool_names=frozenset(self.registry.names()) | tools_found,
        )

    def _load(self, turn: _Turn, load: Callable[[], object]) -> None:
        found = turn.found
        if found.kind == "plugin":
            self._enrol(found)
        started = time.perf_counter()
        try:
            loaded = load()
        finally:
            turn.import_seconds = time.perf_counter() - started
        if found.kind == "tool":
            turn.stage = "its definition"
            turn.contribution.tools.add(tool_of(found, loaded))
            return
        self.hooks.admit(found.name, loaded)
        for hook in HOOKS:
            turn.stage = hook
            self.hooks.call(hook, found.name, turn.contribution)

    def _enrol(self, found: Found) -> None:
        if found.name in PLUGINS_KEYS:
            raise Refusal(
                f"no plugin can be called {found.name!r}, which is a key of [plugins] itself",
                "Its author gives the entry point another name",
            )
        other = self.plugins.get(found.name)
        if other is not None:
            raise Refusal(
                f"its name is taken by the plugin of {other.distribution} {other.version}",
                remedy=f"Uninstall one of the two: pip uninstall {found.distribution}",
            )
        self.plugins[found.name] = found

    def _keep(self, turn: _Turn) -> None:
        """Take over what a plugin has registered: all of it, or nothing where a name is taken."""
        found, brought = turn.found, turn.contribution
        new_tools = [tool for tool in brought.finished_tools() if not self._is_hosted(tool, found)]
        taken: list[tuple[str, OwnedBackend | OwnedApprover]] = [
            *(
                ("audio backend", self.backends[name])
                for name in sorted(brought.backends.keys() & self.backends)
            ),
            *(
                ("approver", self.approvers[name])
                for name in sorted(brought.approvers.keys() & self.approvers)
            ),
        ]
        for kind, first_one in taken:
            first = self.plugins[first_one.owner]
            raise Refusal(
                f"its {kind} {first_one.name!r} is already there, from {first}",
                remedy=f"Disable one of the two: {leave_out_hint(found)} or {leave_out_hint(first)}",
            )
        for tool in new_tools:
            self.registry.add(tool)
            self.bringers_of_tools[tool.name] = found
        self.backends |= brought.backends
        self.approvers |= brought.approvers
        self.callbacks += brought.callbacks

    def _is_hosted(self, tool: Tool[..., Any], found: Found) -> bool:
        if tool.name not in self.registry:
            return False
        try:
            self.registry.add(tool)
        except DuplicateToolError as error:
            if not self.admission.wants_tool(tool.name):
                return True  # neither is hosted in the end, so there is nothing to quarrel about
            first = self.bringers_of_tools.get(tool.name)
            remedy = f"Disable one of the two: {leave_out_hint(found)}"
            remedy += f" or {leave_out_hint(first)}" if first else ""
            raise Refusal(
                f"its tool {tool.name!r} is already there, from {first or error.first_owner}", remedy=remedy
            ) from error
        return True

    def _report_success(self, turn: _Turn) -> None:
        found, brought = turn.found, turn.contribution
        self.reports.append(
            replace(
                _report(found, "loaded"),
                warnings=tuple(brought.warnings),
                tools=brought.tools.names(),
                callbacks=len(brought.callbacks),
                backends=tuple(sorted(brought.backends)),
                approvers=tuple(sorted(brought.approvers)),
                import_seconds=turn.import_seconds,
            )
        )
        for warning in brought.warnings:
            logger.warning("%s: %s", found, warning)
        if brought.table and not brought.has_read_settings:
            path = ("plugins", found.name)
            self.problems.append(
                self.config.problem(path, "this plugin has no settings", "leave the table out")
            )

    def _report_failure(self, turn: _Turn, error: BaseException) -> None:
        found = turn.found
        if self.plugins.get(found.name) is found:
            del self.plugins[found.name]
            self.hooks.withdraw(found.name)
        fault = fault_of(found, error, turn.stage)
        logger.warning("%s", fault)
        logger.debug("%s failed", found, exc_info=error)
        self.reports.append(
            replace(_report(found, "failed"), error=fault, import_seconds=turn.import_seconds)
        )
        if isinstance(error, ConfigError):
            self.problems += error.problems
        if self.admission.requires(found):
            self.required_that_failed.append(fault)


def _report(found: Found, state: Literal["loaded", "failed", "disabled", "skipped"]) -> PluginReport:
    return PluginReport(found.name, found.kind, found.distribution, found.version, found.value, state)


def _given(plugin: object) -> object:
    """What comes with the runtime needs no import."""
    return plugin


def _own_version() -> str:
    try:
        return version(PROJECT)
    except PackageNotFoundError:  # run from a source tree
        return "from source"

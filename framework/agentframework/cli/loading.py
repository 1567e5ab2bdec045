"""Loads a config with its plugins for a command, and says what failed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentframework.app import App
from agentframework.cli.logs import ShownLog
from agentframework.cli.streams import prints_to_stderr
from agentframework.config import AgentConfig, Config, load_config
from agentframework.errors import ConfigProblem, PluginError
from agentframework.plugins import LoadedPlugins, PluginReport

__all__ = ["Findings", "failed_plugins", "inspect_plugins", "load_app", "read_config", "warnings_of"]


_TOLD_ONE_BY_ONE = 2


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of loading, whatever failed: `problems` are those of the config, `fatal` hinder a start."""

    plugins: LoadedPlugins
    problems: tuple[ConfigProblem, ...] = ()
    fatal: tuple[PluginError, ...] = ()


def read_config(file: Path | None, shown: ShownLog) -> Config:
    """The config of a file, or where none is given one that lets everything in. Raises `ConfigError`.

    From here on its secrets are in no log.
    """
    if file is None:
        return Config(agent=AgentConfig(url="local"))
    config = load_config(file)
    for secret in config.secrets:
        shown.redactor.add(secret)
    return config


def load_app(config: Config) -> App:
    """The app of a config. Raises `PluginError` and `ConfigError` as `App.load` does."""
    with prints_to_stderr():
        return App.load(config)


def inspect_plugins(config: Config) -> Findings:
    """Load as `load_app` does, and go on where that would raise."""
    with prints_to_stderr():
        app = App.load(config, forgive=True)
    return Findings(app.plugins, app.problems, app.plugins.fatal)


def failed_plugins(plugins: LoadedPlugins) -> list[PluginReport]:
    """The reports of those that failed."""
    return [report for report in plugins.reports if report.error is not None]


def warnings_of(plugins: LoadedPlugins) -> list[str]:
    """What is missing, and where to read more: a line each, or one for all where there are many."""
    failed = failed_plugins(plugins)
    if len(failed) > _TOLD_ONE_BY_ONE:
        names = ", ".join(report.name for report in failed)
        return [f"{len(failed)} plugins and tools are left out: {names}; see `agentframework plugins`"]
    return [_warning_of(report, report.error) for report in failed if report.error is not None]


def _warning_of(report: PluginReport, error: PluginError) -> str:
    return (
        f"{report.kind} {report.name!r} ({report.distribution} {report.version}) is left out: "
        f"{error.cause}; see `agentframework plugins`"
    )

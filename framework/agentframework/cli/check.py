"""`agentframework check`: everything that is wrong with a config and with the plugins that it loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from agentframework.cli.failures import FINE, TO_BE_CORRECTED
from agentframework.cli.loading import Findings, failed_plugins, inspect_plugins, read_config
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import count
from agentframework.cli.tables import print_lines
from agentframework.errors import ConfigError, ConfigProblem, PluginError
from agentframework.plugins import LoadedPlugins

__all__ = ["check"]


def check(config: Path, shown: ShownLog, *, as_json: bool) -> int:
    """Print all problems, a line each, and nothing else; or one line that says what was checked.

    The exit code is 2 where there is a problem. Plugins are loaded where the config itself can be read.
    """
    try:
        found = inspect_plugins(read_config(config, shown))
    except ConfigError as error:
        found = Findings(LoadedPlugins(), error.problems)
    faults = _faults(found)
    wrong = bool(found.problems or faults)
    if as_json:
        print_lines([_json(found, faults, ok=not wrong)])
    elif wrong:
        print_lines([*map(str, found.problems), *map(str, faults)])
    else:
        print_lines([_praise(config, found)])
    return TO_BE_CORRECTED if wrong else FINE


def _faults(found: Findings) -> list[PluginError]:
    """What is wrong with plugins, apart from what is among the problems of the config already."""
    faults = [report.error for report in failed_plugins(found.plugins) if report.error is not None]
    faults += [error for error in found.fatal if error not in faults]
    return [error for error in faults if not isinstance(error.__cause__, ConfigError)]


def _praise(config: Path, found: Findings) -> str:
    loaded = [report for report in found.plugins.reports if report.state == "loaded"]
    tools = sum(len(report.tools) for report in loaded)
    plugins = count(found.plugins.guests, "plugin")
    return f"{config}: no mistakes; {plugins} with {count(tools, 'tool')} can be loaded"


def _json(found: Findings, faults: Sequence[PluginError], *, ok: bool) -> str:
    problems = [_problem_json(problem) for problem in found.problems]
    failed = [_fault_json(fault) for fault in faults]
    return json.dumps({"ok": ok, "problems": problems, "plugins": failed}, indent=2, ensure_ascii=False)


def _problem_json(problem: ConfigProblem) -> dict[str, str | int | None]:
    return {name: getattr(problem, name) for name in ("file", "line", "key", "problem", "fix")}


def _fault_json(fault: PluginError) -> dict[str, str]:
    return {name: getattr(fault, name) for name in ("plugin", "distribution", "version", "cause", "fix")}

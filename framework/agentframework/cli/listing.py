"""`agentframework plugins` and `agentframework tools`: what is there, by whom, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentframework.cli.failures import FINE
from agentframework.cli.loading import failed_plugins, inspect_plugins, load_app, read_config, warnings_of
from agentframework.cli.logs import ShownLog
from agentframework.cli.phrases import count, duration_text, flat
from agentframework.cli.tables import print_lines, print_paragraph, print_table
from agentframework.errors import PluginError
from agentframework.plugins import PluginReport

__all__ = ["list_plugins", "list_tools", "report_json"]


def list_plugins(config: Path | None, shown: ShownLog, *, as_json: bool) -> int:
    """Print every plugin with what became of it. Raises `ConfigError` for a config that cannot be read."""
    found = inspect_plugins(read_config(config, shown))
    reports = found.plugins.reports
    missing = [error for error in found.fatal if error not in [report.error for report in reports]]
    if as_json:
        print_lines([_json([*map(report_json, reports), *map(_missing_json, missing)])])
        return FINE
    if not reports and not missing:
        print_lines(["no plugins are installed; docs/tutorial/first-plugin.md says how to write one"])
        return FINE
    rows = [
        [
            report.name,
            f"{report.distribution} {report.version}",
            report.state,
            _brought(report),
            _took(report),
        ]
        for report in reports
    ]
    rows += [[error.plugin, "", "missing", "", ""] for error in missing]
    print_table(["name", "distribution", "state", "brings", "import"], rows)
    for error in [*(report.error for report in failed_plugins(found.plugins)), *missing]:
        _explain(error)
    return FINE


def list_tools(config: Path | None, shown: ShownLog, *, as_json: bool) -> int:
    """Print every hosted tool. Raises `ConfigError` and `PluginError` as a start would.

    As JSON each is a name, a description and its parameters, the whole JSON Schema.
    """
    app = load_app(read_config(config, shown))
    for missing in warnings_of(app.plugins):
        shown.warn(missing)
    for problem in app.problems:
        shown.warn(str(problem))
    for tool in app.tools:
        if tool.unchecked_formats:
            formats = ", ".join(tool.unchecked_formats)
            shown.warn(f"tool {tool.name!r} of {tool.owner}: cannot be checked here: the format {formats}")
    if as_json:
        declared = [
            {"name": tool.name, "description": tool.description, "parameters": tool.schema}
            for tool in app.tools
        ]
        print_lines([_json(declared)])
    elif not len(app.tools):
        print_lines(["no tools are hosted; `agentframework plugins` says what is installed"])
    else:
        rows = [[tool.name, tool.owner, _parameters(tool.schema), tool.description] for tool in app.tools]
        print_table(["tool", "owner", "parameters", "description"], rows)
    return FINE


def report_json(report: PluginReport) -> dict[str, Any]:
    """A report as programs read it; durations are in milliseconds."""
    return {
        "name": report.name,
        "kind": report.kind,
        "distribution": report.distribution,
        "version": report.version,
        "entry_point": report.value,
        "state": report.state,
        "tools": list(report.tools),
        "callbacks": report.callbacks,
        "audio_backends": list(report.backends),
        "approvers": list(report.approvers),
        "import_ms": round(report.import_seconds * 1000, 1),
        "warnings": list(report.warnings),
        "cause": report.error.cause if report.error else None,
        "fix": report.error.fix if report.error else None,
    }


def _missing_json(error: PluginError) -> dict[str, Any]:
    report = PluginReport(error.plugin, "plugin", "", "", "", "failed", error)
    return {**report_json(report), "state": "missing"}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _brought(report: PluginReport) -> str:
    parts = []
    if report.tools:
        parts.append(f"{count(len(report.tools), 'tool')}: {', '.join(report.tools)}")
    if report.callbacks:
        parts.append(count(report.callbacks, "handler"))
    if report.backends:
        parts.append(f"{count(len(report.backends), 'audio backend')}: {', '.join(report.backends)}")
    if report.approvers:
        parts.append(f"{count(len(report.approvers), 'approver')}: {', '.join(report.approvers)}")
    return "; ".join(parts) or ("nothing" if report.state == "loaded" else "")


def _took(report: PluginReport) -> str:
    return duration_text(report.import_seconds) if report.state in ("loaded", "failed") else ""


def _explain(error: PluginError | None) -> None:
    assert error is not None
    print_lines([""])
    print_paragraph(f"{error.plugin}: {flat(error.cause)}")
    print_paragraph(flat(error.fix))


def _parameters(schema: Mapping[str, Any]) -> str:
    """The parameters by name, those that may be left out with a question mark."""
    required = schema.get("required", ())
    return ", ".join(name if name in required else f"{name}?" for name in schema.get("properties", {}))

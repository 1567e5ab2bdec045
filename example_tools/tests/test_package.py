"""The package is a stranger's: it is found by its entry points, and imports public names alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import agentframework
import agentframework_example_tools
from agentframework_example_tools import plugin
from agentframework_example_tools.dice import roll_dice

SOURCES = sorted(Path(agentframework_example_tools.__path__[0]).glob("*.py"))


def imported(source: Path) -> Iterator[tuple[str, str]]:
    """Each module and name that a file imports."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def test_only_public_names_of_the_framework_are_imported() -> None:
    found = {
        pair for source in SOURCES for pair in imported(source) if pair[0].split(".")[0] == "agentframework"
    }
    assert found
    assert {module for module, _ in found} == {"agentframework"}
    assert {name for _, name in found} <= set(agentframework.__all__)


def test_the_entry_points_lead_to_the_plugin_and_to_the_plain_function() -> None:
    [found] = [point for point in entry_points(group="agentframework") if point.name == "examples"]
    assert found.load() is plugin
    [found] = [point for point in entry_points(group="agentframework.tools") if point.name == "roll_dice"]
    assert found.load() is roll_dice

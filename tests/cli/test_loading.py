"""What is left out is told in as many lines as somebody reads."""

from __future__ import annotations

import pytest

from agentframework.cli.loading import warnings_of
from agentframework.errors import PluginError
from agentframework.plugins import LoadedPlugins, PluginReport


def failed(name: str) -> PluginReport:
    error = PluginError(name, f"{name}-tools", "1.0", "it cannot be imported", "Mend it")
    return PluginReport(name, "plugin", f"{name}-tools", "1.0", name, "failed", error)


def loaded(name: str) -> PluginReport:
    return PluginReport(name, "plugin", f"{name}-tools", "1.0", name, "loaded")


@pytest.mark.parametrize("names", [[], ["lamp"], ["lamp", "door"]])
def test_few_have_a_line_each_with_the_cause(names: list[str]) -> None:
    told = warnings_of(LoadedPlugins(reports=(loaded("fine"), *map(failed, names))))
    assert told == [
        f"plugin {name!r} ({name}-tools 1.0) is left out: it cannot be imported; see `agentframework plugins`"
        for name in names
    ]


def test_many_share_a_line() -> None:
    told = warnings_of(LoadedPlugins(reports=tuple(failed(name) for name in ("a", "b", "c"))))
    assert told == ["3 plugins and tools are left out: a, b, c; see `agentframework plugins`"]

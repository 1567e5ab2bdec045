"""Distributions that exist for one test: a folder with modules and metadata, as an installer leaves it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from agentframework.config import Config
from agentframework.errors import PluginError
from agentframework.hookspecs import hookimpl
from agentframework.plugins import LoadedPlugins, PluginReport, load_plugins
from agentframework.tools.registry import ToolRegistry
from config_files import LOCAL, load

__all__ = ["GOOD", "World", "builtin", "error_of", "importable", "install", "report_of"]

GOOD = """
from agentframework.hookspecs import hookimpl

def greet(name: str) -> str:
    "Greet somebody."
    return f"Hello {name}"

@hookimpl
def register_tools(register):
    register(greet)
"""


def install(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    modules: Mapping[str, str] | None = None,
    plugins: Mapping[str, str] | None = None,
    tools: Mapping[str, str] | None = None,
) -> None:
    """Put a distribution into `folder`: its modules by name, and its entry points of both groups."""
    folder.mkdir(parents=True, exist_ok=True)
    for module, code in (modules or {}).items():
        (folder / f"{module}.py").write_text(dedent(code), encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    groups = {"agentframework": plugins or {}, "agentframework.tools": tools or {}}
    lines = [
        line
        for group, points in groups.items()
        if points
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def importable(*folders: Path) -> Iterator[list[str]]:
    """`sys.path` begins with these folders; afterwards it does not, and what came from them is forgotten."""
    path = [str(folder) for folder in folders]
    before = set(sys.modules)
    sys.path[:0] = path
    try:
        yield path
    finally:
        for entry in path:
            sys.path.remove(entry)
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "") or "").startswith(tuple(path)):
                del sys.modules[name]


class World:
    """A folder with throw-away distributions, and what loading them gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.site.mkdir()
        self.path = [str(self.site)]
        self.registry = ToolRegistry()

    def install(self, name: str, version: str = "1.0", **parts: Mapping[str, str]) -> None:
        install(self.site, name, version, **parts)

    def plugin(self, name: str, code: str) -> None:
        """A distribution `<name>-dist` with one plugin, whose module is `throwaway_<name>`."""
        module = f"throwaway_{name}"
        self.install(f"{name}-dist", modules={module: code}, plugins={name: module})

    def load(self, config: str = "", **options: Any) -> LoadedPlugins:
        self.registry = ToolRegistry()
        return load_plugins(self.registry, self.config(config), path=self.path, **options)

    def config(self, text: str = "") -> Config:
        return load(self.folder, LOCAL + text)


def report_of(loaded: LoadedPlugins, name: str) -> PluginReport:
    (found,) = [one for one in loaded.reports if one.name == name]
    return found


def error_of(loaded: LoadedPlugins, name: str) -> PluginError:
    found = report_of(loaded, name)
    assert found.state == "failed"
    assert found.error is not None
    return found.error


def builtin(tool: str) -> object:
    """A plugin that comes with the runtime and brings one tool."""

    def answer() -> int:
        return 42

    class Plugin:
        @hookimpl
        def register_tools(self, register: Callable[..., object]) -> None:
            register(answer, name=tool)

    return Plugin()

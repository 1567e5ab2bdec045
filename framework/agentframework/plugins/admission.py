"""Which of the plugins that were found the config lets in, and what it says of plugins that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from agentframework.config import Config
from agentframework.errors import ConfigProblem, PluginError
from agentframework.hookspecs import Owner
from agentframework.plugins.discovery import Found, is_same_distribution
from agentframework.spelling import did_you_mean

__all__ = ["Admission"]


class Admission:
    """What the config says of plugins.

    A plugin goes by its name; single tools go by the name of their distribution under `[plugins]`, and each by its
    own name or globs under `[tools]`.
    """

    def __init__(self, config: Config) -> None:
        self._config = config

    def verdict(self, found: Found) -> Literal["admitted", "disabled", "skipped"]:
        """Whether to load it: "disabled" by name, or "skipped" because autoload is off and nothing names it."""
        plugins = self._config.plugins
        if _is_named(found, plugins.disable) or (found.kind == "tool" and not self.wants_tool(found.name)):
            return "disabled"
        if found.is_builtin or plugins.autoload or _is_named(found, [*plugins.enable, *plugins.required]):
            return "admitted"
        return "skipped"

    def wants_tool(self, name: str) -> bool:
        """Whether a tool of this name is to be hosted."""
        tools = self._config.tools
        enabled = not tools.enable or any(fnmatchcase(name, glob) for glob in tools.enable)
        return enabled and not any(fnmatchcase(name, glob) for glob in tools.disable)

    def requires(self, found: Found) -> bool:
        """Whether nothing may start without it."""
        return _is_named(found, self._config.plugins.required)

    def missing(self, everything: Sequence[Found]) -> Iterator[PluginError]:
        """An error for each plugin that is required and not installed."""
        for name in self._config.plugins.required:
            if not any(_is_named(found, [name]) for found in everything):
                meant = _meant(name, everything)
                fix = "Install it, or take it out of [plugins] required" + (f"; {meant}" if meant else ".")
                yield Owner(name, "", "").fault("the config requires it and it is not installed", fix)

    def unknown(self, everything: Sequence[Found]) -> Iterator[ConfigProblem]:
        """A problem for each name in `[plugins]` that nothing installed has, a required one apart."""
        plugins = self._config.plugins
        paths: list[tuple[tuple[str | int, ...], str]] = [
            (("plugins", key, position), name)
            for key, names in (("enable", plugins.enable), ("disable", plugins.disable))
            for position, name in enumerate(names)
        ]
        paths += [(("plugins", name), name) for name in plugins.settings if name not in plugins.required]
        for path, name in paths:
            if not any(_is_named(found, [name]) for found in everything):
                fix = _meant(name, everything) or "`agentframework plugins` lists those that are installed"
                yield self._config.problem(path, f"no installed plugin is called {name!r}", fix)


def _is_named(found: Found, names: Sequence[str]) -> bool:
    if found.kind == "plugin":
        return found.name in names
    return any(is_same_distribution(found.distribution, name) for name in names)


def _meant(name: str, everything: Sequence[Found]) -> str:
    of_distribution = [one.name for one in everything if is_same_distribution(one.distribution, name)]
    if of_distribution:
        return f"{name!r} is a distribution; its plugin is called {of_distribution[0]!r}"
    return did_you_mean(name, [one.owner.name for one in everything])

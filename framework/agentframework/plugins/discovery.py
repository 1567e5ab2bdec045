"""Which plugins are installed, told from the packages' metadata alone: nothing of theirs is imported."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, DistributionFinder, EntryPoint, distributions
from typing import Any, Literal

from agentframework.hookspecs import PROJECT, Owner

__all__ = ["TOOLS_GROUP", "Found", "discover", "is_same_distribution"]

TOOLS_GROUP = f"{PROJECT}.tools"
"""The group of entry points that are a tool each; the one of plugins is called like the project."""

logger = logging.getLogger("agentframework.plugins")


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point: a plugin, or a single tool. `value` is what it names, `module` or `module:object`."""

    name: str
    kind: Literal["plugin", "tool"]
    distribution: str
    version: str
    value: str

    @property
    def is_builtin(self) -> bool:
        """Whether it comes with the runtime itself."""
        return is_same_distribution(self.distribution, PROJECT)

    @property
    def owner(self) -> Owner:
        """Who what it brings belongs to: the plugin, or for a single tool the distribution that it comes with."""
        return Owner(
            self.name if self.kind == "plugin" else self.distribution, self.distribution, self.version
        )

    @property
    def entry_point(self) -> EntryPoint:
        """The entry point, which can be loaded."""
        return EntryPoint(self.name, self.value, PROJECT if self.kind == "plugin" else TOOLS_GROUP)

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} ({self.distribution} {self.version})"


def discover(path: Sequence[str] | None = None) -> tuple[Found, ...]:
    """The installed plugins and then the single tools, by name, whatever the order in which they were installed.

    `path` is where distributions are looked for, `sys.path` by default. One that is there twice counts once: as in an
    import the first on the path, so that an editable install and a wheel, or one folder under two names, do no harm.
    """
    search: dict[str, Any] = {} if path is None else {"path": list(path)}
    names = {
        _normalized(name): name
        for distribution in distributions(context=DistributionFinder.Context(**search))
        if _entry_points(distribution) and (name := _said(distribution, "Name"))
    }
    found: list[Found] = []
    for name in names.values():
        first = next(iter(Distribution.discover(context=DistributionFinder.Context(name=name, **search))))
        found += dict.fromkeys(_found_in(first))
    return tuple(sorted(found, key=lambda one: (one.kind, one.name, _normalized(one.distribution))))


def is_same_distribution(one: str, other: str) -> bool:
    """Whether two spellings name one distribution: case, "-", "_" and "." make no difference."""
    return _normalized(one) == _normalized(other)


def _found_in(distribution: Distribution) -> Iterator[Found]:
    name, version = _said(distribution, "Name"), _said(distribution, "Version") or "of unknown version"
    for point in _entry_points(distribution):
        kind: Literal["plugin", "tool"] = "plugin" if point.group == PROJECT else "tool"
        yield Found(point.name, kind, name, version, point.value)


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    try:
        return [point for point in distribution.entry_points if point.group in {PROJECT, TOOLS_GROUP}]
    except Exception as error:  # noqa: BLE001 - a damaged package, maybe a stranger's, stops nobody else
        logger.warning("the entry points of an installed package cannot be read: %s", error)
        return []


def _said(distribution: Distribution, key: str) -> str:
    """A line of the metadata, empty where it is missing."""
    metadata = distribution.metadata
    return metadata[key] if key in metadata else ""  # noqa: SIM401 - Python 3.11 declares no `get` for it


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

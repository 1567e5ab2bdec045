"""What is known about the text that a config was written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentframework.config.lines import KeyLines, KeyPath, dotted
from agentframework.errors import ConfigProblem

__all__ = ["Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the keys stand, where values came from, and which of them are secret.

    `folder` is what relative paths are relative to; None where the config was no file.
    """

    file: str = "config"
    folder: Path | None = None
    lines: KeyLines = field(default_factory=KeyLines)
    origins: Mapping[KeyPath, str] = field(default_factory=dict)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def problem(self, path: KeyPath, problem: str, fix: str = "") -> ConfigProblem:
        """A problem with the value at `path`, with its line."""
        return ConfigProblem(self.file, self.lines.line_of(path), dotted(path), problem, fix)

    def origin_of(self, path: KeyPath) -> str | None:
        """Where the value at `path`, or a part of it, came from, if it was not written in the file itself."""
        for place, origin in self.origins.items():
            if place[: len(path)] == path:
                return origin
        return None

"""How the layout of the file becomes that of the models: `[tools]` and `[plugins]` mix keys and named tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentframework.config.lines import KeyPath

__all__ = ["PLUGINS_KEYS", "arrange", "in_file", "is_free_table", "misplaced_keys"]

PLUGINS_KEYS = frozenset({"autoload", "enable", "required", "disable"})
"""The keys of `[plugins]` itself; no plugin can have one of these names."""

_NAMED_TABLES = {"tools": "by_name", "plugins": "settings"}
_FREE_TABLES = {("conversation", key) for key in ("dynamic_variables", "overrides", "custom_llm_extra_body")}


def arrange(table: Mapping[str, Any]) -> dict[str, Any]:
    """The file's tables as the models have them: `[tools.NAME]` below `by_name`, `[plugins.NAME]` below `settings`.

    In `[tools]` every table is a tool's, so that a tool may be called `enable` (whose key is a list, never a table).
    """
    arranged = {"agent": {}, **table}
    for section, home in _NAMED_TABLES.items():
        content = table.get(section)
        if not isinstance(content, Mapping):
            continue
        named = {key: value for key, value in content.items() if _is_named(section, key, value)}
        rest = {key: value for key, value in content.items() if key not in named and key != home}
        arranged[section] = {**rest, home: named}
    return arranged


def misplaced_keys(table: Mapping[str, Any]) -> list[KeyPath]:
    """Keys that only the models have: there is no `by_name` in the file, unless it is a tool's name."""
    return [
        (section, home)
        for section, home in _NAMED_TABLES.items()
        if isinstance(content := table.get(section), Mapping)
        and home in content
        and not isinstance(content[home], Mapping)
    ]


def in_file(path: KeyPath) -> KeyPath:
    """Where in the file the value stands that the models have at `path`."""
    if len(path) > 1 and _NAMED_TABLES.get(str(path[0])) == path[1]:
        return (path[0], *path[2:])
    return path


def is_free_table(path: KeyPath) -> bool:
    """Whether a table at this place of the file is always a table, whatever keys it has: never a reference."""
    is_plugin = len(path) == 2 and path[0] == "plugins" and path[1] not in PLUGINS_KEYS
    is_pattern = len(path) == 4 and path[0] == "policy" and path[3] == "arguments"  # one may be called `file`
    return len(path) < 2 or is_plugin or is_pattern or path in _FREE_TABLES


def _is_named(section: str, key: str, value: object) -> bool:
    return isinstance(value, Mapping) and not (section == "plugins" and key in PLUGINS_KEYS)

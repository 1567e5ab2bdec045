"""Values that stand outside a config file: `{ env = "X" }`, `{ file = "x" }`, `"${X}"` and `"${X:-default}"`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentframework.config.lines import KeyPath
from agentframework.spelling import did_you_mean

__all__ = ["FetchedText", "References", "Trouble"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_TEXT = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")


class FetchedText(str):
    """Text that a reference was replaced by or in: a number or a boolean is read from it, as nothing else can be."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reference that leads nowhere."""

    path: KeyPath
    problem: str
    fix: str = ""


@dataclass(slots=True)
class References:
    """Replaces the references in a parsed document, at any depth, and remembers what came from where.

    This happens after parsing, so a value with quotes, backslashes or newlines is as safe as any other, and a
    value that itself looks like a reference is left alone. `is_reference(path)` says whether a table with the one
    key `env` or `file` may stand for a value at that place; `read_file` gives a file's text or raises `OSError` or
    `UnicodeDecodeError`.
    """

    environ: Mapping[str, str]
    read_file: Callable[[str], str]
    is_reference: Callable[[KeyPath], bool]
    origins: dict[KeyPath, str] = field(default_factory=dict)
    """By key path: where a value came from, for messages ("the variable X", "the file x")."""
    fetched: dict[KeyPath, list[str]] = field(default_factory=dict, repr=False)
    """By key path: the texts that came from outside."""
    troubles: list[Trouble] = field(default_factory=list)

    def resolve(self, value: Any, path: KeyPath = ()) -> Any:
        """A copy of `value` with every reference replaced. What cannot be found is an empty text and a trouble."""
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, list):
            return [self.resolve(item, (*path, position)) for position, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        match value:
            case {"env": str(name)} if len(value) == 1 and self.is_reference(path):
                return self._variable(name, path)
            case {"file": str(name)} if len(value) == 1 and self.is_reference(path):
                return self._file(name, path)
        return {key: self.resolve(item, (*path, key)) for key, item in value.items()}

    def _variable(self, name: str, path: KeyPath) -> FetchedText:
        if name not in self.environ:
            return self._missing(name, path)
        return self._found(self.environ[name], f"the variable {name}", path)

    def _file(self, name: str, path: KeyPath) -> FetchedText:
        try:
            text = self.read_file(name)
        except OSError as error:
            return self._trouble(
                path, f"the file {name!r} cannot be read: {error.strerror or type(error).__name__}"
            )
        except UnicodeDecodeError:
            return self._trouble(path, f"the file {name!r} is no UTF-8 text")
        return self._found(text.removesuffix("\n").removesuffix("\r"), f"the file {name!r}", path)

    def _text(self, text: str, path: KeyPath) -> str:
        if "${" not in text:
            return text
        return FetchedText(_IN_TEXT.sub(lambda match: self._in_text(match, path), text))

    def _in_text(self, match: re.Match[str], path: KeyPath) -> str:
        if match.group() == "$${":
            return "${"
        name, has_default, default = match.group(1).partition(":-")
        if not match.group(2) or not _NAME.fullmatch(name):
            fix = 'write "${NAME}", "${NAME:-default}", or "$${" where the two characters are meant'
            return self._trouble(path, f"'${{{name[:40]}' names no variable", fix)
        if has_default and not self.environ.get(name):
            return default
        return self._variable(name, path)

    def _found(self, text: str, origin: str, path: KeyPath) -> FetchedText:
        self.origins[path] = origin
        self.fetched.setdefault(path, []).append(text)
        return FetchedText(text)

    def _missing(self, name: str, path: KeyPath) -> FetchedText:
        meant = did_you_mean(name, self.environ)
        return self._trouble(path, f"the variable {name} is not set", meant or f"set it: export {name}=...")

    def _trouble(self, path: KeyPath, problem: str, fix: str = "") -> FetchedText:
        self.troubles.append(Trouble(path, problem, fix))
        self.origins.setdefault(path, "the environment")
        return FetchedText("")

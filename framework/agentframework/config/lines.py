"""The line of every key of a TOML document, which the standard library's parser does not tell."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

__all__ = ["KeyLines", "KeyPath", "dotted", "find_lines"]

KeyPath = tuple[str | int, ...]
"""The way to a value: table keys, and positions in lists."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)


def dotted(path: KeyPath) -> str:
    """A key path as one would write it in TOML, with positions in brackets: `plugins.hue.lamps[2]."the name"`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = (
            part if _BARE_KEY.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        )
        text += f".{key}" if text else key
    return text


@dataclass(frozen=True, slots=True)
class KeyLines:
    """Where the keys of a document stand: line numbers from 1, and which tables are written `{ inline }`."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    inline: frozenset[KeyPath] = frozenset()

    def line_of(self, path: KeyPath) -> int | None:
        """The line of a key; of the nearest table around it where the key is not there; None where nothing is."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


def find_lines(text: str) -> KeyLines:
    """The lines of all keys in `text`, which `tomllib` must have accepted: what is no TOML is not noticed here."""
    scanner = _Scanner(text)
    scanner.document()
    return KeyLines(scanner.lines, frozenset(scanner.inline))


class _Scanner:
    """Walks once through a valid document. A table's own header counts more than an earlier mention on the way."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.inline: set[KeyPath] = set()
        self._line = 1
        self._counted = 0
        self._tables_in_array: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self._next():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _next(self) -> str:
        """The character that stands after blanks, newlines and comments; empty at the end."""
        self._skip(_BLANK)
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None, "the document was accepted by tomllib"
        self.at = match.end()
        return match.group()

    def _line_here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _header(self) -> KeyPath:
        line = self._line_here()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        *parents, name = self._key()
        self.at += 2 if is_array else 1
        path: KeyPath = ()
        for part in parents:
            path = self._enter((*path, part), line)
        path = (*path, name)
        if is_array:
            self.lines.setdefault(path, line)
            position = self._tables_in_array.get(path, 0)
            self._tables_in_array[path] = position + 1
            path = (*path, position)
        self.lines[path] = line
        return path

    def _enter(self, path: KeyPath, line: int) -> KeyPath:
        """A table that is only passed through; in an array of tables that is the last one so far."""
        self.lines.setdefault(path, line)
        tables = self._tables_in_array.get(path)
        return path if tables is None else (*path, tables - 1)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                parts.append(str(tomllib.loads(f"key = {self._skip(_STRING)}")["key"]))
            else:
                parts.append(self._skip(_BARE_KEY))
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _pair(self, table: KeyPath) -> None:
        line = self._line_here()
        *parents, name = self._key()
        for part in parents:
            table = (*table, part)
            self.lines.setdefault(table, line)
        path = (*table, name)
        self.lines[path] = line
        self.at += 1  # the "="
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self._skip(_STRING)
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        position = 0
        while (character := self._next()) != "]":
            if character == ",":
                self.at += 1
                continue
            self.lines[(*path, position)] = self._line_here()
            self._value((*path, position))
            position += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.inline.add(path)
        self.at += 1
        while (character := self._next()) != "}":
            if character == ",":
                self.at += 1
            else:
                self._pair(path)
        self.at += 1

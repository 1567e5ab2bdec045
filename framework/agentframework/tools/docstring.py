"""What a docstring says about a tool and its parameters, in Google's, NumPy's or reST style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

__all__ = ["Docstring", "read_docstring"]

_PARAMETERS: Final = "Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters"
_OTHERS: Final = "Returns|Return|Yields|Yield|Raises|Example|Examples|Attributes|See Also|References"
_TITLE: Final = re.compile(rf"({_PARAMETERS}|{_OTHERS}):?\s*", re.IGNORECASE)
_PARAMETERS_TITLE: Final = re.compile(rf"({_PARAMETERS}):?\s*", re.IGNORECASE)
_UNDERLINE: Final = re.compile(r"-{3,}\s*|={3,}\s*")
_FIELD: Final = re.compile(
    r":(param|parameter|arg|argument|key|keyword|type|returns?|rtype|raises?|yields?)\b[^:]*:.*"
)
_PARAMETER_FIELD: Final = re.compile(
    r":(?:param|parameter|arg|argument|key|keyword)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)"
)
_GOOGLE_ENTRY: Final = re.compile(r"\*{0,2}(\w+)\s*(?:\(.*?\))?\s*:\s*(.*)")
_NUMPY_ENTRY: Final = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?")


@dataclass(frozen=True, slots=True)
class Docstring:
    """The text before the first section, and what is said of each parameter."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Docstring:
    """Reads what can be read; a docstring in no known style is all description."""
    lines = inspect.cleandoc(text or "").splitlines()
    sections = [index for index in range(len(lines)) if _is_section(lines, index)]
    description = "\n".join(lines[: sections[0]] if sections else lines).strip()
    said: dict[str, list[str]] = {}
    for start, end in pairwise([*sections, len(lines)]):
        for name, line in _entries(lines[start:end]):
            said.setdefault(name, []).append(line.strip())
    return Docstring(description, {name: " ".join(filter(None, words)) for name, words in said.items()})


def _is_section(lines: list[str], index: int) -> bool:
    line = lines[index]
    if _FIELD.fullmatch(line):
        return True
    if not _TITLE.fullmatch(line):
        return False
    return line.rstrip().endswith(":") or _is_underlined(lines, index)


def _is_underlined(lines: list[str], index: int) -> bool:
    return index + 1 < len(lines) and _UNDERLINE.fullmatch(lines[index + 1]) is not None


def _entries(section: list[str]) -> Iterator[tuple[str, str]]:
    """Each parameter's name with each line that is said of it."""
    found = _PARAMETER_FIELD.fullmatch(section[0])
    if found:
        yield found[1], found[2]
        yield from ((found[1], line) for line in _indented(section[1:]))
    elif not _PARAMETERS_TITLE.fullmatch(section[0]):
        return
    elif _is_underlined(section, 0):
        yield from _numpy_entries(section[2:])
    else:
        yield from _google_entries(_indented(section[1:]))


def _indented(lines: list[str]) -> list[str]:
    """The lines up to the first that stands at the margin again."""
    margin = next((index for index, line in enumerate(lines) if line[:1].strip()), len(lines))
    return lines[:margin]


def _google_entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    for line in inspect.cleandoc("\n" + "\n".join(lines)).splitlines():
        entry = _GOOGLE_ENTRY.fullmatch(line)
        if entry:
            names = [entry[1]]
        yield from ((name, entry[2] if entry else line) for name in names)


def _numpy_entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    for line in lines:
        entry = _NUMPY_ENTRY.fullmatch(line)
        if entry:
            names = [name.strip().lstrip("*") for name in entry[1].split(",")]
        elif line[:1].isspace():
            yield from ((name, line) for name in names)

"""Regular expressions keep to what every Python 3.11 can run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for pattern in ("framework/**/*.py", "example_tools/src/**/*.py", "plugins/*/src/**/*.py", "scripts/*.py")
    for path in ROOT.glob(pattern)
)


def patterns(source: str) -> Iterator[str]:
    """The literal patterns that are given to functions of `re`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            module, pattern = node.func.value, node.args[0]
            is_of_re = isinstance(module, ast.Name) and module.id == "re"
            if is_of_re and isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                yield pattern.value


def is_possessive(pattern: str) -> bool:
    """Whether a pattern has a possessive repeat or an atomic group."""
    try:
        parsed = re._parser.parse(pattern, re.VERBOSE)  # type: ignore[attr-defined]
    except re.error:
        return False  # an argument that is no pattern, such as that of re.escape
    return _holds_possessive(parsed)


def _holds_possessive(part: Any) -> bool:
    if isinstance(part, tuple | list) or hasattr(part, "data"):
        return any(_holds_possessive(one) for one in (part.data if hasattr(part, "data") else part))
    return str(part) in {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def test_the_check_sees_what_it_looks_for() -> None:
    assert is_possessive(r"(?:[^a]++|b)*c")
    assert is_possessive(r"x(?>ab)")
    assert not is_possessive(r"(?:[^a]+|b)*c\+\+")
    assert list(patterns("import re\nre.compile('a' 'b')")) == ["ab"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_is_possessive(path: Path) -> None:
    """Python 3.11.0 to 3.11.4 match these wrongly, or crash on them; Debian 12 brings 3.11.2."""
    assert [pattern for pattern in patterns(path.read_text(encoding="utf-8")) if is_possessive(pattern)] == []

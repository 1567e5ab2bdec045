"""What a rule asks of a tool's name and of arguments: globs, values, lists of these, and bounds of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from agentframework.policy.canonical import canonical_json

__all__ = ["BOUNDS", "MISSING", "Test", "compile_glob", "compile_pattern", "values_at"]

Test = Callable[[Any], bool]

BOUNDS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}
"""The words for bounds, which are JSON Schema's."""

MISSING: Final = object()
"""Stands where the arguments have nothing at a place."""


def compile_glob(glob: str) -> Callable[[str], bool]:
    """A test of a whole text: `*` stands for any characters, `?` for one; case counts.

    Takes time in proportion to the text. (`fnmatch` builds atomic groups, which Python 3.11.0 to 3.11.4 gets wrong.)
    """
    if "*" not in glob:
        whole = _piece(glob)
        return lambda text: whole.fullmatch(text) is not None
    first, *middle, last = (_piece(piece) for piece in re.sub(r"\*+", "*", glob).split("*"))
    tail = len(glob) - glob.rindex("*") - 1  # a piece is as long as what it stands for

    def test(text: str) -> bool:
        match = first.match(text)
        for piece in middle:
            match = None if match is None else piece.search(text, match.end())
        end = len(text) - tail
        return match is not None and match.end() <= end and last.match(text, end) is not None

    return test


def compile_pattern(pattern: Any) -> Test:
    """A test of one value that is no object and no list.

    A text is a glob, for texts and for how numbers, booleans and null are written in JSON; a number or a boolean is
    that value; a list is any one of its patterns; a mapping has `BOUNDS` for a number. Raises `ValueError` with what
    would be right.
    """
    if isinstance(pattern, str):
        glob = compile_glob(pattern)
        return lambda value: glob(value if isinstance(value, str) else canonical_json(value))
    if isinstance(pattern, bool | int | float):
        written = canonical_json(pattern)
        return lambda value: not isinstance(value, str) and canonical_json(value) == written
    if isinstance(pattern, Sequence) and pattern:
        tests = [compile_pattern(one) for one in pattern]
        return lambda value: any(test(value) for test in tests)
    if isinstance(pattern, Mapping) and pattern and pattern.keys() <= BOUNDS.keys():
        return _bounded(pattern)
    raise ValueError(
        f"a pattern is text, a number, true or false, a list of these, or a table of {', '.join(BOUNDS)}"
    )


def values_at(arguments: Any, place: str) -> Iterator[Any]:
    """Every value at a place, such as `to`, `card.number` or `people.iban`; `MISSING` for each way that ends early.

    Lists on the way are looked through, and of what stands at the place each value that is no object and no list.
    """
    yield from _walk(arguments, tuple(part.removesuffix("[]") for part in place.split(".")))


def _walk(value: Any, steps: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value or (MISSING,):
            yield from _walk(item, steps)
    elif not isinstance(value, Mapping):
        yield MISSING if steps else value
    elif not steps:
        for member in value.values() or (MISSING,):
            yield from _walk(member, ())
    else:
        ways = [length for length in range(1, len(steps) + 1) if ".".join(steps[:length]) in value]
        for length in ways:  # more than one only where a name has a dot in it
            yield from _walk(value[".".join(steps[:length])], steps[length:])
        if not ways:
            yield MISSING


def _piece(text: str) -> re.Pattern[str]:
    return re.compile(
        "".join("." if character == "?" else re.escape(character) for character in text), re.DOTALL
    )


def _bounded(bounds: Mapping[str, Any]) -> Test:
    for word, bound in bounds.items():
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise ValueError(f"{word} is a number")
    checks = [(BOUNDS[word], bound) for word, bound in bounds.items()]

    def test(value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and all(check(value, bound) for check, bound in checks)

    return test

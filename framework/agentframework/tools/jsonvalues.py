"""Plain JSON values: copied, so that nobody shares them with the wire, and kept within bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

__all__ = [
    "MAX_DEPTH",
    "MAX_SIZE_BYTES",
    "JsonValue",
    "OutOfBoundsError",
    "json_from_text",
    "path_to_half_character",
    "read_json",
]

MAX_DEPTH: Final = 64
"""How many objects and lists may stand inside each other, the outermost included."""

MAX_SIZE_BYTES: Final = 1024 * 1024
"""What the value may take as compact JSON in UTF-8."""

_MAX_INTEGER_BITS: Final = 1024  # as large as the largest float; above it arithmetic with floats raises
_EXACT_INTEGER_BITS: Final = 53  # beyond it floats leave integers out
_MAX_NUMBER_SIZE_BYTES: Final = 310
_MAX_CHARACTER_SIZE_BYTES: Final = 6  # \u001f


class OutOfBoundsError(Exception):
    """A value is no JSON, not finite, too deep or too large; `path` leads to it, and nothing of it is shown."""

    def __init__(self, expected: str, came: str) -> None:
        super().__init__(expected, came)
        self.path: list[str | int] = []
        self.expected = expected
        self.came = came


class JsonValue(NamedTuple):
    """A copy of what came, and what is known of it."""

    value: Any
    has_whole_floats: bool
    """Whether a float in it is a whole number (7.0)."""
    is_interoperable: bool
    """Whether every reader of JSON takes it for the same: whole characters, and no number beyond 2**53 (RFC 7493)."""
    size_limit_bytes: int
    """More than it takes as JSON: every value counts as the longest number, and every character as an escaped one."""


def read_json(value: object) -> JsonValue:
    """Copies a JSON value. Raises `OutOfBoundsError` where it is not one, or not within the bounds."""
    reader = _Reader()
    copied = reader.copy(value, 0)
    if reader.size_limit_bytes > MAX_SIZE_BYTES:
        text = json.dumps(copied, ensure_ascii=False, separators=(",", ":"))
        _check_size(text)
    return JsonValue(copied, reader.has_whole_floats, reader.is_interoperable, reader.size_limit_bytes)


def json_from_text(text: str) -> Any:
    """The value of a JSON text, bounded in its size alone. Raises `ValueError` or `OutOfBoundsError`."""
    _check_size(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise _too_deep() from None


def path_to_half_character(value: object) -> list[str | int] | None:
    """Where a text or a name holds half a surrogate pair, which UTF-8 cannot carry; None where all are whole."""
    if isinstance(value, str):
        return None if value.isascii() or _is_whole(value) else []
    if isinstance(value, Mapping):
        members: Iterable[tuple[str | int, object]] = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        return None
    for step, member in members:
        if isinstance(step, str) and not step.isascii() and not _is_whole(step):
            return [step]
        path = path_to_half_character(member)
        if path is not None:
            return [step, *path]
    return None


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_size(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_SIZE_BYTES:
        raise OutOfBoundsError("at most 1 MiB of JSON", "more")


def _deeper(depth: int) -> int:
    if depth == MAX_DEPTH:
        raise _too_deep()
    return depth + 1


def _too_deep() -> OutOfBoundsError:
    return OutOfBoundsError(f"at most {MAX_DEPTH} levels of objects and lists", "more")


class _Reader:
    """One walk through a value."""

    __slots__ = ("has_whole_floats", "is_interoperable", "size_limit_bytes")

    def __init__(self) -> None:
        self.has_whole_floats = False
        self.is_interoperable = True
        self.size_limit_bytes = 0  # exact counting is for those near the bound

    def copy(self, value: object, depth: int) -> Any:
        self.size_limit_bytes += _MAX_NUMBER_SIZE_BYTES
        if type(value) is str:  # what is most often sent comes first, and a type derived from it last
            self._take_text(value)
            return value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._copy_int(value)
        if isinstance(value, float):
            return self._copy_float(value)
        if isinstance(value, dict):
            return self._copy_dict(value, _deeper(depth))
        if isinstance(value, list):
            return self._copy_list(value, _deeper(depth))
        if isinstance(value, str):
            self._take_text(value)
            return str.__str__(value)
        raise OutOfBoundsError("a JSON value", f"a value of type {type(value).__name__}")

    def _take_text(self, text: str) -> None:
        self.size_limit_bytes += len(text) * _MAX_CHARACTER_SIZE_BYTES + 4
        if not text.isascii() and not _is_whole(text):
            self.is_interoperable = False

    def _copy_int(self, value: int) -> int:
        if value.bit_length() > _EXACT_INTEGER_BITS:
            self.is_interoperable = False
            if value.bit_length() > _MAX_INTEGER_BITS:
                raise OutOfBoundsError("a number of at most 300 digits", "a longer one")
        return int(value)

    def _copy_float(self, value: float) -> float:
        if not math.isfinite(value):
            raise OutOfBoundsError("a finite number", json.dumps(float(value)))
        if value.is_integer():
            self.has_whole_floats = True
            if abs(value) >= 1 << _EXACT_INTEGER_BITS:
                self.is_interoperable = False
        return float(value)

    def _copy_dict(self, value: dict[Any, object], depth: int) -> dict[str, Any]:
        copied = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise OutOfBoundsError("names that are text", f"a name of type {type(key).__name__}")
            self._take_text(key)
            try:
                copied[key] = self.copy(item, depth)
            except OutOfBoundsError as error:
                error.path.insert(0, key)
                raise
        return copied

    def _copy_list(self, value: list[object], depth: int) -> list[Any]:
        copied = []
        for index, item in enumerate(value):
            try:
                copied.append(self.copy(item, depth))
            except OutOfBoundsError as error:
                error.path.insert(0, index)
                raise
        return copied

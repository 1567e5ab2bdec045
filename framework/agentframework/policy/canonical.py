"""One text for equal arguments, and its hash: what an approval is bound to and what a repetition is known by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["canonical_json", "hash_of"]

_EXACT: Final = 1 << 53
"""From here on floats leave integers out, so that two numbers that differ could become one."""


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """A JSON value as text: names sorted, no blanks, and numbers that are equal (7 and 7.0) written alike.

    Values that differ have texts that differ. Raises `ValueError` for numbers that are not finite and `TypeError` for
    what is no JSON.
    """
    return _encoder.encode(_plain(value))


def hash_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """SHA-256 over a tool's name and its arguments, in hexadecimal."""
    text = f"{tool}\n{canonical_json(arguments)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """The same value, with floats that are whole numbers as integers."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, Mapping):
        return {_name(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _name(name: object) -> str:
    if not isinstance(name, str):  # `json` would write 1 and "1" alike
        raise TypeError(f"a name in JSON is text, not a {type(name).__name__}")
    return name

"""Any result of a tool becomes the one string that the wire takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from pathlib import PurePath
from typing import Any, Final

import pydantic_core
from pydantic import BaseModel

__all__ = ["MAX_RESULT_BYTES", "EncodedResult", "encode_result"]

MAX_RESULT_BYTES: Final = 64 * 1024
"""What a result may take in UTF-8. More is an error that says so, never half a JSON."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None), bytes})
_COLLECTIONS: Final = (Sequence, AbstractSet, ValuesView)


@dataclass(frozen=True, slots=True)
class EncodedResult:
    """The text that answers a call, and whether it tells of a failure (protocol 2.4)."""

    text: str
    is_error: bool


class _NoTextError(Exception):
    """A value of this type has no text form."""


def encode_result(value: object) -> EncodedResult:
    """The text for what a tool returned. Never raises, whatever the value does while it is read.

    A `str` goes as it is and `None` becomes "ok". Everything else is compact JSON: pydantic models, dataclasses,
    enum members by value, dates, times and durations in ISO 8601, `Decimal`, `UUID` and paths as strings, sets,
    tuples and deques as arrays, bytes in URL-safe base64, NaN and the infinities as null, mapping keys as
    strings. Half a surrogate pair becomes U+FFFD, because UTF-8 cannot carry it.

    What has no text form (a lock, a generator, a coroutine, a structure that holds itself, an object that raises)
    and what takes more than 64 KiB is an error text that keeps the model from repeating what has been done.
    """
    try:
        text = _text(value)
        size_bytes = len(text) if text.isascii() else len(text.encode())
    except KeyboardInterrupt:
        raise
    except _NoTextError as error:
        return _unreadable(str(error))
    except BaseException:  # noqa: BLE001  the value's own code ran, and may raise anything, SystemExit too
        return _unreadable(f"its value of type {_type_name(value)} cannot be read")
    if size_bytes > MAX_RESULT_BYTES:
        return EncodedResult(
            f"The tool ran but its result is too long to pass on: {size_bytes} bytes, where {MAX_RESULT_BYTES} fit. "
            "Do not repeat the same call; if the tool can be asked for less, ask for less.",
            is_error=True,
        )
    return EncodedResult(text, is_error=False)


def _unreadable(reason: str) -> EncodedResult:
    return EncodedResult(
        f"The tool ran but its result could not be turned into text ({reason}). "
        "What it did is done: do not repeat it.",
        is_error=True,
    )


def _text(value: object) -> str:
    if value is None:
        return "ok"
    if isinstance(value, str):
        return _whole(str.__str__(value))
    _refuse_iterators(value)
    known = _Known()
    try:
        return pydantic_core.to_json(value, bytes_mode="base64", inf_nan_mode="null", fallback=known).decode()
    except pydantic_core.PydanticSerializationError as error:
        if known.refusal:
            raise _NoTextError(known.refusal) from None
        if "surrogates not allowed" not in str(error):
            raise
    plain = pydantic_core.to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="null", fallback=known)
    return _whole(json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _whole(text: str) -> str:
    """The text as UTF-8 can carry it: two halves of a pair are joined, half a pair alone becomes U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _refuse_iterators(value: object) -> None:
    """Raises `_NoTextError` where an iterator stands: the encoder would run it, and it may never end."""
    seen: dict[int, object] = {}  # the objects too, or an id may come to mean another one
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) not in _PLAIN and id(item) not in seen:
            seen[id(item)] = item
            waiting.extend(_members(item))


def _members(item: Any) -> Iterable[object]:
    if type(item) is dict:
        return item.values()
    if type(item) is list:
        return item
    if isinstance(item, Iterator):
        raise _NoTextError(_refusal(item))
    if isinstance(item, Mapping):
        return item.values()
    if isinstance(item, _COLLECTIONS) and not isinstance(item, str | range):
        return item
    if isinstance(item, BaseModel):
        return item.__dict__.values()
    if is_dataclass(item) and not isinstance(item, type):
        return [getattr(item, field.name) for field in fields(item)]
    return ()


class _Known:
    """Makes what the encoder knows of what it does not, and keeps why it could not, which the encoder would lose."""

    refusal = ""

    def __call__(self, value: object) -> object:
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, memoryview):
            return value.tobytes()
        if isinstance(value, PurePath):
            return str(value)
        # more items than bytes that fit need not be counted out: a range can be longer than any memory
        if isinstance(value, _COLLECTIONS) and len(value) <= MAX_RESULT_BYTES:
            return list(value)
        self.refusal = _refusal(value)
        raise _NoTextError(self.refusal)


def _refusal(value: object) -> str:
    return f"it holds a value of type {_type_name(value)}, which has no text form"


def _type_name(value: object) -> str:
    try:
        return str(type(value).__name__)
    except BaseException:  # noqa: BLE001  a metaclass may say anything here, and this must not raise
        return "unknown"

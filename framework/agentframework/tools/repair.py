"""The repairs that arguments may get, by one table and no other; each only where the schema was not met."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from jsonschema import ValidationError
from jsonschema.protocols import Validator

from agentframework.tools.complaints import choices
from agentframework.tools.jsonvalues import OutOfBoundsError, json_from_text, read_json

__all__ = ["UNREPAIRED", "mend", "repaired", "whole_number"]

UNREPAIRED: Final = object()
"""Says that the table has nothing for a mismatch."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
_MAX_EXPONENT: Final = 307
_MAX_ROUNDS: Final = 8

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A failing place: what stands there, and what would stand there after a repair."""

    instance: Any
    value: Any


def repaired(mismatch: ValidationError) -> Any:
    """What the table makes of the value that did not fit, or `UNREPAIRED`.

    A numeric text where a number is declared, "true" or "false" where a boolean is, JSON text where an array or
    an object is, and a text that differs from one member of an enum by case alone. Nothing else, and never a
    value that is of a declared type already.
    """
    instance: Any = mismatch.instance
    wanted: Any = mismatch.validator_value
    if not isinstance(instance, str):
        return UNREPAIRED
    if mismatch.validator == "type":
        return _of_type(instance, [wanted] if isinstance(wanted, str) else wanted)
    if mismatch.validator in ("enum", "const"):
        return _member(instance, wanted if mismatch.validator == "enum" else [wanted])
    return UNREPAIRED


def whole_number(mismatch: ValidationError) -> Any:
    """7 for a 7.0 where an integer is declared, or `UNREPAIRED`."""
    instance: Any = mismatch.instance
    wanted: Any = mismatch.validator_value
    if mismatch.validator == "type" and isinstance(instance, float) and instance.is_integer():
        return int(instance) if wanted == "integer" or "integer" in wanted else UNREPAIRED
    return UNREPAIRED


def mend(
    values: dict[str, Any], validator: Validator, repair: Callable[[ValidationError], Any]
) -> list[ValidationError]:
    """Repairs every failing place of `values`, which is changed; returns the mismatches that are left.

    Goes on while a repair brings new failing places to light (the text of an object whose member is a text too).
    """
    mismatches = list(validator.iter_errors(values))
    for _ in range(_MAX_ROUNDS):
        places = _repairs(mismatches, repair)
        changed = [
            _put(values, path, place) for path, place in places.items() if place.value is not UNREPAIRED
        ]
        if not any(changed):
            break
        mismatches = list(validator.iter_errors(values))
    return mismatches


def _repairs(
    mismatches: Iterable[ValidationError], repair: Callable[[ValidationError], Any]
) -> dict[Path, _Place]:
    """Each failing place with its repair, if it has one; of choices the one that repairs come nearest to."""
    places: dict[Path, _Place] = {}
    for mismatch in mismatches:
        if mismatch.context:
            found = min(
                (_repairs(choice, repair) for choice in choices(mismatch)),
                key=lambda found: sum(place.value is UNREPAIRED for place in found.values()),
            )
        else:
            path = tuple(mismatch.absolute_path)
            found = {path: _Place(mismatch.instance, repair(mismatch))}
        for path, place in found.items():
            # two rules may fail at one place, such as a type and its enum: a repair of either counts
            if path not in places or places[path].value is UNREPAIRED:
                places[path] = place
    return places


def _put(values: Any, path: Path, place: _Place) -> bool:
    """Puts a repaired value in its place; not where the mismatch was about something else, such as a key."""
    if not path:
        return False
    for step in path[:-1]:
        values = values[step]
    if values[path[-1]] is not place.instance:
        return False
    values[path[-1]] = place.value
    return True


def _of_type(text: str, types: Sequence[str]) -> Any:
    if "integer" in types or "number" in types:
        number = _number(text, types)
        if number is not None:
            return number
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "array" in types or "object" in types:
        return _container(text, types)
    return UNREPAIRED


def _number(text: str, types: Sequence[str]) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if number.adjusted() > _MAX_EXPONENT:
        return None
    is_whole = number == number.to_integral_value()
    if "integer" in types and is_whole:
        return int(number)
    if "number" not in types:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _container(text: str, types: Sequence[str]) -> Any:
    try:
        value = read_json(json_from_text(text)).value
    except (ValueError, OutOfBoundsError):
        return UNREPAIRED
    fits = (isinstance(value, dict) and "object" in types) or (isinstance(value, list) and "array" in types)
    return value if fits else UNREPAIRED


def _member(text: str, members: Sequence[Any]) -> Any:
    near = [member for member in members if isinstance(member, str) and member.casefold() == text.casefold()]
    return near[0] if len(near) == 1 else UNREPAIRED

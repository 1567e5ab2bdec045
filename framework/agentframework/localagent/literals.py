"""Values that are written exactly, as in `/call`: JSON, or a text that is read by its parameter's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from agentframework.localagent.parameters import Parameter
from agentframework.tools.jsonvalues import (
    OutOfBoundsError,
    json_from_text,
    path_to_half_character,
    read_json,
)

__all__ = ["decoded", "literal"]

T = TypeVar("T")

_BOOLEANS: Final[Mapping[str, bool]] = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}


def decoded(text: str, kind: type[T]) -> T | None:
    """The JSON value of this type that a text is; None where it is none, not finite, not whole, too deep or large."""
    try:
        value = read_json(json_from_text(text)).value
    except (ValueError, OutOfBoundsError):
        return None
    if path_to_half_character(value) is not None:
        return None
    is_exact = isinstance(value, kind) and not (kind in {int, float} and isinstance(value, bool))
    return value if is_exact else None


def literal(text: str, parameter: Parameter | None) -> Any:
    """The value that a text is for a parameter, and the text itself where it fits its type not."""
    if parameter is None:
        return text
    value: object = None
    match parameter.kind:
        case "integer":
            value = decoded(text, int)
        case "number":
            value = decoded(text, int)
            value = decoded(text, float) if value is None else value
        case "boolean":
            value = _BOOLEANS.get(text.casefold())
        case "choice":
            value = next((choice for choice in parameter.choices if str(choice) == text), None)
        case "object":
            value = decoded(text, dict)
        case "array":
            value = _listed(text, parameter)
        case _:
            value = text
    return text if value is None else value


def _listed(text: str, parameter: Parameter) -> list[Any] | None:
    """A JSON list, or values with commas between them; an object or an open bracket is not split."""
    listed = decoded(text, list)
    if listed is not None or text.lstrip()[:1] in {"[", "{"}:
        return listed
    return [literal(part.strip(), parameter.item) for part in text.split(",")] if text else []

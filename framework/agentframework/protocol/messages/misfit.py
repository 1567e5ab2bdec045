"""Making messages of the client's side from a program's values, and saying in words what does not fit."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from agentframework.protocol.messages.client import ClientMessage

__all__ = ["describe", "kind_of", "make_message"]

M = TypeVar("M", bound=ClientMessage)

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "list_type": "a list",
}


def make_message(kind: type[M], **fields: Any) -> M:
    """A message from values of a program. Raises ValueError that names the field, and what would be right."""
    try:
        return kind(**fields)
    except ValidationError as error:
        name = str(kind.model_fields["type"].default)
        raise ValueError(describe(name, error)) from None  # pydantic's text would show the values


def describe(message_type: str, error: ValidationError) -> str:
    """The first thing that does not fit: where, what was expected and what kind of thing came."""
    first = error.errors(include_url=False)[0]
    where = ".".join([message_type, *(str(part)[:64] for part in first["loc"])])
    context = first.get("ctx", {})
    if first["type"] == "missing":
        return f"{where}: required, but missing"
    if first["type"] == "value_error":
        return f"{where}: {context['error']}"
    expected = _EXPECTED.get(first["type"]) or context.get("expected")
    if expected is None:
        return f"{where}: {kind_of(first['input'])} that cannot be read"
    return f"{where}: expected {expected}, got {kind_of(first['input'])}"


def kind_of(value: object) -> str:
    """What kind of JSON value this is; a program's own by the name of its class."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
    return f"a {type(value).__name__}"

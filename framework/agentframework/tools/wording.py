"""Words for what a schema expects and for what came, short enough to be spoken by a voice model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["expected_words", "listed", "place_words", "quoted", "shortened", "value_words"]

Resolve = Callable[[object], Mapping[str, Any]]
"""Follows the `$ref`s of a schema; `{}` for what is no schema."""

_TYPES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_FORMATS: Final = {
    "date": "a date like 2026-12-31",
    "date-time": "a date and time like 2026-12-31T18:30:00Z",
    "time": "a time like 18:30:00",
    "duration": "a duration like PT30M",
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "uri": "a web address",
    "uuid": "a UUID",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "regex": "a regular expression",
}
_MAX_LISTED: Final = 8
_MAX_DEPTH: Final = 3


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis: at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quoted(value: object, limit: int = 40) -> str:
    """A JSON value as JSON on one line, shortened: a text in quotes, a number as it is."""
    if isinstance(value, str):
        said = json.dumps(shortened(value, limit), ensure_ascii=False)
    else:
        said = shortened(json.dumps(value, ensure_ascii=False, default=str), limit)
    # half a surrogate pair has no place in a message that must be sent
    return said.encode("utf-8", "replace").decode()


def listed(words: Iterable[str], last: str = "or") -> str:
    """Words as a phrase: "a, b or c"; of many, the first few and how many there are beside them."""
    said = list(words)
    if len(said) > _MAX_LISTED:
        return f"{', '.join(said[: _MAX_LISTED - 1])} {last} {len(said) - _MAX_LISTED + 1} others"
    return f" {last} ".join(filter(None, (", ".join(said[:-1]), said[-1]))) if said else ""


def place_words(path: Sequence[str | int], whole: str) -> str:
    """A place in the arguments as the agent knows it, such as `items[2].price`; `whole` for all of them."""
    said = ""
    for step in path:
        if isinstance(step, int):
            said += f"[{step}]"
        elif step.replace("-", "_").isidentifier() or step.isalnum():
            said += f".{step}" if said else step
        else:
            said += f"[{quoted(step)}]" if said else quoted(step)
    return said or whole


def value_words(value: object) -> str:
    """What came: a text in quotes, a number, or what kind of container."""
    if isinstance(value, str):
        return f"the text {quoted(value)}" if value else "an empty text"
    if isinstance(value, Mapping):
        names = [quoted(name, 20) for name in value]
        return f"an object with {listed(names, last='and')}" if names else "an empty object"
    if isinstance(value, list):
        return f"a list of {_counted(len(value), 'item')}" if value else "an empty list"
    return quoted(value)


def expected_words(schema: object, resolve: Resolve, depth: int = 0) -> str:
    """What a schema takes, as a phrase that follows "expected": "a whole number from 1 to 10"."""
    schema = resolve(schema)
    if "const" in schema:
        return _exactly([schema["const"]])
    if isinstance(schema.get("enum"), list):
        return _exactly(schema["enum"])
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            return _either(expected_words(part, resolve, depth) for part in schema[word])
    said = schema.get("type")
    if isinstance(said, list):
        return _either(expected_words({**schema, "type": kind}, resolve, depth) for kind in said)
    if said is None and schema.get("allOf"):
        return expected_words(schema["allOf"][0], resolve, depth)
    return _typed(said, schema, resolve, depth)


def _typed(kind: str | None, schema: Mapping[str, Any], resolve: Resolve, depth: int) -> str:
    if kind == "string":
        return _text_words(schema)
    if kind in ("integer", "number"):
        return _number_words(kind, schema)
    if kind == "array":
        return _list_words(schema, resolve, depth)
    if kind == "object":
        names = [quoted(name, 20) for name in schema.get("required", ())]
        return f"an object with {listed(names, last='and')}" if names and depth < _MAX_DEPTH else "an object"
    return _TYPES.get(kind or "", "a value")


def _text_words(schema: Mapping[str, Any]) -> str:
    said = _FORMATS.get(schema.get("format", ""), "text")
    if "pattern" in schema:
        said += f" that matches {shortened(str(schema['pattern']), 40)}"
    least, most = schema.get("minLength"), schema.get("maxLength")
    return said + _amount(least, most, "character")


def _number_words(kind: str, schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None and above is None and below is None:
        bounds = [f"from {least} to {most}"]
    else:
        words = (("of at least", least), ("above", above), ("of at most", most), ("below", below))
        bounds = [f"{word} {bound}" for word, bound in words if bound is not None]
    said = f"{_TYPES[kind]} {listed(bounds, last='and')}".rstrip()
    return said + (f" in steps of {schema['multipleOf']}" if "multipleOf" in schema else "")


def _list_words(schema: Mapping[str, Any], resolve: Resolve, depth: int) -> str:
    said = "a list" + _amount(schema.get("minItems"), schema.get("maxItems"), "item")
    if schema.get("uniqueItems"):
        said += " without repetition"
    items = schema.get("items")
    if isinstance(items, Mapping) and items and depth < _MAX_DEPTH:
        said += f", each {expected_words(items, resolve, depth + 1)}"
    return said


def _amount(least: int | None, most: int | None, what: str) -> str:
    if least is not None and least == most:
        return f" of {_counted(least, what)}"
    if least is not None and most is not None:
        return f" of {least} to {_counted(most, what)}"
    if least is not None:
        return f" of at least {_counted(least, what)}"
    return f" of at most {_counted(most, what)}" if most is not None else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _exactly(members: list[Any]) -> str:
    return listed(quoted(member) for member in members)


def _either(phrases: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(phrases))
    if _TYPES["number"] in distinct:
        # a decimal number may also come as text, of a pattern that nobody should have to hear
        distinct = [phrase for phrase in distinct if not phrase.startswith("text that matches")]
    # "or null" reads as the lesser choice, which it is
    return listed(sorted(distinct, key=lambda phrase: phrase == "null"))

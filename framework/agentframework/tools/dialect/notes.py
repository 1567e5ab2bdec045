"""What a schema says that the platform's subset has no keyword for, in words for a description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from agentframework.tools.sensitive import MARK
from agentframework.tools.wording import expected_words, listed, quoted, shortened

__all__ = ["LossKind", "Note", "members_words", "notes_of"]

LossKind = Literal["described", "hidden", "narrowed", "unmet"]
"""What becomes of a rule: the description says it, the model is not told of it, some values cannot be sent, or the
platform cannot do it."""

_MAX_PATTERN: Final = 200
_MAX_MEMBERS: Final = 600
_MAX_VALUE: Final = 80


@dataclass(frozen=True, slots=True)
class Note:
    """A rule in words; a described one stands in the description."""

    keyword: str
    words: str
    kind: LossKind = "described"


def notes_of(schema: Mapping[str, Any], resolve: Callable[[object], Mapping[str, Any]]) -> Iterator[Note]:
    """The notes on the keywords of one schema, those of the parts that it is made of left out."""
    yield from _bounds(schema)
    yield from _text(schema, resolve)
    yield from _sizes(schema, resolve)
    yield from _annotations(schema)
    yield from _hidden(schema)


def members_words(members: Iterable[object]) -> str:
    """What an enum says: "one of 1, 2, 3"."""
    said = [quoted(member, _MAX_VALUE) for member in members]
    return f"always {said[0]}" if len(said) == 1 else shortened(f"one of {', '.join(said)}", _MAX_MEMBERS)


def _bounds(schema: Mapping[str, Any]) -> Iterator[Note]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        yield Note("minimum, maximum", f"from {least} to {most}")
    elif least is not None:
        yield Note("minimum", f"at least {least}")
    elif most is not None:
        yield Note("maximum", f"at most {most}")
    for keyword, words in (
        ("exclusiveMinimum", "above"),
        ("exclusiveMaximum", "below"),
        ("multipleOf", "a multiple of"),
    ):
        if keyword in schema:
            yield Note(keyword, f"{words} {schema[keyword]}")


def _text(schema: Mapping[str, Any], resolve: Callable[[object], Mapping[str, Any]]) -> Iterator[Note]:
    yield from _amount(schema, "minLength", "maxLength", "character")
    if "pattern" in schema:
        yield Note("pattern", f"matching the regular expression {shortened(schema['pattern'], _MAX_PATTERN)}")
    if "format" in schema:
        words = expected_words({"type": "string", "format": schema["format"]}, resolve)
        known = words != expected_words({"type": "string"}, resolve)
        yield Note("format", words if known else f"in the format {shortened(schema['format'], _MAX_VALUE)}")
    for keyword, words in (("contentEncoding", "encoded as"), ("contentMediaType", "of the media type")):
        if keyword in schema:
            yield Note(keyword, f"{words} {shortened(schema[keyword], _MAX_VALUE)}")


def _sizes(schema: Mapping[str, Any], resolve: Callable[[object], Mapping[str, Any]]) -> Iterator[Note]:
    yield from _amount(schema, "minItems", "maxItems", "item")
    if schema.get("uniqueItems"):
        yield Note("uniqueItems", "no two alike")
    if "contains" in schema:
        yield Note("contains", f"with {expected_words(schema['contains'], resolve)} among them")
    yield from _amount(schema, "minProperties", "maxProperties", "field")
    needs = {**schema.get("dependencies", {}), **schema.get("dependentRequired", {})}
    for name, others in needs.items():
        if isinstance(others, list) and others:
            with_it = listed(map(quoted, others), last="and")
            yield Note("dependentRequired", f"with {quoted(name)} give {with_it} too")


def _amount(schema: Mapping[str, Any], lowest: str, highest: str, what: str) -> Iterator[Note]:
    least, most = schema.get(lowest), schema.get(highest)
    if least is not None and most is not None:
        words = _counted(least, what) if least == most else f"{least} to {_counted(most, what)}"
        yield Note(f"{lowest}, {highest}", words)
    elif least:
        yield Note(lowest, f"at least {_counted(least, what)}")
    elif most is not None:
        yield Note(highest, f"at most {_counted(most, what)}")


def _counted(number: float, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _annotations(schema: Mapping[str, Any]) -> Iterator[Note]:
    if schema.get("deprecated") is True:
        yield Note("deprecated", "no longer in use")
    if schema.get(MARK) is True:
        return  # an example of what nobody may see is not for others either
    if schema.get("default") not in (None, "", [], {}):
        yield Note("default", f"by default {quoted(schema['default'], _MAX_VALUE)}")
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        yield Note("examples", f"for instance {listed(quoted(one, _MAX_VALUE) for one in examples)}")


def _hidden(schema: Mapping[str, Any]) -> Iterator[Note]:
    if "not" in schema:
        yield Note("not", "which values are ruled out", "hidden")
    if "if" in schema and ("then" in schema or "else" in schema):
        yield Note("if", "what one value makes of the others", "hidden")
    subschemas = {**schema.get("dependencies", {}), **schema.get("dependentSchemas", {})}
    if any(not isinstance(needed, list) for needed in subschemas.values()):
        yield Note("dependentSchemas", "what one field makes of the others", "hidden")
    if "propertyNames" in schema:
        yield Note("propertyNames", "how fields may be called", "hidden")
    for keyword in ("unevaluatedProperties", "unevaluatedItems"):
        if keyword in schema:
            yield Note(keyword, "what may stand beside what is declared", "hidden")

"""A fast check beside the reference: a validator in Rust, for the schemas on which both are known to agree."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from jsonschema import Draft7Validator, Draft202012Validator

from agentframework.tools.drafts import Draft
from agentframework.tools.jsonvalues import JsonValue, OutOfBoundsError, read_json
from agentframework.tools.sensitive import MARK

try:
    import jsonschema_rs
except ImportError:  # no wheel for this machine (pyproject.toml): everything is checked by the reference
    _FAST_CLASSES: dict[type[Any], type[jsonschema_rs.Validator]] = {}
else:
    _FAST_CLASSES = {
        Draft7Validator: jsonschema_rs.Draft7Validator,
        Draft202012Validator: jsonschema_rs.Draft202012Validator,
    }

__all__ = ["FastCheck", "fast_check"]

# Left out on purpose: `pattern` and `patternProperties` (other regular expressions), `format` and
# `contentMediaType` (checked by one side alone), `multipleOf` (0.3 is a multiple of 0.1 for one side alone),
# `$id`, `$anchor` and `$dynamicRef` (other bases of references), `unevaluated...` and words of no draft.
_KNOWN: Final = frozenset({
    "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
    "$ref", "$defs", "definitions", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
    "type", "enum", "const", "minLength", "maxLength",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties",
    "items", "minItems", "maxItems", "uniqueItems", "contains",
    MARK,
})  # fmt: skip
_DEFINITIONS: Final = ("$defs", "definitions")
_DEFINITION: Final = re.compile(r"#/(?:\$defs|definitions)/[A-Za-z0-9_.-]+")
# Code in Rust lets no other thread run, the wire's neither. So its work is bounded: the parts of a schema, each
# reference followed, times those of a value; far above what tools declare, and below a tenth of a second.
_MAX_SCHEMA_PARTS: Final = 1_000
_MAX_VALUE_BYTES: Final = 256 * 1024


class FastCheck:
    """A compiled schema on which both validators agree, for any number of threads. It fetches nothing."""

    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._is_valid = validator.is_valid

    def finds_valid(self, read: JsonValue) -> bool:
        """True only for what the reference finds valid too; False says nothing, and the reference is to be asked.

        Never raises.
        """
        if not read.is_interoperable or read.size_limit_bytes > _MAX_VALUE_BYTES:
            return False
        try:
            return self._is_valid(read.value)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001  a panic of Rust is no Exception
            return False


def fast_check(
    document: Mapping[str, Any], subschemas: Sequence[Mapping[str, Any]], draft: Draft
) -> FastCheck | None:
    """The fast check of a document; None where the two validators might differ, or this machine has but one.

    `subschemas` are all that `document` applies, itself included.
    """
    fast_class = _FAST_CLASSES.get(draft.validator_class)
    plain = {word: rule for word, rule in document.items() if word != "$schema"}
    applied = [plain, *(schema for schema in subschemas if schema is not document)]
    if fast_class is None or not _is_agreed_on(plain, applied):
        return None
    try:
        return FastCheck(fast_class(plain, validate_formats=False, offline=True))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  as above; what it does not take is for the reference
        return None


def _is_agreed_on(document: Mapping[str, Any], applied: Sequence[Mapping[str, Any]]) -> bool:
    try:
        is_interoperable = read_json(document).is_interoperable
    except OutOfBoundsError:
        return False
    return (
        is_interoperable
        and all(_KNOWN.issuperset(schema) and not isinstance(schema.get("items"), list) for schema in applied)
        and all(_DEFINITION.fullmatch(reference) for reference in _references(document))
        and _parts_followed(document) <= _MAX_SCHEMA_PARTS
    )


def _parts_followed(document: Mapping[str, Any]) -> float:
    """How many parts a document has with every reference followed; infinite where one comes back to itself.

    So the native stack is bounded too, however deep a value is.
    """
    definitions = {
        f"#/{word}/{name}": definition
        for word in _DEFINITIONS
        for name, definition in document.get(word, {}).items()
    }
    graph = {reference: set(_references(definition)) for reference, definition in definitions.items()}
    parts: dict[str, int] = {}

    def followed(value: object) -> int:
        return _parts(value) + sum(parts[reference] for reference in _references(value))

    try:
        for reference in TopologicalSorter(graph).static_order():
            parts[reference] = followed(definitions.get(reference))
    except CycleError:
        return math.inf
    return followed({word: rule for word, rule in document.items() if word not in _DEFINITIONS})


def _parts(value: object) -> int:
    return 1 + sum(map(_parts, _members(value)))


def _references(value: object) -> Iterator[str]:
    """Every text under a `$ref`, wherever it stands: one too many costs speed alone."""
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"]
    for member in _members(value):
        yield from _references(member)


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()

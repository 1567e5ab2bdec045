"""A fast check beside the reference: a validator in Rust, for the schemas on which both are known to agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from jsonschema import Draft7Validator, Draft202012Validator

from agentframework.tools.drafts import Draft
from agentframework.tools.jsonvalues import OutOfBoundsError, read_json

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
})  # fmt: skip
_DEFINITION: Final = re.compile(r"#/(?:\$defs|definitions)/[A-Za-z0-9_.-]+")
_MAX_SUBSCHEMAS: Final = 500  # the native stack grows with them, and a thread's may be small


class FastCheck:
    """A compiled schema on which both validators agree, for any number of threads. It fetches nothing."""

    def __init__(self, validator: jsonschema_rs.Validator) -> None:
        self._is_valid = validator.is_valid

    def finds_valid(self, value: object) -> bool:
        """True only for what the reference finds valid too; False says nothing, and the reference is to be asked.

        To be asked about interoperable values alone (`JsonValue.is_interoperable`). Never raises.
        """
        try:
            return self._is_valid(value)
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
        and len(applied) <= _MAX_SUBSCHEMAS
        and all(_KNOWN.issuperset(schema) and _has_known_items(schema) for schema in applied)
        and all(_DEFINITION.fullmatch(reference) for reference in _references(document))
        and _ends(document)
    )


def _has_known_items(schema: Mapping[str, Any]) -> bool:
    return not isinstance(schema.get("items"), list)


def _ends(document: Mapping[str, Any]) -> bool:
    """Whether no definition comes back to itself: then the native stack is bounded, however deep a value is."""
    graph = {
        f"#/{word}/{name}": set(_references(definition))
        for word in ("$defs", "definitions")
        for name, definition in document.get(word, {}).items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return False
    return True


def _references(value: object) -> Iterator[str]:
    """Every text under a `$ref`, wherever it stands: one too many costs speed alone."""
    members: Iterator[object] = iter(())
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        members = iter(value.values())
    elif isinstance(value, list):
        members = iter(value)
    for member in members:
        yield from _references(member)

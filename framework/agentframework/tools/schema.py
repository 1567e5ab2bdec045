"""JSON Schemas of a tool's arguments: checked once when the tool is defined, never fetched from anywhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from agentframework.tools.definition import Definition
from agentframework.tools.drafts import Draft, check_valid, draft_of
from agentframework.tools.fastcheck import FastCheck, fast_check
from agentframework.tools.jsonvalues import JsonValue
from agentframework.tools.references import reachable_schemas
from agentframework.tools.sensitive import SensitivePlaces, sensitive_places

__all__ = ["ArgumentsSchema", "check_schema"]


@dataclass(frozen=True, slots=True)
class ArgumentsSchema:
    """A checked schema, with the one validator that is compiled from it and may be used on any thread.

    `unchecked_formats` are the `format` words that this validator has no check for. Without further packages
    jsonschema checks date, email, idn-email, ipv4, ipv6, regex and uuid (uuid in 2020-12 alone);
    `pip install "jsonschema[format]"` adds others, and they leave this list then.
    """

    schema: dict[str, Any]
    validator: Validator
    unchecked_formats: tuple[str, ...]
    exact_validator: Validator | None
    """Takes no 7.0 for an integer; None where the schema declares no integer."""
    resolver: Any
    """Looks references up in the document alone."""
    fast_check: FastCheck | None
    """Finds valid what `validator` would; None where that is not certain."""
    sensitive: SensitivePlaces | None
    """Where it has values that nobody but the handler may see; None where it has none."""

    def accepts(self, read: JsonValue) -> bool:
        """Whether a value is valid: `validator` decides, and need not be asked where the fast check finds it so."""
        if self.fast_check is not None and self.fast_check.finds_valid(read):
            return True
        return bool(self.validator.is_valid(read.value))

    def resolve(self, schema: object) -> Mapping[str, Any]:
        """The schema that a chain of `$ref` within the document leads to; `{}` where it leads nowhere."""
        for _ in range(64):
            if not isinstance(schema, Mapping):
                return {}
            if "$ref" not in schema:
                return schema
            target = self._fields_of(schema["$ref"])
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **siblings}
        return {}

    def declared(self) -> tuple[list[str], set[str]]:
        """The properties that the arguments may have by name, and those that they must have."""
        names: dict[str, None] = {}
        required: set[str] = set()
        waiting: list[tuple[object, bool]] = [(self.schema, True)]
        seen: set[tuple[int, bool]] = set()
        while waiting:
            schema, is_certain = waiting.pop()
            if not isinstance(schema, Mapping) or (id(schema), is_certain) in seen:
                continue
            seen.add((id(schema), is_certain))
            names.update(dict.fromkeys(schema.get("properties", ())))
            required.update(schema.get("required", ()) if is_certain else ())
            if "$ref" in schema:
                waiting.append((self._fields_of(schema["$ref"]), is_certain))
            waiting.extend((part, is_certain) for part in schema.get("allOf", ()))
            waiting.extend((part, False) for word in ("anyOf", "oneOf") for part in schema.get(word, ()))
            waiting.extend((schema.get(word), False) for word in ("if", "then", "else"))
            waiting.extend(
                (part, False)
                for word in ("dependentSchemas", "dependencies")
                for part in schema.get(word, {}).values()
            )
        return list(names), required

    def _fields_of(self, reference: str) -> Mapping[str, Any]:
        """What a reference leads to. Words and names can do without those few that depend on an inner `$id`."""
        target = _target(reference, self.resolver)
        return target if isinstance(target, Mapping) else {}


def check_schema(
    schema: Mapping[str, Any], definition: Definition, *, checked_elsewhere: AbstractSet[str] = frozenset()
) -> ArgumentsSchema:
    """Checks the schema of an arguments object and compiles its validator.

    The draft is that of `$schema`: 2020-12 (also where it is absent) or 7. Raises `ToolDefinitionError` for any
    other draft, for a schema that is not valid, does not describe an object, or refers to anything outside itself.
    `checked_elsewhere` are the format words that need no check here.
    """
    document = _copied(schema, definition)
    draft = draft_of(document, definition)
    check_valid(document, draft, definition)
    root = draft.specification.create_resource(document)
    resolver = Registry().resolver_with_root(root)
    subschemas = reachable_schemas(root, resolver, draft, definition)
    _check_is_object(document, resolver, definition)
    _name_forbidden(subschemas)
    validator = _validator(draft.validator_class, document)
    formats = {schema["format"] for schema in subschemas if "format" in schema}
    has_integer = any("integer" in _types(schema) for schema in subschemas)
    return ArgumentsSchema(
        schema=document,
        validator=validator,
        unchecked_formats=tuple(sorted(formats - draft.formats - checked_elsewhere)),
        exact_validator=_exact_validator(draft, document) if has_integer else None,
        resolver=resolver,
        fast_check=fast_check(document, subschemas, draft),
        sensitive=sensitive_places(
            document, subschemas, functools.partial(_target, resolver=resolver), definition
        ),
    )


def _target(reference: str, resolver: Any) -> object:
    """What a reference leads to within the document; None where an inner `$id` would have to be known for it."""
    try:
        return resolver.lookup(reference).contents
    except Unresolvable:
        return None


def _validator(validator_class: type[Validator], document: Mapping[str, Any]) -> Validator:
    # an empty registry, because jsonschema's own fetches what it does not know
    return validator_class(document, registry=Registry(), format_checker=validator_class.FORMAT_CHECKER)


def _exact_validator(draft: Draft, document: Mapping[str, Any]) -> Validator:
    # with "$schema", jsonschema would go back to the draft's own class at the first "$ref"
    document = {word: rule for word, rule in document.items() if word != "$schema"}
    return _validator(_exact_class(draft.validator_class), document)


@functools.cache
def _exact_class(validator_class: type[Validator]) -> type[Validator]:
    checker = validator_class.TYPE_CHECKER.redefine("integer", _is_int)
    exact: type[Validator] = extend(validator_class, type_checker=checker)  # type: ignore[no-untyped-call]
    return exact


def _is_int(checker: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


def _copied(schema: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """A copy of its own, so that a later change of the author's dict changes no tool."""
    if not isinstance(schema, Mapping):
        raise definition.refused(
            f"its parameters are of type {type(schema).__name__}, no JSON Schema and no model"
        )
    try:
        copied = json.loads(json.dumps(dict(schema), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise definition.refused(f"its schema is not JSON ({error})") from error
    assert isinstance(copied, dict)
    return copied


def _name_forbidden(subschemas: Iterable[dict[str, Any]]) -> None:
    """Says `false` in other words where it forbids a field: jsonschema loses the field's name over `false`."""
    for schema in subschemas:
        for word in ("properties", "patternProperties"):
            fields = schema.get(word)
            if isinstance(fields, dict):
                fields.update({name: {"not": {}} for name, rules in fields.items() if rules is False})


def _check_is_object(document: dict[str, Any], resolver: Any, definition: Definition) -> None:
    """Arguments are always an object (protocol 5.2): a schema may leave that out, but not say anything else."""
    top: Any = document
    for _ in range(64):
        if not isinstance(top, Mapping) or "type" in top or "$ref" not in top:
            break
        top = resolver.lookup(top["$ref"]).contents
    types = _types(top) if isinstance(top, Mapping) else ()
    if types and "object" not in types:
        raise definition.refused(
            f"its schema describes {' or '.join(types)}, and arguments are always an object",
            'put it under "properties" of a schema with "type": "object"',
        )
    if not types or top is document:
        document["type"] = "object"


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    said = schema.get("type", ())
    return (said,) if isinstance(said, str) else tuple(said)

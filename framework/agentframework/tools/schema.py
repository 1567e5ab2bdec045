"""JSON Schemas of a tool's arguments: checked once when the tool is defined, never fetched from anywhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT7, DRAFT202012

from agentframework.tools.definition import Definition

__all__ = ["ArgumentsSchema", "check_schema"]

_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"
_DRAFT_7: Final = "http://json-schema.org/draft-07/schema#"
_DRAFTS: Final = {_2020_12: (Draft202012Validator, DRAFT202012), _DRAFT_7: (Draft7Validator, DRAFT7)}

_REFERENCES: Final = ("$ref", "$dynamicRef")


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

    def resolve(self, schema: object) -> Mapping[str, Any]:
        """The schema that a chain of `$ref` within the document leads to; `{}` where it leads nowhere."""
        for _ in range(64):
            if not isinstance(schema, Mapping):
                return {}
            if "$ref" not in schema:
                return schema
            target = self._target(schema["$ref"])
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
                waiting.append((self._target(schema["$ref"]), is_certain))
            waiting.extend((part, is_certain) for part in schema.get("allOf", ()))
            waiting.extend((part, False) for word in ("anyOf", "oneOf") for part in schema.get(word, ()))
            waiting.extend((schema.get(word), False) for word in ("if", "then", "else"))
            waiting.extend((part, False) for part in schema.get("dependentSchemas", {}).values())
        return list(names), required

    def _target(self, reference: str) -> Mapping[str, Any]:
        """What a reference leads to. Words and names can do without those few that depend on an inner `$id`."""
        try:
            target = self.resolver.lookup(reference).contents
        except Unresolvable:
            return {}
        return target if isinstance(target, Mapping) else {}


def check_schema(
    schema: Mapping[str, Any], definition: Definition, *, checked_elsewhere: AbstractSet[str] = frozenset()
) -> ArgumentsSchema:
    """Checks the schema of an arguments object and compiles its validator.

    The draft is that of `$schema`: 2020-12 (also where it is absent) or 7. Raises `ToolDefinitionError` for any
    other draft, for a schema that is not valid, does not describe an object, or refers to anything outside itself.
    """
    document = _copied(schema, definition)
    draft = _draft(document, definition)
    validator_class, specification = _DRAFTS[draft]
    if "$schema" in document:
        document["$schema"] = draft
    _check_valid(document, validator_class, definition)
    root = specification.create_resource(document)
    resolver = Registry().resolver_with_root(root)
    subschemas = list(_reachable(root, resolver, definition, draft))
    _check_is_object(document, resolver, definition)
    _name_forbidden(subschemas)
    validator = validator_class(document, registry=Registry(), format_checker=validator_class.FORMAT_CHECKER)
    _check_ends(validator, definition)
    formats = {sub["format"] for sub in subschemas if isinstance(sub.get("format"), str)}
    checkers = set(validator_class.FORMAT_CHECKER.checkers)
    return ArgumentsSchema(
        schema=document,
        validator=validator,
        unchecked_formats=tuple(sorted(formats - checkers - checked_elsewhere)),
        exact_validator=_exact(validator_class, document)
        if any("integer" in _types(sub) for sub in subschemas)
        else None,
        resolver=resolver,
    )


@functools.cache
def _exact_class(validator_class: type[Validator]) -> type[Validator]:
    checker = validator_class.TYPE_CHECKER.redefine("integer", _is_int)
    exact: type[Validator] = extend(validator_class, type_checker=checker)  # type: ignore[no-untyped-call]
    return exact


def _exact(validator_class: type[Validator], document: Mapping[str, Any]) -> Validator:
    # with "$schema", jsonschema would go back to the draft's own class at the first "$ref"
    document = {word: rule for word, rule in document.items() if word != "$schema"}
    return _exact_class(validator_class)(
        document, registry=Registry(), format_checker=validator_class.FORMAT_CHECKER
    )


def _is_int(checker: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


def _copied(schema: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """A copy of its own, so that a later change of the author's dict changes no tool."""
    if not isinstance(schema, Mapping):
        raise definition.refused(f"its parameters are a {type(schema).__name__}, no JSON Schema and no model")
    try:
        copied = json.loads(json.dumps(dict(schema), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise definition.refused(f"its schema is not JSON ({error})") from error
    assert isinstance(copied, dict)
    return copied


def _draft(document: Mapping[str, Any], definition: Definition) -> str:
    said = document.get("$schema", _2020_12)
    wanted = str(said).removesuffix("#").removeprefix("https:").removeprefix("http:")
    for known in _DRAFTS:
        if wanted == known.removesuffix("#").partition(":")[2]:
            return known
    raise definition.refused(
        f"its $schema {said!r} is no draft that is known here", f"use {_2020_12} or {_DRAFT_7}"
    )


def _check_valid(schema: Any, validator_class: type[Validator], definition: Definition) -> None:
    try:
        validator_class.check_schema(schema)
    except SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path) or "its top level"
        raise definition.refused(
            f"its schema is not valid at {place}: {_shortened(error.message)}"
        ) from error


def _reachable(
    root: Resource[Any], resolver: Any, definition: Definition, draft: str
) -> Iterator[Mapping[str, Any]]:
    """Every subschema that validation can reach, after a check that all it refers to is in the document."""
    validator_class, specification = _DRAFTS[draft]
    seen: set[int] = set()
    waiting = [(root, resolver)]
    referred: list[tuple[str, Any]] = []
    while waiting or referred:
        if not waiting:
            found = _looked_up(*referred.pop(), definition)
            # a reference may lead to a place where the metaschema sees no schema
            if id(found.contents) not in seen:
                _check_valid(found.contents, validator_class, definition)
            waiting.append((specification.create_resource(found.contents), found.resolver))
        resource, resolver = waiting.pop()
        schema = resource.contents
        if not isinstance(schema, Mapping) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        if "$schema" in schema and _draft(schema, definition) != draft:
            raise definition.refused(
                f"a part of its schema has the draft {schema['$schema']!r}", "use one draft"
            )
        referred.extend((schema[word], resolver) for word in _REFERENCES if isinstance(schema.get(word), str))
        waiting.extend((sub, resolver.in_subresource(sub)) for sub in resource.subresources())


def _looked_up(reference: str, resolver: Any, definition: Definition) -> Any:
    try:
        return resolver.lookup(reference)
    except Unresolvable as error:
        raise definition.refused(
            f"its schema refers to {reference!r}, which is not in the schema itself",
            'copy it under "$defs" and refer to "#/$defs/..."; nothing is fetched',
        ) from error


def _name_forbidden(subschemas: Iterable[Mapping[str, Any]]) -> None:
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


def _check_ends(validator: Validator, definition: Definition) -> None:
    try:
        list(validator.iter_errors({}))
    except RecursionError as error:
        raise definition.refused("its schema refers to itself without end") from error


def _shortened(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

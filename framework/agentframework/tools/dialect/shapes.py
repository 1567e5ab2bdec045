"""What a schema lets through, gathered from all of its parts: types, members, fields, items, and notes on the rest.

A shape is never narrower than its schema, with the exceptions that its notes name.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from agentframework.tools.definition import Definition
from agentframework.tools.dialect.notes import Note, members_words, notes_of
from agentframework.tools.drafts import Draft, draft_of
from agentframework.tools.wording import listed, quoted, shortened

__all__ = [
    "Either",
    "Expression",
    "Part",
    "Shape",
    "anything",
    "read_document",
    "shape_of",
    "shape_words",
    "type_of",
]

_ANY_TYPE: Final = ("string", "integer", "number", "boolean", "object", "array", "null")
_WORDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_MAX_PARTS: Final = 5_000
_MAX_WORDS: Final = 300


class _Budget:
    """How much of a document is read, each reference followed: a short one can unfold without end."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._left = _MAX_PARTS

    def spend(self) -> bool:
        self._left -= 1
        return self._left >= 0


@dataclass(frozen=True, slots=True)
class Part:
    """A schema in its place; `trail` are the targets of the references that led there."""

    schema: Any
    resolver: Any
    trail: tuple[int, ...]
    budget: _Budget

    def inner(self, schema: Any) -> Part:
        """A subschema of this one."""
        resolver = self.resolver
        if isinstance(schema, dict) and "$id" in schema:
            resolver = resolver.in_subresource(self.budget.draft.specification.create_resource(schema))
        return replace(self, schema=schema, resolver=resolver)

    def resolve(self, schema: object) -> Mapping[str, Any]:
        """The schema that a chain of references leads to, with what stands beside them."""
        for _ in range(64):
            if not isinstance(schema, Mapping):
                return {}
            if "$ref" not in schema:
                return schema
            target = self.target(schema["$ref"])
            beside = {word: rule for word, rule in schema.items() if word != "$ref"}
            schema = {**(target.schema if target and isinstance(target.schema, dict) else {}), **beside}
        return {}

    def target(self, reference: str) -> Part | None:
        """Where a reference leads; None where it depends on how one has come there."""
        try:
            found = self.resolver.lookup(reference)
        except Unresolvable:
            return None
        trail = (*self.trail, id(found.contents))
        return Part(found.contents, found.resolver, trail, self.budget)


@dataclass(frozen=True, slots=True)
class Every:
    """What fits all of these."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """What fits one of these."""

    parts: tuple[Expression, ...]


Expression = Part | Every | Either


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value; `types` are in the order of their declaration, and `number` has `integer` with it."""

    types: tuple[str, ...] = _ANY_TYPE
    members: tuple[Any, ...] | None = None
    description: str = ""
    title: str = ""
    fields: Mapping[str, Expression] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    extra: Expression | None = None
    """What fields of other names hold, where the schema speaks of some."""
    prefix: tuple[Expression, ...] = ()
    items: Expression | None = None
    notes: tuple[Note, ...] = ()
    is_recursive: bool = False
    """Whether it is a part of itself."""

    @property
    def is_of_any_type(self) -> bool:
        return self.members is None and set(self.types) == set(_ANY_TYPE)


_NEVER: Final = Shape(types=())


def read_document(schema: Mapping[str, Any]) -> Part:
    """A whole schema, one that `check_schema` takes."""
    draft = draft_of(schema, Definition("", ""))
    root = draft.specification.create_resource(schema)
    return Part(schema, Registry().resolver_with_root(root), (id(schema),), _Budget(draft))


def anything(beside: Part) -> Part:
    """Every value, in the document of another part."""
    return replace(beside, schema=True)


def shape_of(expression: Expression) -> Shape:
    """The shape of what an expression lets through."""
    match expression:
        case Every(parts):
            return functools.reduce(_both, map(shape_of, parts))
        case Either(parts):
            return _one_of([shape_of(part) for part in parts])
        case Part(schema=False) | Part(schema={"not": True}):
            return _NEVER
        case Part(schema={"not": dict(ruled_out)}) if not ruled_out:
            return _NEVER  # how `check_schema` says that a field is forbidden
        case Part(schema=dict()) if expression.budget.spend():
            return _shape_of_part(expression)
        case Part(schema=dict()):
            return Shape(notes=(Note("$ref", "the rest, because it is too large", "narrowed"),))
    return Shape()


def shape_words(shape: Shape) -> str:
    """What a value is, in a few words that name no field of it."""
    if shape.members is not None:
        return members_words(shape.members)
    if shape.is_of_any_type:
        return "any value"
    types = [name for name in shape.types if not (name == "integer" and "number" in shape.types)]
    notes = ", ".join(note.words for note in shape.notes if note.kind == "described")
    return (listed(_WORDS[name] for name in types) or "nothing") + (f" ({notes})" if notes else "")


def _shape_of_part(part: Part) -> Shape:
    schema: dict[str, Any] = part.schema
    referred = [schema[word] for word in ("$ref", "$dynamicRef") if isinstance(schema.get(word), str)]
    if "$ref" in schema and part.budget.draft.validator_class is Draft7Validator:
        # in Draft 7 nothing counts beside a reference; what says something to people is taken all the same
        schema = {word: schema[word] for word in ("description", "title", "default") if word in schema}
        part = replace(part, schema=schema)
    shape = _own(part)
    for reference in referred:
        shape = _both(shape, _referred(part, reference))
    for inner in schema.get("allOf", ()):
        shape = _both(shape, shape_of(part.inner(inner)))
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            choices = [shape_of(part.inner(inner)) for inner in schema[word]]
            shape = _both(shape, _one_of(choices, word))
    sometimes = [schema[word] for word in ("then", "else") if word in schema and "if" in schema]
    needed = {**schema.get("dependencies", {}), **schema.get("dependentSchemas", {})}
    sometimes += [inner for inner in needed.values() if isinstance(inner, dict)]
    for inner in sometimes:
        there = shape_of(part.inner(inner))
        known = there.fields if there.is_recursive else shape.fields
        added = {name: expression for name, expression in there.fields.items() if name not in known}
        shape = replace(shape, fields={**shape.fields, **added})
    return shape


def _referred(part: Part, reference: str) -> Shape:
    target = part.target(reference)
    if target is None:
        return Shape(notes=(Note("$ref", f"what {quoted(reference)} refers to", "hidden"),))
    shape = shape_of(target)
    return replace(shape, is_recursive=True) if target.trail[-1] in part.trail else shape


def _own(part: Part) -> Shape:
    """What the keywords of a schema say without those that combine other schemas."""
    schema = part.schema
    members = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if "const" in schema and members is not None:
        members = [member for member in members if _is_same(member, schema["const"])]
    types = _types(schema.get("type"))
    if members is not None:
        members = tuple(member for member in members if type_of(member) in types)
        types = tuple(dict.fromkeys(type_of(member) for member in members))
    items, prefix = schema.get("items"), schema.get("prefixItems", [])
    if isinstance(items, list):
        items, prefix = schema.get("additionalItems"), items
    return Shape(
        types=types,
        members=members,
        description=str(schema.get("description", "")).strip(),
        title=str(schema.get("title", "")).strip(),
        fields={name: part.inner(inner) for name, inner in schema.get("properties", {}).items()},
        required=tuple(schema.get("required", ())),
        extra=_extra(part),
        prefix=tuple(map(part.inner, prefix)),
        items=None if items is None or (items is False and prefix) else part.inner(items),
        notes=tuple(notes_of(schema, part.resolve)),
    )


def _extra(part: Part) -> Expression | None:
    others = [rules for rules in part.schema.get("patternProperties", {}).values() if rules is not False]
    rules = part.schema.get("additionalProperties", False)
    found = [*others, *([rules] if rules is not False and rules != {"not": {}} else [])]
    return Either(tuple(map(part.inner, found))) if found else None


def _types(said: object) -> tuple[str, ...]:
    if said is None:
        return _ANY_TYPE
    names = [said] if isinstance(said, str) else list(said) if isinstance(said, list) else []
    return tuple(
        dict.fromkeys(
            one for name in names for one in (("integer", "number") if name == "number" else (name,))
        )
    )


def type_of(value: object) -> str:
    """The JSON type of a value; a whole number is an integer, however it is written."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
    return "array" if isinstance(value, list) else "object"


def _is_same(one: object, other: object) -> bool:
    return type_of(one) == type_of(other) and one == other


def _both(one: Shape, other: Shape) -> Shape:
    if set(one.types) >= set(other.types) and one.types == _ANY_TYPE:
        types = other.types
    else:
        types = tuple(name for name in one.types if name in other.types)
    members = one.members if other.members is None else other.members
    if one.members is not None and other.members is not None:
        members = tuple(
            member for member in one.members if any(_is_same(member, each) for each in other.members)
        )
    if members is not None:
        members = tuple(member for member in members if type_of(member) in types)
        types = tuple(name for name in types if any(type_of(member) == name for member in members))
    shared = {
        name: Every((one.fields[name], other.fields[name])) for name in one.fields if name in other.fields
    }
    items = Every((one.items, other.items)) if one.items and other.items else one.items or other.items
    return Shape(
        types=types,
        members=members,
        description=one.description or other.description,
        title=one.title or other.title,
        fields={**one.fields, **other.fields, **shared},
        required=tuple(dict.fromkeys((*one.required, *other.required))),
        extra=one.extra or other.extra,
        prefix=one.prefix or other.prefix,
        items=items,
        notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
        is_recursive=one.is_recursive or other.is_recursive,
    )


def _one_of(choices: Sequence[Shape], keyword: str = "anyOf") -> Shape:
    """The shape of what fits one of several."""
    possible = [shape for shape in choices if shape.types]
    some = [shape for shape in possible if shape.types != ("null",)]
    if not some:
        return possible[0] if possible else _NEVER
    shape = some[0] if len(some) == 1 else _merged(some, keyword)
    if len(some) == len(possible) or "null" in shape.types:
        return shape
    members = None if shape.members is None else (*shape.members, None)
    return replace(shape, types=(*shape.types, "null"), members=members)


def _merged(some: Sequence[Shape], keyword: str) -> Shape:
    objects = [shape for shape in some if "object" in shape.types]
    lists = [shape for shape in some if "array" in shape.types]
    have_members = all(shape.members is not None for shape in some)
    required = [shape.required for shape in objects]
    merged = Shape(
        types=tuple(dict.fromkeys(name for shape in some for name in shape.types)),
        members=_distinct(member for shape in some for member in shape.members or ())
        if have_members
        else None,
        fields=_merged_fields(objects),
        required=tuple(name for name in required[0] if all(name in names for names in required))
        if required
        else (),
        extra=next((shape.extra for shape in objects if shape.extra is not None), None),
        items=_either([part for shape in lists for part in _item_parts(shape)]),
        is_recursive=any(shape.is_recursive for shape in some),
    )
    kinds = {shape.types for shape in some}
    is_one_kind = all({"integer", "number"}.issuperset(types) for types in kinds) or kinds == {("string",)}
    is_said = have_members or (is_one_kind and not any(shape.notes or shape.members for shape in some))
    if is_said and not merged.fields:
        return merged
    if len(objects) == len(some) and merged.fields:
        sets = (f"({', '.join(map(quoted, shape.required or shape.fields))})" for shape in objects)
        words = f"one of these sets of fields: {' or '.join(dict.fromkeys(sets))}"
    else:
        words = listed(dict.fromkeys(map(shape_words, some)))
    return replace(merged, notes=(Note(keyword, shortened(words, _MAX_WORDS)),))


def _merged_fields(objects: Sequence[Shape]) -> dict[str, Expression]:
    names = dict.fromkeys(name for shape in objects for name in shape.fields)
    found = {name: [shape.fields[name] for shape in objects if name in shape.fields] for name in names}
    return {name: merged for name, parts in found.items() if (merged := _either(parts)) is not None}


def _item_parts(shape: Shape) -> list[Expression]:
    return [*shape.prefix, *([shape.items] if shape.items is not None else [])]


def _either(parts: Sequence[Expression]) -> Expression | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Either(tuple(parts))


def _distinct(members: Iterable[Any]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for member in members:
        if not any(_is_same(member, other) for other in kept):
            kept.append(member)
    return tuple(kept)

"""A schema in the platform's subset of JSON Schema (protocol 5.2), with a report of what the model will not see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from agentframework.tools.dialect.notes import LossKind, Note, members_words
from agentframework.tools.dialect.shapes import (
    Either,
    Expression,
    Part,
    Shape,
    anything,
    read_document,
    shape_of,
    shape_words,
    type_of,
)
from agentframework.tools.wording import listed, quoted, shortened

__all__ = ["AS_TEXT", "Loss", "Reduced", "humanised", "reduce_schema"]

AS_TEXT: Final = ("object", "array")
"""The keywords of the losses where a text that holds JSON is asked for."""

_LITERALS: Final = ("string", "integer", "number", "boolean")
_MAX_CONTAINERS: Final = 200
_MAX_DEPTH: Final = 16
_MAX_FIELDS: Final = 400
_WHOLE: Final = "the arguments"
_KINDS: Final[Mapping[str, str]] = {"literal": "text", "object": "an object", "array": "a list"}
_SAID: Final[Mapping[LossKind, str]] = {
    "described": "only the description says",
    "hidden": "the model is not told",
    "narrowed": "the model cannot send",
    "unmet": "the platform does not wait",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """What a schema says and its declaration does not; it counts here all the same.

    `place` is where, as in `guests[].name`, and empty for the arguments as a whole. `kind` says whether the
    description says it ("described"), nothing does ("hidden"), a value that is accepted here cannot be sent
    ("narrowed"), or the platform does not wait as long as the tool may take ("unmet").
    """

    place: str
    keyword: str
    words: str
    kind: LossKind = "described"

    def __str__(self) -> str:
        return f"{self.place or _WHOLE}: {_SAID[self.kind]}: {self.words}"


@dataclass(frozen=True, slots=True)
class Reduced:
    """Parameters as the platform takes them, None where there are none, and what was lost on the way."""

    parameters: dict[str, Any] | None
    losses: tuple[Loss, ...]


def reduce_schema(schema: Mapping[str, Any]) -> Reduced:
    """The schema of an arguments object in the platform's subset; it is one that `check_schema` takes.

    References are followed, and cut off where they come back to themselves; rules without a keyword in the subset go
    into the descriptions; of a choice between kinds of values the first is declared. An object without fields of
    its own is declared as a text that holds JSON, which is how it is read here.
    """
    writer = _Writer()
    document = read_document(schema)
    return Reduced(writer.arguments(document), tuple(dict.fromkeys(writer.losses)))


def humanised(name: str) -> str:
    """A parameter's name as words: "guest name" for `guestName` and `guest_name`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", parted).split()).lower() or "value"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: its path, what it is called by default, whether it must be given, and how deep it is."""

    path: str
    name: str
    is_required: bool = True
    depth: int = 0

    def field(self, name: str, *, is_required: bool) -> _Place:
        step = name if re.fullmatch(r"[\w-]+", name) else quoted(name)
        path = f"{self.path}.{step}" if self.path else step
        return _Place(path, humanised(name), is_required, self.depth + 1)

    def item(self) -> _Place:
        return _Place(f"{self.path}[]", f"one of: {self.name}", depth=self.depth + 1)


class _Writer:
    """Writes nodes, and keeps what was lost."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self._containers = 0

    def arguments(self, document: Part) -> dict[str, Any] | None:
        shape = shape_of(document)
        place = _Place("", "")
        properties, required = self._properties(shape, place, document)
        self._lose_extra(shape, place)
        notes = self._noted(shape, place)
        if not properties:
            return None
        said = described(shape.description, notes) if shape.description or notes else ""
        return {"type": "object", "description": said, "properties": properties, "required": required}

    def _node(self, expression: Expression, place: _Place, document: Part) -> dict[str, Any] | None:
        """The node of a value; None where there is nothing that it can be."""
        shape = shape_of(expression)
        types = [name for name in shape.types if name != "null"]
        if not types:
            return self._null(place) if shape.types and place.is_required else None
        kind, is_mixed = self._kind(shape, types, place)
        if is_mixed:  # the description of one kind would only mislead with the others
            kept = tuple(note for note in shape.notes if note.keyword not in ("anyOf", "oneOf"))
            shape = replace(shape, notes=kept)
        if kind == "literal":
            return self._literal(shape, types, place)
        self._containers += 1
        is_too_large = self._containers > _MAX_CONTAINERS or place.depth > _MAX_DEPTH
        if shape.is_recursive or is_too_large or (kind == "object" and not shape.fields):
            return self._as_text(shape, place, kind)
        write = self._array if kind == "array" else self._object
        return write(shape, place, document)

    def _kind(self, shape: Shape, types: Sequence[str], place: _Place) -> tuple[str, bool]:
        """Which kind of node stands for a value, and whether it may be of other kinds too."""
        if shape.is_of_any_type:
            kind = "object" if shape.fields else "array" if shape.items or shape.prefix else "literal"
            words = "another value than text" if kind == "literal" else f"another value than {_KINDS[kind]}"
            self._lose(place, Note("type", words, "narrowed"))
            return kind, False
        kinds = list(dict.fromkeys(name if name in ("object", "array") else "literal" for name in types))
        if kinds[1:]:
            others = listed(_KINDS[kind] if kind != "literal" else _literals(types) for kind in kinds[1:])
            self._lose(place, Note("type", others, "narrowed"))
        return kinds[0], len(kinds) > 1

    def _literal(self, shape: Shape, types: Sequence[str], place: _Place) -> dict[str, Any]:
        kinds = {name for name in types if name in _LITERALS}
        declared = _declared_type(kinds)
        if declared == "string" and kinds != {"string"} and not shape.is_of_any_type:
            self._lose(place, Note("type", f"{_literals(types)} other than as text", "narrowed"))
        notes = self._noted(shape, place)
        is_nullable = "null" in shape.types and not shape.is_of_any_type
        node: dict[str, Any] = {"type": [declared, "null"] if is_nullable else declared, "description": ""}
        if shape.members is not None:
            members = [member for member in shape.members if type_of(member) in kinds]
            if kinds != {"string"} or (is_nullable and place.is_required):
                notes = [self._lose(place, Note("enum", members_words(members))), *notes]
            else:
                # a member of the subset's enum is a text, so null is none
                node = {"type": declared, "description": "", "enum": members}
                if is_nullable:
                    self._lose(place, Note("enum", "null; it can be left out instead", "narrowed"))
        node["description"] = described(_said(shape, place), notes)
        return node

    def _object(self, shape: Shape, place: _Place, document: Part) -> dict[str, Any]:
        properties, required = self._properties(shape, place, document)
        if not properties:
            return self._as_text(shape, place, "object")
        self._lose_extra(shape, place)
        self._lose_null(shape, place)
        notes = self._noted(shape, place)
        said = described(_said(shape, place), notes)
        return {"type": "object", "description": said, "properties": properties, "required": required}

    def _array(self, shape: Shape, place: _Place, document: Part) -> dict[str, Any]:
        parts = [*shape.prefix, *([shape.items] if shape.items is not None else [])]
        items: Expression = (
            Either(tuple(parts)) if len(parts) > 1 else parts[0] if parts else anything(document)
        )
        node = self._node(items, place.item(), document)
        if node is None:
            node = {"type": "string", "description": "No item fits; leave the list empty."}
        self._lose_null(shape, place)
        notes = self._noted(shape, place)
        if shape.prefix:
            names = [_named(shape_of(part)) for part in shape.prefix]
            notes.append(self._lose(place, Note("prefixItems", f"in this order: {', '.join(names)}")))
        return {"type": "array", "description": described(_said(shape, place), notes), "items": node}

    def _as_text(self, shape: Shape, place: _Place, kind: str) -> dict[str, Any]:
        """A container whose inside cannot be declared: JSON in a text, as arguments are repaired from."""
        thing = "an object" if kind == "object" else "a list"
        words = f"{thing} of its own"
        if shape.is_recursive:
            words += ", because it is a part of itself"
        self._lose(place, Note(kind, words, "narrowed"))
        said = f"{thing} as JSON"
        if shape.fields:
            fields = ", ".join(quoted(name) for name in shape.fields)
            said += f" with the fields {shortened(fields, _MAX_FIELDS)}"
        elif shape.extra is not None:
            said += f", each of its values {shape_words(shape_of(shape.extra))}"
        notes = [said, *self._noted(shape, place)]
        node_type: Any = ["string", "null"] if "null" in shape.types else "string"
        return {"type": node_type, "description": described(_said(shape, place), notes)}

    def _null(self, place: _Place) -> dict[str, Any]:
        words = self._lose(place, Note("type", "always null"))
        return {"type": ["string", "null"], "description": described(place.name, [words])}

    def _properties(self, shape: Shape, place: _Place, document: Part) -> tuple[dict[str, Any], list[str]]:
        properties: dict[str, Any] = {}
        unnamed = {name: anything(document) for name in shape.required if name not in shape.fields}
        for name, expression in {**shape.fields, **unnamed}.items():
            inner = place.field(name, is_required=name in shape.required)
            node = self._node(expression, inner, document)
            if node is not None:
                properties[name] = node
            elif inner.is_required:
                self._lose(inner, Note("required", "that it is required, and that no value fits", "hidden"))
        return properties, [name for name in shape.required if name in properties]

    def _noted(self, shape: Shape, place: _Place) -> list[str]:
        """The notes that go into the description."""
        said = [self._lose(place, note) for note in shape.notes]
        return [words for note, words in zip(shape.notes, said, strict=True) if note.kind == "described"]

    def _lose_extra(self, shape: Shape, place: _Place) -> None:
        if shape.extra is not None:
            self._lose(place, Note("additionalProperties", "fields of other names", "narrowed"))

    def _lose_null(self, shape: Shape, place: _Place) -> None:
        if "null" in shape.types and not shape.is_of_any_type:
            words = "null" if place.is_required else "null; it can be left out instead"
            self._lose(place, Note("type", words, "narrowed"))

    def _lose(self, place: _Place, note: Note) -> str:
        self.losses.append(Loss(place.path, note.keyword, note.words, note.kind))
        return note.words


def described(said: str, notes: Sequence[str]) -> str:
    """A description with its notes behind it as a sentence; without notes it is left as it is."""
    if not notes:
        return said
    sentence = "; ".join(notes)
    sentence = f"{sentence[0].upper()}{sentence[1:]}."
    if not said:
        return sentence
    return f"{said}{'' if said.endswith(('.', '!', '?', ':')) else '.'} {sentence}"


def _said(shape: Shape, place: _Place) -> str:
    return shape.description or shape.title or place.name


def _declared_type(kinds: set[str]) -> str:
    if kinds <= {"integer", "number"}:
        return "number" if "number" in kinds else "integer"
    return "boolean" if kinds == {"boolean"} else "string"


def _literals(types: Sequence[str]) -> str:
    names = {"string": "text", "integer": "whole numbers", "number": "numbers", "boolean": "true or false"}
    kinds = [name for name in types if name in names and not (name == "integer" and "number" in types)]
    return listed((names[name] for name in kinds if name != "string" or len(kinds) == 1), last="or")


def _named(shape: Shape) -> str:
    """What stands at one place of a list, by its description where it has one."""
    return shape.description.rstrip(".") or shape.title or shape_words(shape)

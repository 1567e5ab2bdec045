"""A tool's parameters as the talker sees them: of each its name, its kind of value, and what values it takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from agentframework.localagent.durations import time_unit_of
from agentframework.localagent.words import name_words, read_line, stem_of, word_list

__all__ = ["Kind", "Parameter", "read_parameters"]

Kind = Literal[
    "text", "integer", "number", "boolean", "choice", "date", "time", "date-time", "email", "array", "object"
]
Says = Literal["", "prose", "date", "time"]

_DEEPEST: Final = 8
_LARGEST: Final = 1e300
_FORMATS: Final[Mapping[str, Kind]] = {
    "date": "date",
    "time": "time",
    "date-time": "date-time",
    "email": "email",
    "idn-email": "email",
}
_TYPES: Final[Mapping[str, Kind]] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}
# Words for texts that are said in whole phrases, whatever they are about.
_PROSE: Final = frozenset(
    map(
        stem_of,
        word_list(
            "text note message content body comment query question title subject topic task sentence phrase"
        ),
    )
)
_DATES: Final = frozenset(map(stem_of, ("date", "day", "when")))
_TIMES: Final = frozenset(map(stem_of, ("time", "hour", "clock")))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. A schema whose shape is not known here is text, which takes every value that is said."""

    name: str
    kind: Kind = "text"
    description: str = ""
    is_required: bool = False
    choices: tuple[str | int | float, ...] = ()
    lowest: float = -math.inf
    highest: float = math.inf
    is_above: bool = False
    """`lowest` itself does not fit."""
    is_below: bool = False
    item: Parameter | None = None
    says: Says = ""
    """What a text says by its name or description: a phrase, a day, or a time of day."""

    @property
    def words(self) -> list[str]:
        return name_words(self.name)

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(map(stem_of, self.words))

    @property
    def described(self) -> frozenset[str]:
        """The stems of the description's words."""
        return frozenset(token.stem for token in read_line(self.description).tokens if token.is_content)

    @property
    def time_unit(self) -> str | None:
        """The unit that a number of this parameter counts, where its name or description names one."""
        described = [token.low for token in read_line(self.description).tokens]
        units = (time_unit_of(word) for word in [*self.words, *described])
        return next((unit for unit in units if unit is not None), None) if self.is_number else None

    @property
    def is_number(self) -> bool:
        return self.kind in {"integer", "number"}

    def takes(self, value: float) -> bool:
        """Whether a number fits its type and bounds."""
        if self.kind == "integer" and value != int(value):
            return False
        above = value > self.lowest if self.is_above else value >= self.lowest
        return above and (value < self.highest if self.is_below else value <= self.highest)


def read_parameters(schema: object) -> tuple[Parameter, ...]:
    """The parameters of an arguments schema in its order; `()` for what describes no object."""
    root = _resolved(schema, schema)
    properties = root.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    listed = root.get("required")
    required = [name for name in listed if isinstance(name, str)] if isinstance(listed, list | tuple) else []
    names = dict.fromkeys([*(str(name) for name in properties), *required])
    return tuple(
        _parameter(name, properties.get(name), schema, is_required=name in required) for name in names
    )


def _parameter(
    name: str, declared: object, root: object, *, is_required: bool = False, depth: int = 0
) -> Parameter:
    schema = _resolved(declared, root)
    description = schema.get("description")
    description = description if isinstance(description, str) else ""
    choices = _choices(schema)
    kind = _kind(name, schema, choices)
    lowest, is_above = _bound(schema, "minimum", "exclusiveMinimum", -math.inf)
    highest, is_below = _bound(schema, "maximum", "exclusiveMaximum", math.inf)
    item = None
    if kind == "array" and depth < _DEEPEST:
        item = _parameter(name, schema.get("items"), root, depth=depth + 1)
    return Parameter(
        name=name,
        kind=_format_in_words(description) or "text" if kind == "text" else kind,
        description=" ".join(description.split()),
        is_required=is_required,
        choices=choices,
        lowest=lowest,
        highest=highest,
        is_above=is_above,
        is_below=is_below,
        item=item,
        says=_says(name) if kind == "text" else "",
    )


def _resolved(declared: object, root: object) -> Mapping[str, Any]:
    """The schema behind references within the document, and behind "this or null"; `{}` where there is none."""
    schema: object = declared
    description: object = None
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        description = description or schema.get("description")
        inner = _inner(schema, root)
        if inner is None:
            return schema if description is None else {**schema, "description": description}
        schema = inner
    return {}


def _inner(schema: Mapping[str, Any], root: object) -> object | None:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _looked_up(reference, root)
    for word in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(word)
        if isinstance(parts, list | tuple) and "type" not in schema and "properties" not in schema:
            real = [part for part in parts if not (isinstance(part, Mapping) and part.get("type") == "null")]
            return real[0] if len(real) == 1 else None
    return None


def _looked_up(reference: str, root: object) -> object:
    place: object = root
    for step in reference.removeprefix("#").split("/")[1:] if reference.startswith("#") else ["?"]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(place, Mapping) or key not in place:
            return {}
        place = place[key]
    return place


def _choices(schema: Mapping[str, Any]) -> tuple[str | int | float, ...]:
    listed = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(listed, list | tuple):
        return ()
    usable = [value for value in listed if isinstance(value, str | int | float)]
    # true and false are said as words, and null is left out
    return tuple(value for value in usable if not isinstance(value, bool))


def _kind(name: str, schema: Mapping[str, Any], choices: tuple[str | int | float, ...]) -> Kind:
    if choices:
        return "choice"
    declared = schema.get("type")
    if isinstance(declared, list | tuple):
        types = [one for one in declared if one != "null"]
        declared = types[0] if len(types) == 1 else "string"
    if isinstance(declared, str) and declared in _TYPES:
        return _TYPES[declared]
    if declared is None and isinstance(schema.get("properties"), Mapping):
        return "object"
    said = schema.get("format")
    if isinstance(said, str) and said in _FORMATS:
        return _FORMATS[said]
    return "email" if " ".join(name_words(name)).endswith(("email", "email address")) else "text"


def _bound(schema: Mapping[str, Any], word: str, exclusive: str, without: float) -> tuple[float, bool]:
    outer, inner = _number(schema.get(exclusive)), _number(schema.get(word))
    if outer is not None:
        return outer, True
    return without if inner is None else inner, False


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None


def _format_in_words(description: str) -> Kind | None:
    """The format that a description asks for where the schema has no word for it."""
    has_date, has_time = "YYYY-MM-DD" in description, "HH:MM" in description
    if has_date and has_time:
        return "date-time"
    return "date" if has_date else "time" if has_time else None


def _says(name: str) -> Says:
    stems = set(map(stem_of, name_words(name)))
    if stems & _DATES:
        return "date"
    if stems & _TIMES:
        return "time"
    return "prose" if stems & _PROSE else ""

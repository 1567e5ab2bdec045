"""Marked parameters: the values of a call that nobody but its handler may see, and its arguments without them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any, Final

from agentframework.tools.definition import Definition
from agentframework.tools.jsonvalues import MAX_DEPTH
from agentframework.tools.subschemas import (
    Rules,
    item_parts,
    member_parts,
    parts_below,
    parts_beside,
    prefix_of,
)

__all__ = ["HIDDEN", "MARK", "Sensitive", "SensitivePlaces", "sensitive_places"]

MARK: Final = "x-sensitive"
"""The keyword of a schema that marks a value; the agent is never told of it."""

HIDDEN: Final = "***"
"""What stands in the place of a value that is not shown."""

_SHORTEST_TAKEN_OUT: Final = 3
"""A shorter text would be found in places that have nothing to do with it."""

_MOST_LOOKED_AT: Final = 5_000
"""Further values beside marked ones are hidden unseen: the wire, which may ask, has no time for more."""

_MOST_TAKEN_OUT: Final = 1_000

_MARKED: Final = {MARK: True}

Path = Sequence[str | int]


class Sensitive:
    """Marks a parameter, a field or an item whose value nobody but the handler may see: `Annotated[str, Sensitive]`.

    In a schema of one's own the keyword `"x-sensitive": true` does the same, and pydantic's `SecretStr` is marked by
    itself. Events, approvals, the audit log, error texts and the terminal show `***` in its place.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        return {**handler(core_schema), MARK: True}


@dataclass(slots=True, eq=False)
class _Place:
    """A place in the arguments: the parts of a schema that describe it, and those below it that were asked for."""

    applied: list[Rules]
    is_marked: bool
    holds_marked: bool
    prefix: int
    """How many items have parts of their own."""
    members: dict[str, _Place | None] = field(default_factory=dict)
    items: dict[int, _Place | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SensitivePlaces:
    """Where a schema has marked values. Reads no pattern and never raises: it may be asked on the wire.

    What it cannot place it hides: a name that is not declared beside marked ones (most likely a misspelt one), a
    text or a list where an object with marked members belongs, and what no reference leads to.
    """

    schema: Rules
    resolve: Callable[[str], object]
    """What a `$ref` leads to within the document; None where it leads nowhere."""
    _known: dict[tuple[int, ...], _Place | None] = field(default_factory=dict, repr=False)

    def shown(self, arguments: Any) -> Any:
        """The arguments, as they were sent or as they were read, without what is marked.

        Parts in which nothing is marked are the same objects.
        """
        return None if arguments is None else self._shown(arguments, self._place([self.schema]), 0, count(1))

    def place(self, path: Path, shown: Any) -> tuple[Path, bool]:
        """As much of a path as may be told, and whether the value there is hidden; `shown` is what `shown` gave.

        Within what is hidden a name is told only if it is declared somewhere.
        """
        for number, step in enumerate(path):
            if shown is HIDDEN:
                inner = takewhile(lambda step: isinstance(step, int) or step in self._names(), path[number:])
                return (*path[:number], *inner), True
            try:
                shown = shown[step]
            except (LookupError, TypeError):  # a field that is missing hides nothing
                return path, False
        return path, shown is HIDDEN

    def without_values(self, text: str, arguments: Any) -> str:
        """A text with every marked value of these arguments taken out, if it has three characters or more.

        Nothing of the text is left where the values are too many to be looked for.
        """
        values = sorted(self._values(arguments), key=len, reverse=True)
        if len(values) > _MOST_TAKEN_OUT:
            return HIDDEN
        for value in values:
            if len(value) >= _SHORTEST_TAKEN_OUT:
                text = text.replace(value, HIDDEN)
        return text

    def stands_in(self, text: str, arguments: Any) -> bool:
        """Whether a marked value of these arguments stands in a text, however short it is."""
        lowered, values = text.casefold(), self._values(arguments)
        return len(values) > _MOST_TAKEN_OUT or any(value.casefold() in lowered for value in values)

    @property
    def paths(self) -> tuple[str, ...]:
        """The marked places, such as `card.number` and `people[].iban`; `*` is any other name."""
        return tuple(dict.fromkeys(self._paths(self.schema, "", ())))

    def _shown(self, value: Any, place: _Place | None, depth: int, looked_at: Iterator[int]) -> Any:
        if place is None or place.is_marked or depth > MAX_DEPTH or next(looked_at) > _MOST_LOOKED_AT:
            return HIDDEN
        if value is None or not place.holds_marked:
            return value
        if isinstance(value, dict):
            return {
                name: self._shown(member, self._member(place, name), depth + 1, looked_at)
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [
                self._shown(item, self._item(place, index), depth + 1, looked_at)
                for index, item in enumerate(value)
            ]
        return HIDDEN

    def _member(self, place: _Place, name: str) -> _Place | None:
        if name in place.members:
            return place.members[name]
        found = self._place(member_parts(place.applied, name))
        if any(name in rules.get("properties", ()) for rules in place.applied):
            place.members[name] = found  # what an agent makes up is not kept
        return found

    def _item(self, place: _Place, index: int) -> _Place | None:
        index = min(index, place.prefix)
        if index not in place.items:
            place.items[index] = self._place(item_parts(place.applied, index))
        return place.items[index]

    def _place(self, schemas: Iterable[Any]) -> _Place | None:
        """The place that these parts of the document describe together; None where no part does."""
        parts = list(schemas)
        key = tuple(map(id, parts))
        if key not in self._known:
            applied = list(self._applied(parts))
            is_marked = any(map(_is_marked, applied))
            holds_marked = any(_is_marked(part) for rules in applied for part in self._parts(rules))
            prefix = max((len(prefix_of(rules)) for rules in applied), default=0)
            self._known[key] = _Place(applied, is_marked, holds_marked, prefix) if parts else None
        return self._known[key]

    def _applied(self, schemas: Iterable[Any]) -> Iterator[Rules]:
        """The schemas and all that are applied to the same value, each once."""
        waiting, seen = list(schemas), set()
        while waiting:
            rules = waiting.pop()
            if isinstance(rules, Mapping) and id(rules) not in seen:
                seen.add(id(rules))
                yield rules
                waiting.extend(self._beside(rules))

    def _beside(self, rules: Rules) -> Iterator[Any]:
        return (_MARKED if part is None else part for part in parts_beside(rules, self.resolve))

    def _parts(self, rules: Rules) -> Iterator[Rules]:
        """A schema and every other that it can lead to, each once."""
        waiting: list[Any] = [rules]
        seen: set[int] = set()
        while waiting:
            part = waiting.pop()
            if isinstance(part, Mapping) and id(part) not in seen:
                seen.add(id(part))
                yield part
                waiting.extend(self._beside(part))
                waiting.extend(inner for _, inner in parts_below(part))

    def _names(self) -> set[str]:
        """The names that are declared anywhere."""
        return {name for part in self._parts(self.schema) for name in part.get("properties", ())}

    def _values(self, arguments: Any) -> set[str]:
        """The marked values as texts."""
        return set(_hidden_values(arguments, self.shown(arguments)))

    def _paths(self, schema: Any, said: str, above: tuple[int, ...]) -> Iterator[str]:
        for rules in self._applied([schema]):
            if _is_marked(rules):
                yield said or "*"
            elif id(rules) not in above:
                for step, inner in parts_below(rules):
                    place = f"{said}.{step}" if said and step != "[]" else f"{said}{step}"
                    yield from self._paths(inner, place, (*above, id(rules)))


def sensitive_places(
    document: Rules,
    subschemas: Iterable[Rules],
    resolve: Callable[[str], object],
    definition: Definition,
) -> SensitivePlaces | None:
    """Where a document has marked values; None where it has none.

    `subschemas` are all that it applies. Raises `ToolDefinitionError` where the mark is neither true nor false.
    """
    found = False
    for rules in subschemas:
        if not isinstance(rules.get(MARK, False), bool):
            raise definition.refused(f"its schema has {MARK} = {rules[MARK]!r}", f"{MARK} is true or false")
        found = found or _is_marked(rules)
    return SensitivePlaces(document, resolve) if found else None


def _is_marked(rules: Rules) -> bool:
    """By our own keyword, or by the format that pydantic gives to its secrets."""
    names = rules.get("propertyNames")
    if isinstance(names, Mapping) and names.get(MARK) is True:
        return True  # an object whose names are marked is hidden as a whole
    return rules.get(MARK) is True or rules.get("format") == "password"


def _hidden_values(value: Any, shown: Any) -> Iterator[str]:
    if shown is HIDDEN:
        yield from _scalars(value)
    elif shown is not value and isinstance(value, dict):
        for name, member in value.items():
            yield from _hidden_values(member, shown[name])
    elif shown is not value and isinstance(value, list):
        for item, other in zip(value, shown, strict=True):
            yield from _hidden_values(item, other)


def _scalars(value: Any) -> Iterator[str]:
    """The texts and numbers in a value, as they may stand in a sentence."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            # as it is, and as `repr` and JSON say it
            yield from filter(None, {part, part.strip(), repr(part)[1:-1], json.dumps(part)[1:-1]})
        elif isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, int | float) and not isinstance(part, bool):
            yield repr(part)

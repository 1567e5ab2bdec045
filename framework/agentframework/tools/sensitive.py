"""Marked parameters: the values of a call that nobody but its handler may see, and its arguments without them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from agentframework.tools.definition import Definition
from agentframework.tools.jsonvalues import MAX_DEPTH

__all__ = ["HIDDEN", "MARK", "Sensitive", "SensitivePlaces", "sensitive_places"]

MARK: Final = "x-sensitive"
"""The keyword of a schema that marks a value; the agent is never told of it."""

HIDDEN: Final = "***"
"""What stands in the place of a value that is not shown."""

_SHORTEST_TAKEN_OUT: Final = 3
"""A shorter text would be found in places that have nothing to do with it."""

_MARKED: Final = {MARK: True}

Rules = Mapping[str, Any]
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


@dataclass(frozen=True, slots=True, eq=False)
class SensitivePlaces:
    """Where a schema has marked values. Reads no pattern and never raises: it may be asked on the wire.

    What it cannot place it hides: a name that is not declared beside marked ones (most likely a misspelt one), a
    text or a list where an object with marked members belongs, and what no reference leads to.
    """

    schema: Rules
    resolve: Callable[[str], object]
    """What a `$ref` leads to within the document; None where it leads nowhere."""
    _holding: dict[int, bool] = field(default_factory=dict, repr=False)

    def shown(self, arguments: Any) -> Any:
        """The arguments, as they were sent or as they were read, without what is marked.

        Parts in which nothing is marked are the same objects.
        """
        return arguments if arguments is None else self._shown(arguments, [self.schema], 0)

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
        """A text with every marked value of these arguments taken out, if it has three characters or more."""
        for value in sorted(self._values(arguments), key=len, reverse=True):
            if len(value) >= _SHORTEST_TAKEN_OUT:
                text = text.replace(value, HIDDEN)
        return text

    def stands_in(self, text: str, arguments: Any) -> bool:
        """Whether a marked value of these arguments stands in a text, however short it is."""
        lowered = text.casefold()
        return any(value.casefold() in lowered for value in self._values(arguments))

    @property
    def paths(self) -> tuple[str, ...]:
        """The marked places, such as `card.number` and `people[].iban`; `*` is any other name."""
        return tuple(dict.fromkeys(self._paths(self.schema, "", ())))

    def _shown(self, value: Any, schemas: Iterable[Any], depth: int) -> Any:
        applied = list(self._applied(schemas))
        if any(map(_is_marked, applied)):
            return HIDDEN
        if value is None or not any(self._holds_marked(rules) for rules in applied):
            return value
        if depth < MAX_DEPTH and isinstance(value, dict):
            return {
                name: self._member_shown(member, list(_of_member(applied, name)), depth + 1)
                for name, member in value.items()
            }
        if depth < MAX_DEPTH and isinstance(value, list):
            return [
                self._member_shown(item, list(_of_item(applied, index)), depth + 1)
                for index, item in enumerate(value)
            ]
        return HIDDEN

    def _member_shown(self, value: Any, schemas: list[Any], depth: int) -> Any:
        return self._shown(value, schemas, depth) if schemas else HIDDEN

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
        for word in ("$ref", "$dynamicRef"):
            if word in rules:
                target = self.resolve(rules[word])
                yield _MARKED if target is None else target
        for word in ("allOf", "anyOf", "oneOf"):
            yield from rules.get(word, ())
        for word in ("if", "then", "else", "not"):
            yield rules.get(word)
        for word in ("dependentSchemas", "dependencies"):
            yield from rules.get(word, {}).values()

    def _holds_marked(self, rules: Rules) -> bool:
        known = self._holding.get(id(rules))
        if known is None:
            known = self._holding[id(rules)] = any(map(_is_marked, self._parts(rules)))
        return known

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
                waiting.extend(inner for _, inner in _below(part))

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
                for step, inner in _below(rules):
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


def _below(rules: Rules) -> Iterator[tuple[str, Any]]:
    """The schemas of members and items, each with the step that leads there."""
    yield from rules.get("properties", {}).items()
    for inner in rules.get("patternProperties", {}).values():
        yield "*", inner
    for word in ("additionalProperties", "unevaluatedProperties"):
        yield "*", rules.get(word)
    for inner in _item_rules(rules):
        yield "[]", inner


def _item_rules(rules: Rules) -> Iterator[Any]:
    for word in ("prefixItems", "items"):
        inner = rules.get(word)
        yield from inner if isinstance(inner, list) else (inner,)
    for word in ("additionalItems", "contains", "unevaluatedItems"):
        yield rules.get(word)


def _of_member(applied: Iterable[Rules], name: str) -> Iterator[Any]:
    """What is declared for a name; no pattern is tried, because one can take for ever."""
    for rules in applied:
        properties = rules.get("properties", {})
        if name in properties:
            yield properties[name]
            continue
        for word in ("additionalProperties", "unevaluatedProperties"):
            if isinstance(rules.get(word), Mapping):
                yield rules[word]
                yield from rules.get("patternProperties", {}).values()


def _of_item(applied: Iterable[Rules], index: int) -> Iterator[Any]:
    for rules in applied:
        prefix = rules.get("items") if isinstance(rules.get("items"), list) else rules.get("prefixItems", ())
        if prefix and index < len(prefix):
            yield prefix[index]
        for word in ("items", "additionalItems", "contains", "unevaluatedItems"):
            if isinstance(rules.get(word), Mapping):
                yield rules[word]


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

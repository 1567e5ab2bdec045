"""The parts of a schema: what is applied to the same value, and what to its members and items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Rules", "item_parts", "member_parts", "parts_below", "parts_beside", "prefix_of"]

Rules = Mapping[str, Any]


def parts_beside(rules: Rules, resolve: Callable[[str], object]) -> Iterator[Any]:
    """What is applied to the same value, through any word; None for what a reference does not lead to."""
    for word in ("$ref", "$dynamicRef"):
        if word in rules:
            yield resolve(rules[word])
    for word in ("allOf", "anyOf", "oneOf"):
        yield from rules.get(word, ())
    for word in ("if", "then", "else", "not"):
        if word in rules:
            yield rules[word]
    for word in ("dependentSchemas", "dependencies"):
        yield from rules.get(word, {}).values()


def parts_below(rules: Rules) -> Iterator[tuple[str, Any]]:
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


def member_parts(applied: Iterable[Rules], name: str) -> Iterator[Any]:
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


def item_parts(applied: Iterable[Rules], index: int) -> Iterator[Any]:
    """What is declared for an item, by its place or for all."""
    for rules in applied:
        yield from prefix_of(rules)[index : index + 1]
        for word in ("items", "additionalItems", "contains", "unevaluatedItems"):
            if isinstance(rules.get(word), Mapping):
                yield rules[word]


def prefix_of(rules: Rules) -> Sequence[Any]:
    """What is declared for the first items, one by one, in the words of either draft."""
    items = rules.get("items")
    return items if isinstance(items, list) else rules.get("prefixItems", ())

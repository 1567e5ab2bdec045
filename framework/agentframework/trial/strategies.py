"""Arguments that fit a schema, drawn by Hypothesis; needs the extra `fuzz`."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hypothesis import strategies as st

from agentframework.errors import ArgumentsError
from agentframework.tools.tool import Tool

__all__ = ["arguments_of"]

Strategy = st.SearchStrategy[Any]
Rules = Mapping[str, Any]

_NUMBERS: Final = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_ANY: Final[Strategy] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_FORMATS: Final[Mapping[str, Strategy]] = {
    "date": st.dates().map(str),
    "date-time": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    "time": st.times().map(lambda time: time.isoformat()),
    "duration": st.integers(0, 10**6).map(lambda seconds: f"PT{seconds}S"),
    "email": st.emails(),
    "idn-email": st.emails(),
    "uuid": st.uuids().map(str),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "uri": st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9]{0,9}", fullmatch=True),
}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
"""The words by which a schema without a type tells which it means."""

_FORBIDDEN: Final[tuple[object, ...]] = (False, {"not": {}})


def arguments_of(tool: Tool[..., Any]) -> Strategy:
    """Arguments that fit the tool's schema as they are, without a repair and whatever they are good for."""
    strict = tool.with_options(strict=True)

    def fits(arguments: object) -> bool:
        try:
            strict.read_arguments(arguments)
        except ArgumentsError:
            return False
        return True

    return _Drawer(tool.schema).values({"type": "object", **tool.schema}).filter(fits)


class _Drawer:
    """Draws from the parts of one document.

    What a part says is followed where that is simple, and otherwise left to the filter: `not`, `if`, `contains`.
    """

    def __init__(self, document: Rules) -> None:
        self._document = document
        self._by_reference: dict[str, Strategy] = {}

    def values(self, rules: object) -> Strategy:
        if not isinstance(rules, Mapping):
            return st.nothing() if rules is False else _ANY
        if "$ref" in rules:
            return self._referred(rules["$ref"], _without(rules, "$ref"))
        if "const" in rules:
            return st.just(rules["const"])
        if "enum" in rules:
            return st.sampled_from(rules["enum"])
        if rules.get("allOf"):
            return self.values(functools.reduce(_both, rules["allOf"], _without(rules, "allOf")))
        for word in ("anyOf", "oneOf"):
            if rules.get(word):
                rest = _without(rules, word)
                return st.one_of([self.values(_both(rest, part)) for part in rules[word]])
        types = _types(rules)
        return st.one_of([self._of_type(kind, rules) for kind in types]) if types else _ANY

    def _referred(self, reference: str, siblings: Rules) -> Strategy:
        target = _looked_up(reference, self._document)
        if isinstance(target, Mapping) and any(
            word in siblings for words in _WORDS.values() for word in words
        ):
            return self.values(_both(target, siblings))
        if reference not in self._by_reference:
            # it may come back to itself
            self._by_reference[reference] = st.deferred(lambda: self.values(target))
        return self._by_reference[reference]

    def _of_type(self, kind: str, rules: Rules) -> Strategy:
        drawers: Mapping[str, Callable[[Rules], Strategy]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": lambda rules: _integers(rules) | _floats(rules),
            "string": _texts,
            "array": self._lists,
            "object": self._objects,
        }
        return drawers[kind](rules) if kind in drawers else st.nothing()

    def _lists(self, rules: Rules) -> Strategy:
        items = rules.get("items", True)
        prefix = items if isinstance(items, list) else rules.get("prefixItems", [])
        rest = rules.get("additionalItems", True) if isinstance(items, list) else items
        least, most = rules.get("minItems", 0), rules.get("maxItems")
        room = (least + 5 if most is None else most) - len(prefix)
        if rest in _FORBIDDEN:
            room = 0
        further = st.lists(
            _ANY if rest in _FORBIDDEN else self.values(rest),
            min_size=max(0, least - len(prefix)),
            max_size=max(0, least - len(prefix), min(room, least + 5)),
            unique_by=_as_text if rules.get("uniqueItems") else None,
        )
        if not prefix:
            return further
        return st.builds(lambda first, more: [*first, *more], st.tuples(*map(self.values, prefix)), further)

    def _objects(self, rules: Rules) -> Strategy:
        declared = rules.get("properties", {})
        required = {name: self.values(declared.get(name, True)) for name in rules.get("required", ())}
        optional = {
            name: self.values(inner)
            for name, inner in declared.items()
            if name not in required and inner not in _FORBIDDEN
        }
        named = st.fixed_dictionaries(required, optional=optional)
        further = [
            st.dictionaries(_matching(pattern), self.values(inner), max_size=3)
            for pattern, inner in rules.get("patternProperties", {}).items()
        ]
        other = rules.get("additionalProperties", not declared and not further)
        if other is not False:
            least = max(0, rules.get("minProperties", 0) - len(declared))
            names = _texts({"maxLength": 20, **_named(rules)})
            further.append(st.dictionaries(names, self.values(other), min_size=least, max_size=least + 3))
        if not further:
            return named
        return st.builds(lambda first, *others: _joined(others, first), named, *further)


def _integers(rules: Rules) -> Strategy:
    least, most = _bounds(rules)
    step = rules.get("multipleOf", 1)
    if step != int(step):
        return st.integers(_up(least), _down(most))
    step = int(step)
    low, high = _up(least), _down(most)
    lowest = None if low is None else -(-low // step)
    highest = None if high is None else high // step
    if lowest is not None and highest is not None and lowest > highest:
        return st.nothing()
    return st.integers(lowest, highest).map(lambda number: number * step)


def _floats(rules: Rules) -> Strategy:
    least, most = _bounds(rules)
    if "multipleOf" in rules or (least is not None and most is not None and least > most):
        return st.nothing()
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


def _bounds(rules: Rules) -> tuple[float | None, float | None]:
    """The least and the greatest number; the filter takes out what an exclusive bound excludes."""
    least = [rules[word] for word in ("minimum", "exclusiveMinimum") if word in rules]
    most = [rules[word] for word in ("maximum", "exclusiveMaximum") if word in rules]
    return max(least, default=None), min(most, default=None)


def _up(bound: float | None) -> int | None:
    return None if bound is None else math.ceil(bound)


def _down(bound: float | None) -> int | None:
    return None if bound is None else math.floor(bound)


def _texts(rules: Rules) -> Strategy:
    if "pattern" in rules:
        return _matching(rules["pattern"])
    if rules.get("format") in _FORMATS:
        return _FORMATS[rules["format"]]
    least = int(rules.get("minLength", 0))
    most = rules.get("maxLength")
    return st.text(min_size=least, max_size=None if most is None else int(most))


def _matching(pattern: str) -> Strategy:
    try:
        return st.from_regex(re.compile(pattern))
    except (re.error, RecursionError):
        return st.text()


def _named(rules: Rules) -> Rules:
    names = rules.get("propertyNames")
    return names if isinstance(names, Mapping) else {}


def _joined(others: Iterable[Mapping[str, Any]], named: Mapping[str, Any]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for other in others:
        joined.update(other)
    return {**joined, **named}


def _types(rules: Rules) -> list[str]:
    said = rules.get("type")
    if said is None:
        return [kind for kind, words in _WORDS.items() if any(word in rules for word in words)]
    return [said] if isinstance(said, str) else list(said)


def _both(one: Any, other: Any) -> Any:
    """A schema for what fits two, as nearly as that can be said in one."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False if one is False or other is False else (one if isinstance(one, Mapping) else other)
    joined = {**one, **other}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    if "type" in one and "type" in other:
        joined["type"] = [kind for kind in _types(one) if kind in _types(other)] or _types(other)
    for word, pick in (("minimum", max), ("maximum", min), ("minLength", max), ("maxLength", min)):
        if word in one and word in other:
            joined[word] = pick(one[word], other[word])
    return joined


def _without(rules: Rules, word: str) -> dict[str, Any]:
    return {key: value for key, value in rules.items() if key != word}


def _looked_up(reference: str, document: Any) -> Any:
    """What a JSON pointer within the document leads to; True, which is any value, where it leads nowhere."""
    found = document
    try:
        for step in reference.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (LookupError, ValueError, TypeError):
        return True
    return found if reference.startswith("#") else True


def _as_text(value: object) -> str:
    return json.dumps(value, sort_keys=True)

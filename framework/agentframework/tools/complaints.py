"""What does not fit, told to the model: the errors of jsonschema and of pydantic in one wording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from jsonschema import ValidationError as SchemaMismatch
from pydantic import ValidationError as ModelMismatch
from pydantic_core import ErrorDetails

from agentframework.errors import ArgumentProblem
from agentframework.spelling import nearest
from agentframework.tools.jsonvalues import OutOfBoundsError
from agentframework.tools.schema import ArgumentsSchema
from agentframework.tools.wording import expected_words, listed, place_words, shortened, value_words

__all__ = [
    "ARGUMENTS",
    "UNCHECKABLE",
    "choices",
    "problem_out_of_bounds",
    "problems_of_model",
    "problems_of_schema",
    "shown_problems",
]

ARGUMENTS: Final = "the arguments"
"""What the whole of them is called where a problem has no field."""

UNCHECKABLE: Final = "values on which the check failed"
"""What came where a check itself has failed."""

NOTHING: Final = "nothing (it is required)"
NOT_SHOWN: Final = "a value that is not shown"

_MAX_LOOKED_AT: Final = 100
_MAX_SAID: Final = 340  # with two names of 64 characters and the words around them, about 600
_MAX_FIELD, _MAX_EXPECTED, _MAX_CAME = 60, 180, 80

_OTHER_WORDS: Final = {
    "uniqueItems": "a list without repetition",
    "not": "another value",
    "contains": "a list with a fitting item",
    "minContains": "a list with more fitting items",
    "maxContains": "a list with fewer fitting items",
    "unevaluatedProperties": "an object without further fields",
    "minProperties": "an object with more entries",
    "maxProperties": "an object with fewer entries",
    "oneOf": "a value that fits one of the choices alone",
    "unevaluatedItems": "a list with fewer items",
    "additionalItems": "a list with fewer items",
}
"""Where the schema at a place does not tell which of its rules was broken."""

_PLAIN_KINDS: Final = ("_parsing", "_type", "enum", "literal_error", "missing")
"""The endings of pydantic's kinds of error that say no more than the schema does."""

_ABSENT: Final = object()

Path = Sequence[str | int]


def shown_problems(problems: Iterable[ArgumentProblem]) -> list[ArgumentProblem]:
    """As many problems as a message has room for, each shortened; the last says how many are left out."""
    looked_at = list(islice(problems, _MAX_LOOKED_AT))
    distinct = list(dict.fromkeys(map(_shortened, looked_at)))
    shown: list[ArgumentProblem] = []
    room = _MAX_SAID
    for problem in distinct:
        room -= len(str(problem)) + 2
        if shown and room < 0:
            left_out = "many" if len(looked_at) == _MAX_LOOKED_AT else len(distinct) - len(shown)
            shown.append(ArgumentProblem(f"{left_out} more", "what the tool declares", "other values"))
            break
        shown.append(problem)
    return shown


def _shortened(problem: ArgumentProblem) -> ArgumentProblem:
    return ArgumentProblem(
        shortened(problem.field, _MAX_FIELD),
        shortened(problem.expected, _MAX_EXPECTED),
        shortened(problem.came, _MAX_CAME),
    )


def problem_out_of_bounds(error: OutOfBoundsError, sent: object, schema: ArgumentsSchema) -> ArgumentProblem:
    """What is no JSON, or too large or too deep to be looked at."""
    return _Witness(sent, schema).problem(error.path, error.expected, error.came)


class _Witness:
    """Tells of the arguments what may be told."""

    def __init__(self, arguments: object, schema: ArgumentsSchema) -> None:
        self._arguments = arguments
        self._places = schema.sensitive
        self._shown = None if self._places is None else self._places.shown(arguments)

    def problem(self, path: Path, expected: str, came: str) -> ArgumentProblem:
        if self._places is not None:
            path, is_hidden = self._places.place(path, self._shown)
            if is_hidden and came != NOTHING:
                came = NOT_SHOWN
        return ArgumentProblem(place_words(path, ARGUMENTS), expected, came)

    def in_order(self, mismatches: Iterable[SchemaMismatch]) -> list[SchemaMismatch]:
        """In the order in which the places were sent: jsonschema takes the names that it does not know from a set."""
        orders: dict[int, dict[str, int]] = {}

        def position(mismatch: SchemaMismatch) -> list[int]:
            value: Any = self._arguments
            found = []
            for step in mismatch.absolute_path:
                if isinstance(step, str) and id(value) not in orders:
                    orders[id(value)] = {name: at for at, name in enumerate(value)}
                found.append(orders[id(value)][step] if isinstance(step, str) else step)
                value = value[step]
            return found

        return sorted(mismatches, key=position)

    def may_say(self, found: ErrorDetails, path: Path) -> bool:
        """Whether pydantic's sentence, or the author's, holds nothing that must not be told."""
        if self._places is None:
            return True
        _, is_hidden = self._places.place(path, self._shown)
        is_authors = found["type"] in ("value_error", "assertion_error")
        return (is_authors or not is_hidden) and not self._places.stands_in(found["msg"], self._arguments)


def problems_of_schema(
    mismatches: Iterable[SchemaMismatch], arguments: object, schema: ArgumentsSchema
) -> Iterator[ArgumentProblem]:
    """What jsonschema found, by field; a problem may come twice."""
    return _problems(mismatches, _Witness(arguments, schema), schema)


def _problems(
    mismatches: Iterable[SchemaMismatch], witness: _Witness, schema: ArgumentsSchema
) -> Iterator[ArgumentProblem]:
    for mismatch in islice(witness.in_order(mismatches), _MAX_LOOKED_AT):
        path = tuple(mismatch.absolute_path)
        if mismatch.validator in ("required", "dependentRequired", "dependencies"):
            yield from _missing(mismatch, path, witness, schema)
        elif mismatch.validator == "additionalProperties":
            yield from _unknown(mismatch, path, witness)
        elif mismatch.context and (choice := _likely_choice(mismatch)):
            yield from _problems(choice, witness, schema)
        else:
            yield witness.problem(path, _expected(mismatch, schema), value_words(mismatch.instance))


def choices(mismatch: SchemaMismatch) -> list[list[SchemaMismatch]]:
    """The mismatches of each choice of an `anyOf` or `oneOf` that has failed."""
    by_choice: dict[object, list[SchemaMismatch]] = {}
    for inner in mismatch.context or ():
        by_choice.setdefault(inner.relative_schema_path[0], []).append(inner)
    return list(by_choice.values())


def _likely_choice(mismatch: SchemaMismatch) -> list[SchemaMismatch]:
    """The mismatches of the choice that was probably meant; none where none stands out.

    A choice is out if the value has another type altogether; of the others, the one that tells the value's kind
    by a constant, and then the one with the fewest mismatches.
    """
    possible = [
        choice for choice in choices(mismatch) if not any(_is_of_another_kind(inner) for inner in choice)
    ]
    return min(possible, key=_strangeness, default=[])


def _is_of_another_kind(mismatch: SchemaMismatch) -> bool:
    return not mismatch.relative_path and mismatch.validator in ("type", "const", "enum")


def _strangeness(choice: list[SchemaMismatch]) -> tuple[int, int]:
    return sum(inner.validator in ("const", "enum") for inner in choice), len(choice)


def _missing(
    mismatch: SchemaMismatch, path: Path, witness: _Witness, schema: ArgumentsSchema
) -> Iterator[ArgumentProblem]:
    fields = schema.resolve(mismatch.schema).get("properties", {})
    needed: Any = mismatch.validator_value
    came: Any = mismatch.instance
    if isinstance(needed, Mapping):
        given = (names for name, names in needed.items() if name in came and isinstance(names, list))
        needed = [name for names in given for name in names]
    for name in needed:
        if name not in came:
            expected = expected_words(fields.get(name, {}), schema.resolve)
            yield witness.problem((*path, name), expected, NOTHING)


def _unknown(mismatch: SchemaMismatch, path: Path, witness: _Witness) -> Iterator[ArgumentProblem]:
    rules = mismatch.schema if isinstance(mismatch.schema, Mapping) else {}
    known = list(rules.get("properties", ()))
    patterns = list(rules.get("patternProperties", ()))
    came: Any = mismatch.instance
    for name, value in came.items():
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            yield witness.problem((*path, name), _no_such(name, known), value_words(value))


def _no_such(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    if near is not None:
        return f"no field of this name (did you mean {near}?)"
    return f"no field of this name (there {'is' if len(known) == 1 else 'are'} {listed(known, last='and') or 'none'})"


def _expected(mismatch: SchemaMismatch, schema: ArgumentsSchema) -> str:
    if mismatch.validator == "not" and mismatch.validator_value == {}:
        return "nothing here"
    if mismatch.validator in _OTHER_WORDS and not (mismatch.validator == "oneOf" and mismatch.context):
        return _OTHER_WORDS[mismatch.validator]
    return expected_words(mismatch.schema, schema.resolve)


def problems_of_model(
    error: ModelMismatch, arguments: Mapping[str, Any], schema: ArgumentsSchema
) -> Iterator[ArgumentProblem]:
    """What pydantic found when it built the values, one problem a field."""
    witness = _Witness(arguments, schema)
    for found in islice(error.errors(include_url=False), _MAX_LOOKED_AT):
        path, rules = _walked(found, arguments, schema)
        if found["type"].startswith("decimal_"):
            rules = _without_text(rules)
        expected = expected_words(rules, schema.resolve)
        if not found["type"].endswith(_PLAIN_KINDS) and witness.may_say(found, path):
            said = _said(found)
            expected = f"{expected} ({said})" if expected != "a value" else said
        came = NOTHING if found["type"] == "missing" else value_words(found["input"])
        yield witness.problem(path, expected, came)


def _without_text(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """A decimal number may come as text, and yet text is not what to ask for."""
    return {**rules, "anyOf": [part for part in rules.get("anyOf", ()) if part.get("type") != "string"]}


def _walked(
    found: ErrorDetails, arguments: object, schema: ArgumentsSchema
) -> tuple[Path, Mapping[str, Any]]:
    """The place that pydantic means, without its names for the branches of a union, and the schema there."""
    path: list[str | int] = []
    value, rules = arguments, schema.resolve(schema.schema)
    for step in found["loc"]:
        inner = _inner(value, step)
        if inner is not _ABSENT:
            value = inner
        elif not (found["type"] == "missing" and step == found["loc"][-1]):
            continue
        path.append(step)
        rules = _below(rules, step, schema)
    return path, rules


def _inner(value: object, step: str | int) -> object:
    if isinstance(value, Mapping):
        return value.get(step, _ABSENT)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _ABSENT


def _below(rules: Mapping[str, Any], step: str | int, schema: ArgumentsSchema) -> Mapping[str, Any]:
    """The schema of a member or an item, looked for in the choices too."""
    parts = [rules, *(part for word in ("anyOf", "oneOf", "allOf") for part in rules.get(word, ()))]
    for part in map(schema.resolve, parts):
        other = part.get("additionalProperties")
        inner = part.get("items") if isinstance(step, int) else part.get("properties", {}).get(step, other)
        if isinstance(inner, Mapping):
            return schema.resolve(inner)
    return {}


def _said(found: ErrorDetails) -> str:
    """pydantic's sentence, or the author's own, without the words that pydantic puts before it."""
    said = found["msg"].partition("\n")[0]
    for prefix in ("Value error, ", "Assertion failed, ", "Input should be ", "Input "):
        said = said.removeprefix(prefix)
    return said

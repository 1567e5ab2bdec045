"""A call's arguments: read, checked against the schema, repaired where the table allows it, and checked again."""

from __future__ import annotations

from typing import Any

from jsonschema import ValidationError

from agentframework.errors import ArgumentProblem, ArgumentsError
from agentframework.tools.complaints import (
    ARGUMENTS,
    UNCHECKABLE,
    problem_out_of_bounds,
    problems_of_schema,
    shown_problems,
)
from agentframework.tools.jsonvalues import JsonValue, OutOfBoundsError, json_from_text, read_json
from agentframework.tools.repair import UNREPAIRED, mend, repaired, whole_number
from agentframework.tools.schema import ArgumentsSchema
from agentframework.tools.wording import value_words

__all__ = ["read_arguments"]


def read_arguments(
    sent: object, tool: str, schema: ArgumentsSchema, *, is_strict: bool = False
) -> dict[str, Any]:
    """What a call sent, as policy, audit and handler see it; it shares nothing with `sent`.

    None is no arguments, and the JSON text of an object is that object. Numbers that are not finite, more than 64
    levels and more than 1 MiB are refused. What fits the schema is used unchanged, only 7.0 becomes 7 where an
    integer is declared; what does not is repaired (`repair`) and checked again as a whole.

    Where `is_strict` nothing is repaired, and a text is no object. 7.0 is 7 all the same: to the schema they are one
    number, and a handler that asks for an int is to be given one.

    Raises `ArgumentsError` and nothing else, also where a check explodes.
    """
    try:
        read = read_json(_root(sent, is_strict=is_strict))
        if not schema.accepts(read):
            left = mend(read.value, schema.validator, _refused if is_strict else repaired)
            if left:
                raise ArgumentsError(tool, shown_problems(problems_of_schema(left, read.value, schema)))
            # a decoded text may hold whole floats, and deepens what holds it
            read = read_json(read.value)
        return _with_whole_numbers(read, schema)
    except (ArgumentsError, KeyboardInterrupt, SystemExit):
        raise
    except OutOfBoundsError as error:
        raise ArgumentsError(tool, shown_problems([problem_out_of_bounds(error, sent, schema)])) from None
    except BaseException as error:
        # a schema of many layers exhausts the stack; what holds jsonschema's references is written in Rust, and
        # says so by a panic, which is no Exception
        problem = ArgumentProblem(ARGUMENTS, "values that can be checked", UNCHECKABLE)
        raise ArgumentsError(tool, [problem]) from error


def _root(sent: object, *, is_strict: bool) -> dict[str, Any]:
    value = {} if sent is None else sent
    if isinstance(value, str) and not is_strict:
        try:
            value = json_from_text(value)
        except ValueError:
            value = sent
    if not isinstance(value, dict):
        raise OutOfBoundsError("an object of named values", value_words(sent))
    return value


def _refused(_mismatch: ValidationError) -> object:
    return UNREPAIRED


def _with_whole_numbers(read: JsonValue, schema: ArgumentsSchema) -> dict[str, Any]:
    values: dict[str, Any] = read.value
    if read.has_whole_floats and schema.exact_validator is not None:
        mend(values, schema.exact_validator, whole_number)
    return values

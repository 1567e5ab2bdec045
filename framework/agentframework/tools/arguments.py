"""A call's arguments: read, checked against the schema, repaired where the table allows it, and checked again."""

from __future__ import annotations

from typing import Any

from agentframework.errors import ArgumentProblem, ArgumentsError
from agentframework.tools.complaints import ARGUMENTS, problems_of_schema, shown_problems
from agentframework.tools.schema import ArgumentsSchema

__all__ = ["read_arguments"]


def read_arguments(sent: object, tool: str, schema: ArgumentsSchema) -> dict[str, Any]:
    """Steps 1 to 4."""
    if sent is None:
        sent = {}
    if not isinstance(sent, dict):
        raise ArgumentsError(tool, [ArgumentProblem(ARGUMENTS, "an object", str(type(sent)))])
    found = list(problems_of_schema(schema.validator.iter_errors(sent), schema))
    if found:
        raise ArgumentsError(tool, shown_problems(found))
    return sent

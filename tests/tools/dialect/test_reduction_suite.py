"""Each schema of the JSON Schema Test Suite that a tool may have is declared, and what it accepts can be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentframework.errors import ToolDefinitionError
from agentframework.tools.definition import Definition
from agentframework.tools.dialect.reduction import Reduced, reduce_schema
from agentframework.tools.schema import check_schema
from tool_platform import complaints

SUITE = Path(__file__).parents[1] / "json_schema_suite"
DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
# alternatives and conditions are declared together, and the report says so
TOGETHER = {"anyOf", "oneOf", "if", "dependentSchemas"}
# a member of its enum looks like a reference, and one that leads nowhere below a parameter
LEFT_OUT = {"naive replacement of $ref with its destination is not correct"}
TOOL = Definition("move", "a test")


def groups(draft: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each schema as that of a parameter, with the values that it accepts as arguments."""
    for file in sorted((SUITE / draft).rglob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")):
            if group["description"] in LEFT_OUT:
                continue
            schema = {"type": "object", "properties": {"v": group["schema"]}, "required": ["v"]}
            valid = [{"v": test["data"]} for test in group["tests"] if test["valid"]]
            yield {"$schema": DRAFTS[draft], **schema}, valid


@pytest.mark.parametrize("draft", DRAFTS)
def test_the_schemas_of_the_suite_are_declared(draft: str) -> None:
    declared = sent = 0
    for schema, valid in groups(draft):
        try:
            checked = check_schema(schema, TOOL).schema
        except ToolDefinitionError:
            continue
        reduced = reduce_schema(checked)
        config = {"type": "client", "name": "move", "description": "d", "parameters": reduced.parameters}
        assert complaints({"tool_config": config}) == [], schema
        if reduced.parameters is not None:
            declared += 1
            again = reduce_schema(check_schema(reduced.parameters, TOOL).schema)
            assert again == Reduced(reduced.parameters, ()), schema
        if any(loss.kind == "narrowed" or loss.keyword in TOGETHER for loss in reduced.losses):
            continue
        validator = Draft202012Validator(reduced.parameters or {})
        for arguments in valid:
            sent += 1
            assert validator.is_valid(arguments), (schema, arguments)
    assert declared > 200
    assert sent > 50

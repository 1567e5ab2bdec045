"""The two drafts of JSON Schema that a tool may be written in, and the check that a schema is one of its draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from referencing import Specification
from referencing.jsonschema import DRAFT7, DRAFT202012

from agentframework.tools.definition import Definition
from agentframework.tools.wording import shortened

__all__ = ["Draft", "check_valid", "draft_of"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft: the address under `$schema`, jsonschema's validator, and how its references work."""

    address: str
    validator_class: type[Validator]
    specification: Specification[Any]

    @property
    def formats(self) -> frozenset[str]:
        """The `format` words that can be checked here."""
        return frozenset(self.validator_class.FORMAT_CHECKER.checkers)


_2020_12: Final = Draft("https://json-schema.org/draft/2020-12/schema", Draft202012Validator, DRAFT202012)
_DRAFT_7: Final = Draft("http://json-schema.org/draft-07/schema#", Draft7Validator, DRAFT7)


def draft_of(schema: Mapping[str, Any], definition: Definition) -> Draft:
    """The draft that `$schema` names, 2020-12 where it is absent; raises `ToolDefinitionError` for any other."""
    said = schema.get("$schema", _2020_12.address)
    for known in (_2020_12, _DRAFT_7):
        if isinstance(said, str) and _without_scheme(said) == _without_scheme(known.address):
            return known
    raise definition.refused(
        f"its $schema {said!r} is no draft that is known here",
        f"use {_2020_12.address} or {_DRAFT_7.address}",
    )


def _without_scheme(address: str) -> str:
    """The address as people mean it: both schemes are about, and a closing "#" says nothing."""
    return address.removesuffix("#").removeprefix("https:").removeprefix("http:")


def check_valid(schema: Any, draft: Draft, definition: Definition) -> None:
    """Raises `ToolDefinitionError`, with the place, for what is no schema of its draft."""
    try:
        draft.validator_class.check_schema(schema)
    except SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path) or "its top level"
        reason = shortened(error.message, 200)
        raise definition.refused(f"its schema is not valid at {place}: {reason}") from error

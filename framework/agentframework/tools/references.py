"""References within a schema: followed, and refused where they lead outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from referencing import Resource
from referencing.exceptions import Unresolvable

from agentframework.tools.definition import Definition
from agentframework.tools.drafts import Draft, check_valid, draft_of

__all__ = ["reachable_schemas"]

_KEYWORDS: Final = ("$ref", "$dynamicRef")


def reachable_schemas(
    root: Resource[Any], resolver: Any, draft: Draft, definition: Definition
) -> Iterator[dict[str, Any]]:
    """Every subschema that validation can come to, from `root` and with its `resolver`, which fetches nothing.

    Raises `ToolDefinitionError` for a reference that leads out of the document or to what is no schema, and for a
    part of another draft.
    """
    seen: set[int] = set()
    waiting = [(root, resolver)]
    referred: list[tuple[str, Any]] = []
    while waiting or referred:
        if not waiting:
            found = _looked_up(*referred.pop(), definition)
            # a reference may lead to a place where the metaschema sees no schema
            if id(found.contents) not in seen:
                check_valid(found.contents, draft, definition)
            waiting.append((draft.specification.create_resource(found.contents), found.resolver))
        resource, resolver = waiting.pop()
        schema = resource.contents
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        _check_draft(schema, draft, definition)
        yield schema
        referred.extend((schema[word], resolver) for word in _KEYWORDS if isinstance(schema.get(word), str))
        waiting.extend((sub, resolver.in_subresource(sub)) for sub in resource.subresources())


def _looked_up(reference: str, resolver: Any, definition: Definition) -> Any:
    try:
        return resolver.lookup(reference)
    except Unresolvable as error:
        raise definition.refused(
            f"its schema refers to {reference!r}, which is not in the schema itself",
            'copy it under "$defs" and refer to "#/$defs/..."; nothing is fetched',
        ) from error


def _check_draft(schema: Mapping[str, Any], draft: Draft, definition: Definition) -> None:
    if "$schema" in schema and draft_of(schema, definition) is not draft:
        raise definition.refused(f"a part of its schema has the draft {schema['$schema']!r}", "use one draft")

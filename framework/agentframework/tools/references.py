"""References within a schema: followed, and refused where they lead outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from referencing import Resource
from referencing.exceptions import Unresolvable

from agentframework.tools.definition import Definition
from agentframework.tools.drafts import Draft, check_valid, draft_of

__all__ = ["reachable_schemas"]

_REFERENCES: Final = ("$ref", "$dynamicRef")


def reachable_schemas(
    root: Resource[Any], resolver: Any, draft: Draft, definition: Definition
) -> list[dict[str, Any]]:
    """Every subschema that validation can come to, from `root` and with its `resolver`, which fetches nothing.

    Raises `ToolDefinitionError` for a reference that leads out of the document or to what is no schema, for
    references that go round without an end, and for a part of another draft.
    """
    reached: dict[int, dict[str, Any]] = {}
    applied: dict[int, list[int]] = {}
    waiting = [(root, resolver)]
    referred: list[tuple[int, str, Any]] = []
    while waiting or referred:
        if not waiting:
            source, reference, resolver = referred.pop()
            found = _looked_up(reference, resolver, definition)
            # a reference may lead to a place where the metaschema sees no schema
            if id(found.contents) not in reached:
                check_valid(found.contents, draft, definition)
            applied[source].append(id(found.contents))
            waiting.append((draft.specification.create_resource(found.contents), found.resolver))
        resource, resolver = waiting.pop()
        schema = resource.contents
        if not isinstance(schema, dict) or id(schema) in reached:
            continue
        _check_draft(schema, draft, definition)
        reached[id(schema)] = schema
        applied[id(schema)] = [id(part) for part in _parts(schema)]
        references = [schema[word] for word in _REFERENCES if isinstance(schema.get(word), str)]
        referred.extend((id(schema), reference, resolver) for reference in references)
        waiting.extend((sub, resolver.in_subresource(sub)) for sub in resource.subresources())
    _check_ends(applied, definition)
    return list(reached.values())


def _parts(schema: Mapping[str, Any]) -> Iterator[object]:
    """The subschemas that are applied to the same value as the schema itself."""
    for word in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(word, ())
    for word in ("not", "if", "then", "else"):
        if word in schema:
            yield schema[word]
    for word in ("dependentSchemas", "dependencies"):
        yield from schema.get(word, {}).values()


def _check_ends(applied: Mapping[int, Iterable[int]], definition: Definition) -> None:
    """Refuses schemas that come back to themselves on one value: the check of it would never end."""
    try:
        TopologicalSorter(applied).prepare()
    except CycleError:
        raise definition.refused("its schema refers to itself without end") from None


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

"""Where the tools that are hosted and the tools that an agent has do not agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentframework.spelling import did_you_mean
from agentframework.tools.dialect.declaration import Declaration
from agentframework.tools.dialect.defaults import has_own_value, mapping
from agentframework.tools.dialect.limits import declared_limit, seconds_for
from agentframework.tools.wording import listed, quoted

__all__ = ["Difference", "DifferenceKind", "differences"]

DifferenceKind = Literal[
    "missing",
    "unknown",
    "twice",
    "parameter missing",
    "parameter unknown",
    "required",
    "type",
    "enum",
    "expects_response",
    "response_timeout_secs",
    "tool_error_handling_mode",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the two do not agree, and what comes of it.

    `place` is the parameter, as in `guests[].name`; empty where it is the tool as a whole.
    """

    tool: str
    kind: DifferenceKind
    problem: str
    place: str = ""

    def __str__(self) -> str:
        said = f"tool {self.tool!r}: " + (f"{self.place}: " if self.place else "") + self.problem
        # names and members come from elsewhere, and this goes into logs
        return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in said)


def differences(
    declarations: Iterable[Declaration], theirs: Iterable[Mapping[str, Any]]
) -> tuple[Difference, ...]:
    """Every difference between the hosted tools and the client tools of an agent, given as `tool_config`s."""
    ours = {declaration.name: declaration for declaration in declarations}
    declared = [config for config in theirs if config.get("type", "client") == "client"]
    names = Counter(str(config.get("name")) for config in declared)
    by_name = {str(config.get("name")): config for config in declared}
    found: list[Difference] = []
    for name, declaration in ours.items():
        if name not in by_name:
            meant = did_you_mean(name, [other for other in by_name if other not in ours], after="; ")
            found.append(
                Difference(name, "missing", f"the agent has no such tool, and never calls it{meant}")
            )
        else:
            found.extend(_of_tool(declaration, by_name[name]))
    for name, number in names.items():
        if name not in ours:
            meant = did_you_mean(name, ours, after="; ")
            problem = f"the agent has it and nothing here is called so: its calls fail{meant}"
            found.append(Difference(name, "unknown", problem))
        if number > 1:
            found.append(Difference(name, "twice", f"the agent has {number} tools of this name"))
    return tuple(found)


def _of_tool(ours: Declaration, theirs: Mapping[str, Any]) -> Iterator[Difference]:
    name, config = ours.name, ours.tool_config
    waits = theirs.get("expects_response") is True
    if config["expects_response"] and not waits:
        problem = (
            "the platform waits for no answer (expects_response is false): the agent never hears a result"
        )
        yield Difference(name, "expects_response", problem)
    elif waits and not config["expects_response"]:
        problem = "the platform waits for an answer (expects_response is true), and none is sent from here"
        yield Difference(name, "expects_response", problem)
    limit = declared_limit(theirs)
    if config["expects_response"] and limit is not None and limit < seconds_for(ours.limit):
        problem = (
            f"the platform waits {limit:g} s for an answer (response_timeout_secs); with a limit of "
            f"{ours.limit:g} s here it takes {seconds_for(ours.limit)}"
        )
        yield Difference(name, "response_timeout_secs", problem)
    mode = theirs.get("tool_error_handling_mode", "auto")
    if ours.needs_error_text and config["expects_response"] and mode != "passthrough":
        yield Difference(name, "tool_error_handling_mode", _mode_problem(mode))
    wanted, given = config["parameters"] or {}, mapping(theirs.get("parameters"))
    yield from _of_object(name, "", wanted, given, takes_more=ours.takes_more)


def _mode_problem(mode: object) -> str:
    done = "shortens" if mode == "summarized" else "hides"
    return (
        f"tool_error_handling_mode is {quoted(mode)}, which {done} the text of errors before the model: it learns "
        'that a call failed and not why; "passthrough" shows it'
    )


def _of_object(
    tool: str, place: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], *, takes_more: bool = False
) -> Iterator[Difference]:
    wanted, given = ours.get("properties", {}), mapping(theirs.get("properties"))
    needed, sent = set(ours.get("required", ())), set(_texts(theirs.get("required")))
    for name, node in wanted.items():
        here = f"{place}.{name}" if place else name
        if name not in given:
            lost = "calls without it fail" if name in needed else "the agent never gives it"
            meant = did_you_mean(name, [other for other in given if other not in wanted], after="; ")
            yield Difference(tool, "parameter missing", f"not declared on the platform: {lost}{meant}", here)
            continue
        their_node = mapping(given[name])
        if their_node.get("is_omitted") is True:
            if name in needed:
                problem = "required here, and the platform leaves it out (is_omitted): calls fail"
                yield Difference(tool, "required", problem, here)
            continue
        if (name in needed) != (name in sent) and not has_own_value(their_node):
            yield Difference(tool, "required", _required_problem(is_here=name in needed), here)
        yield from _of_node(tool, here, node, their_node, is_required=name in needed)
    for name in given:
        if name not in wanted and not takes_more:
            here = f"{place}.{name}" if place else name
            meant = did_you_mean(name, [other for other in wanted if other not in given], after="; ")
            yield Difference(tool, "parameter unknown", f"declared on the platform and not here{meant}", here)


def _required_problem(*, is_here: bool) -> str:
    if is_here:
        return "required here and not on the platform: the agent may leave it out, and the call fails"
    return "required on the platform and not here: the agent asks for what it need not know"


def _of_node(
    tool: str, place: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], *, is_required: bool
) -> Iterator[Difference]:
    wanted, given = _types(ours), _types(theirs)
    # the platform's own editor cannot say null, and what need not be given can be left out instead
    may_differ_in_null = has_own_value(theirs) or (not is_required and "null" not in given)
    if wanted != given and not (may_differ_in_null and wanted - {"null"} == given - {"null"}):
        problem = (
            f"{listed(sorted(wanted))} here, {listed(sorted(given)) or 'without a type'} on the platform"
        )
        yield Difference(tool, "type", problem, place)
        return
    if "object" in wanted:
        yield from _of_object(tool, place, ours, theirs)
    elif "array" in wanted:
        items = theirs.get("items")
        their_items = items if isinstance(items, Mapping) else {"type": "string"}
        if not has_own_value(theirs):
            yield from _of_node(tool, f"{place}[]", ours["items"], their_items, is_required=True)
    elif not has_own_value(theirs) and set(ours.get("enum") or ()) != set(_texts(theirs.get("enum"))):
        yield Difference(tool, "enum", _enum_problem(ours.get("enum"), theirs.get("enum")), place)


def _enum_problem(ours: Sequence[str] | None, theirs: object) -> str:
    here = listed(map(quoted, ours)) if ours else "any value"
    there = listed(map(quoted, _texts(theirs))) or "any value"
    return f"{here} here, {there} on the platform"


def _types(node: Mapping[str, Any]) -> set[str]:
    said = node.get("type")
    return {said} if isinstance(said, str) else set(_texts(said))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

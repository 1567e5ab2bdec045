"""What brings an agent's tools into line with those that are hosted: which to create, to change and to attach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentframework.tools.dialect.declaration import Declaration
from agentframework.tools.dialect.defaults import has_own_value, mapping, without_defaults
from agentframework.tools.dialect.limits import declared_limit, seconds_for
from agentframework.tools.dialect.platform import PlatformTool

__all__ = ["Step", "overlaid", "plan_push"]

_KEPT: tuple[str, ...] = ("allowed_values", "allowed_values_dynamic_variable")


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one tool.

    "create" makes `tool_config`, "update" puts it in the place of the tool `tool_id`, "keep" leaves that as it is;
    with `attach` the agent gets it. "refuse" does nothing, for the reason in `why`. `changed` are the keys of the
    declaration that an update changes.
    """

    action: Literal["create", "update", "keep", "refuse"]
    tool: str
    tool_config: Mapping[str, Any]
    tool_id: str = ""
    attach: bool = False
    changed: tuple[str, ...] = ()
    why: str = ""

    @property
    def is_change(self) -> bool:
        return self.action in ("create", "update") or self.attach

    def __str__(self) -> str:
        tool = f"tool {self.tool!r}" + (f" ({self.tool_id})" if self.tool_id else "")
        match self.action:
            case "refuse":
                return f"{tool}: left alone: {self.why}"
            case "create":
                return f"{tool}: create and attach"
            case "update":
                return f"{tool}: change {', '.join(self.changed)}" + (" and attach" if self.attach else "")
        return f"{tool}: attach" if self.attach else f"{tool}: as it should be"


def plan_push(
    declarations: Iterable[Declaration],
    found: Iterable[PlatformTool],
    attached: Sequence[PlatformTool],
    *,
    adopt: bool = False,
) -> list[Step]:
    """A step for each hosted tool, from the tools of the account and those that the agent has.

    A tool of the platform is ours where it has the name and the key's owner has made it; those of others are taken
    only with `adopt`, and only where the agent has them already.
    """
    account = [tool for tool in found if tool.is_client_tool]
    return [_step(declaration, account, attached, adopt=adopt) for declaration in declarations]


def _step(
    ours: Declaration, account: Sequence[PlatformTool], attached: Sequence[PlatformTool], *, adopt: bool
) -> Step:
    name = ours.name
    there = [tool for tool in attached if tool.name == name]
    if len(there) > 1:
        ids = ", ".join(tool.id for tool in there)
        why = f"the agent has {len(there)} tools of this name ({ids}); take all but one away from it"
        return Step("refuse", name, ours.tool_config, why=why)
    if there and not there[0].is_client_tool:
        why = "the agent has a tool of this name that is no client tool"
        return Step("refuse", name, ours.tool_config, there[0].id, why=why)
    if there and not there[0].is_creator and not adopt:
        whom = there[0].creator or "somebody else"
        changed = _changed(ours, there[0])
        if not changed:
            return Step("keep", name, there[0].config, there[0].id)
        why = f"{whom} has made it, and it differs in {', '.join(changed)}; --adopt changes it all the same"
        return Step("refuse", name, ours.tool_config, there[0].id, changed=changed, why=why)
    own = there or [tool for tool in account if tool.name == name and tool.is_creator]
    if not own:
        return Step("create", name, ours.tool_config, attach=True)
    tool, changed = own[0], _changed(ours, own[0])
    config = overlaid(ours, tool.config)
    return Step("update" if changed else "keep", name, config, tool.id, attach=not there, changed=changed)


def _changed(ours: Declaration, tool: PlatformTool) -> tuple[str, ...]:
    before, after = without_defaults(tool.config), without_defaults(overlaid(ours, tool.config))
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))


def overlaid(ours: Declaration, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Their `tool_config` with what is ours to say in it.

    Kept is what a tool knows nothing of: assignments, sounds, how it is executed, values that the platform gives
    itself; and a limit that is long enough.
    """
    config = ours.tool_config
    merged = {**config, **theirs}
    for key in ("type", "name", "description", "expects_response"):
        merged[key] = config[key]
    merged["parameters"] = _node(config["parameters"], theirs.get("parameters"), takes_more=ours.takes_more)
    limit = declared_limit({**theirs, "expects_response": True})
    if config["expects_response"] and limit is not None and limit < seconds_for(ours.limit):
        merged["response_timeout_secs"] = config["response_timeout_secs"]
    if ours.needs_error_text and config["expects_response"]:
        merged["tool_error_handling_mode"] = config["tool_error_handling_mode"]
    return merged


def _node(ours: Any, theirs: Any, *, takes_more: bool = False, is_required: bool = False) -> Any:
    """Our node with what theirs has beside it; theirs where the platform gives the value itself."""
    if not isinstance(theirs, Mapping):
        return ours
    given = mapping(theirs.get("properties"))
    more = {name: node for name, node in given.items() if takes_more and has_own_value(node)}
    if ours is None:
        return {"type": "object", "description": "", "properties": more, "required": []} if more else None
    if _gives(theirs, ours["type"]) and not (is_required and theirs.get("is_omitted")):
        return dict(theirs)
    node = {**ours, **{key: theirs[key] for key in _KEPT if theirs.get(key)}}
    if ours["type"] == "object":
        required = ours["required"]
        inner = {
            name: _node(inner, given.get(name), is_required=name in required)
            for name, inner in ours["properties"].items()
        }
        node["properties"] = {**more, **inner}
        if theirs.get("required_constraints"):
            node["required_constraints"] = theirs["required_constraints"]
    elif ours["type"] == "array":
        node["items"] = _node(ours["items"], theirs.get("items"))
    return node


def _gives(node: Mapping[str, Any], wanted: object) -> bool:
    """Whether the platform gives a value of the wanted type itself; null is of every type."""
    said, types = node.get("type"), wanted if isinstance(wanted, list) else [wanted]
    given = said if isinstance(said, list) else [said]
    return has_own_value(node) and {*map(str, given)} - {"null"} == {*map(str, types)} - {"null"}

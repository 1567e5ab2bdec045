"""The platform's tools and agents for tests: as closed as the real one, with its texts (protocol 5)."""

from __future__ import annotations

import copy
import itertools
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rest_stub import Platform, Reply

__all__ = ["ToolPlatform", "complaints", "filled"]

KEY = "canary-key-0123456789"
_SOURCES = ("description", "dynamic_variable", "is_system_provided", "constant_value", "is_omitted")
_MUST = f"Value error, Must set one of: {', '.join(_SOURCES[:-1])}, or {_SOURCES[-1]}"
_CAN = f"Value error, Can only set one of: {', '.join(_SOURCES[:-1])}, or {_SOURCES[-1]}"
_LITERAL = {*_SOURCES, "type", "enum", "allowed_values", "allowed_values_dynamic_variable"}
_CONTAINER = {"type", "description", "dynamic_variable", "constant_value", "is_omitted", "property_kind"}
_KEYS = {
    "object": {*_CONTAINER, "properties", "required", "required_constraints"},
    "array": {*_CONTAINER, "items"},
}
_ARRAY_ITEM = {"type": "string", "description": "Array element"}
_LITERAL_DEFAULTS: dict[str, Any] = {
    "description": "",
    "enum": None,
    "is_system_provided": False,
    "dynamic_variable": "",
    "allowed_values": None,
    "allowed_values_dynamic_variable": "",
    "constant_value": "",
    "is_omitted": False,
}
_CONTAINER_DEFAULTS: dict[str, Any] = {
    "description": "",
    "dynamic_variable": "",
    "constant_value": None,
    "is_omitted": False,
}
_CHOICES: dict[str, tuple[Any, ...]] = {
    "execution_mode": ("immediate", "post_tool_speech", "async"),
    "interruption_mode": ("allow", "disable_during_tool", "disable_during_tool_and_turn"),
    "pre_tool_speech": ("auto", "force", "off"),
    "tool_call_sound": (None, "typing", "elevator1", "elevator2", "elevator3", "elevator4"),
    "tool_call_sound_behavior": ("auto", "always"),
    "tool_error_handling_mode": ("auto", "summarized", "passthrough", "hide"),
}
_CONFIG_DEFAULTS: dict[str, Any] = {
    "parameters": None,
    "expects_response": False,
    "response_timeout_secs": 20,
    "execution_mode": "immediate",
    "interruption_mode": "allow",
    "disable_interruptions": False,
    "pre_tool_speech": "auto",
    "force_pre_tool_speech": False,
    "assignments": [],
    "tool_call_sound": None,
    "tool_call_sound_behavior": "auto",
    "tool_error_handling_mode": "auto",
    "dynamic_variables": {"dynamic_variable_placeholders": {}},
}
_AT = ["body", "tool_config", "client"]


def complaints(body: Any) -> list[dict[str, Any]]:
    """What the platform has against the body of a create or an update, as it says it."""
    if not isinstance(body, dict) or not isinstance(body.get("tool_config"), dict):
        return [_complaint(["body", "tool_config"], "Input should be a valid dictionary", body)]
    found = [_extra(["body", key], body) for key in body.keys() - {"tool_config", "response_mocks"}]
    return found + _of_config(body["tool_config"])


def filled(config: dict[str, Any]) -> dict[str, Any]:
    """A `tool_config` as it is read back: with every default."""
    read = {**copy.deepcopy(_CONFIG_DEFAULTS), **copy.deepcopy(config)}
    if read["parameters"] is not None:
        read["parameters"] = _filled_node(read["parameters"])
    return read


class ToolPlatform(Platform):
    """Keeps tools and agents, and says 422 to whatever the real one does not take.

    `replies_first` are given before anything else is looked at. A tool of somebody else is one that `add` made
    with `is_mine=False`.
    """

    def __init__(self, *, page_size: int = 30) -> None:
        super().__init__(Reply(500))
        self.tools: dict[str, dict[str, Any]] = {}
        self.agents: dict[str, dict[str, Any]] = {}
        self.page_size = page_size
        self.replies_first: list[Reply] = []
        self.signed_url = ""
        self._numbers = itertools.count(1)

    def add(self, config: dict[str, Any], *, is_mine: bool = True) -> str:
        """A tool that is there already; its id."""
        assert not complaints({"tool_config": config})
        return str(self._stored(config, is_mine=is_mine)["id"])

    def add_agent(self, agent_id: str, *tool_ids: str, **prompt: Any) -> None:
        """An agent with these tools."""
        self.agents[agent_id] = {"tool_ids": list(tool_ids), "prompt": "Be kind.", **prompt}

    def named(self, name: str) -> list[dict[str, Any]]:
        """The `tool_config`s of this name."""
        return [tool["tool_config"] for tool in self.tools.values() if tool["tool_config"]["name"] == name]

    @property
    def writes(self) -> list[str]:
        """What was asked for that changes something: method and path."""
        asked = zip(self.methods, self.requests, strict=True)
        return [f"{method} {path}" for method, (path, _) in asked if method != "GET"]

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        if self.replies_first:
            return self.replies_first.pop(0)
        if self.requests[-1][1].get("xi-api-key") != KEY:
            return Reply(401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}})
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        steps = [unquote(step) for step in parts.path.split("/")[3:]]
        sent: Any = json.loads(body) if body else None
        match method, steps:
            case "GET", ["conversation", "get-signed-url"]:
                return Reply(200, {"signed_url": self.signed_url})
            case "GET", ["tools"]:
                return self._list(query)
            case "POST", ["tools"]:
                wrong = complaints(sent)
                return (
                    Reply(422, {"detail": wrong}) if wrong else Reply(200, self._stored(sent["tool_config"]))
                )
            case _, ["tools", tool_id, *rest] if tool_id in self.tools:
                return self._tool(method, tool_id, rest, sent)
            case _, ["agents", agent_id] if agent_id in self.agents:
                return self._agent(method, agent_id, sent)
        return Reply(404, {"detail": {"status": "document_not_found", "message": "Not found"}})

    def _stored(self, config: dict[str, Any], *, is_mine: bool = True) -> dict[str, Any]:
        tool_id = f"tool_{next(self._numbers):02}"
        access = {"is_creator": is_mine, "creator_name": "Me" if is_mine else "Eve", "role": "admin"}
        self.tools[tool_id] = {"id": tool_id, "tool_config": filled(config), "access_info": access}
        return self.tools[tool_id]

    def _list(self, query: dict[str, str]) -> Reply:
        prefix, types = query.get("search", ""), query.get("types", "client")
        size, start = min(int(query.get("page_size", 30)), self.page_size), int(query.get("cursor", 0))
        if size > 100:
            return Reply(
                422, {"detail": [_complaint(["query", "page_size"], "Input should be at most 100", size)]}
            )
        fits = [
            tool
            for tool in self.tools.values()
            if tool["tool_config"]["name"].startswith(prefix) and tool["tool_config"]["type"] in types
        ]
        more = start + size < len(fits)
        page = {"tools": fits[start : start + size], "next_cursor": str(start + size) if more else None}
        return Reply(200, {**page, "has_more": more})

    def _tool(self, method: str, tool_id: str, rest: list[str], sent: Any) -> Reply:
        users = [agent_id for agent_id, agent in self.agents.items() if tool_id in agent["tool_ids"]]
        match method, rest:
            case "GET", []:
                return Reply(200, self.tools[tool_id])
            case "GET", ["dependent-agents"]:
                agents = [{"type": "available", "id": one, "name": one.title()} for one in users]
                return Reply(200, {"agents": agents, "next_cursor": None, "has_more": False})
            case "PATCH", []:
                wrong = complaints(sent)
                if wrong:
                    return Reply(422, {"detail": wrong})
                self.tools[tool_id]["tool_config"] = filled(sent["tool_config"])
                return Reply(200, self.tools[tool_id])
        return Reply(405, {"detail": "Method Not Allowed"})

    def _agent(self, method: str, agent_id: str, sent: Any) -> Reply:
        agent = self.agents[agent_id]
        if method == "PATCH":
            prompt = sent["conversation_config"]["agent"]["prompt"]
            if "tools" in prompt and "tool_ids" in prompt:
                return Reply(400, {"detail": {"status": "both_tools_and_tool_ids", "message": "Send one."}})
            unknown = [one for one in prompt.get("tool_ids", ()) if one not in self.tools]
            if unknown:
                return Reply(404, {"detail": {"status": "tool_not_found", "message": unknown[0]}})
            agent.update(prompt)
        said = {"agent_id": agent_id, "conversation_config": {"agent": {"prompt": agent}}}
        return Reply(200, said)


def _of_config(config: dict[str, Any]) -> list[dict[str, Any]]:
    known = {"type", "name", "description", *_CONFIG_DEFAULTS}
    found = [_extra([*_AT, key], config) for key in config.keys() - known]
    missing = [key for key in ("type", "name", "description") if not isinstance(config.get(key), str)]
    found += [_complaint([*_AT, key], "Field required", config.get(key)) for key in missing]
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", str(config.get("name"))):
        problem = "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
        found.append(_complaint([*_AT, "name"], problem, config.get("name")))
    for key, words in _CHOICES.items():
        if key in config and config[key] not in words:
            found.append(_complaint([*_AT, key], f"Input should be {words}", config[key]))
    if type(config.get("expects_response", False)) is not bool:
        found.append(_complaint([*_AT, "expects_response"], "Input should be a valid boolean", ...))
    seconds = config.get("response_timeout_secs", 20)
    if type(seconds) is not int or not (seconds == -1 or 1 <= seconds <= 120):
        problem = "Input should be between 1 and 120, or -1"
        found.append(_complaint([*_AT, "response_timeout_secs"], problem, seconds))
    parameters = config.get("parameters")
    if parameters is None:
        return found
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        return [*found, _complaint([*_AT, "parameters"], "Input should be a valid dictionary", parameters)]
    return found + _of_node(parameters, [*_AT, "parameters"], is_top=True)


def _of_node(
    node: Any, at: list[Any], *, is_top: bool = False, is_required: bool = True
) -> list[dict[str, Any]]:
    if not isinstance(node, dict):
        return [_complaint(at, "Input should be a valid dictionary", node)]
    kind = node.get("type")
    if kind not in ("object", "array"):
        return _of_literal(node, at, is_required=is_required)
    at = [*at, kind] if not is_top else at
    found = [_extra([*at, key], node) for key in node.keys() - _KEYS[kind]]
    if not isinstance(node.get("description", ""), str):
        found.append(_complaint([*at, "description"], "Input should be a valid string", node["description"]))
    if kind == "array":
        return found + _of_node(node.get("items", _ARRAY_ITEM), [*at, "items"])
    properties, required = node.get("properties", {}), node.get("required", [])
    if not isinstance(properties, dict):
        return [*found, _complaint([*at, "properties"], "Input should be a valid dictionary", properties)]
    if not properties and not is_top:
        found.append(_complaint([*at, "properties"], "Dictionary should have at least 1 item", properties))
    if not isinstance(required, list) or not set(required) <= properties.keys():
        found.append(_complaint([*at, "required"], "Value error, required names no property", required))
    for name, inner in properties.items():
        found += _of_node(inner, [*at, "properties", name], is_required=name in required)
    return found


def _of_literal(node: dict[str, Any], at: list[Any], *, is_required: bool) -> list[dict[str, Any]]:
    said = node.get("type")
    types = said if isinstance(said, list) else [said]
    kinds = [kind for kind in types if kind != "null"]
    if not kinds or not set(types) <= {"string", "integer", "number", "boolean", "null"} or said == "null":
        problem = "Input should be 'boolean', 'string', 'integer' or 'number'"
        return [_complaint([*at, "type"], problem, said)]
    at = [*at, kinds[0]]
    found = [_extra([*at, key], node) for key in node.keys() - _LITERAL]
    unset: tuple[Any, ...] = (None, "", [], {})
    given = [key for key in _SOURCES if node.get(key) not in unset and node.get(key) is not False]
    if len(given) != 1:
        found.append(_complaint(at, _CAN if given else _MUST, node))
    if "is_omitted" in given and is_required:
        found.append(_complaint(at, "Value error, a required property cannot be omitted", node))
    enum = node.get("enum")
    if enum is not None and not (isinstance(enum, list) and all(isinstance(one, str) for one in enum)):
        found.append(_complaint([*at, "enum"], "Input should be a valid string", enum))
    return found


def _filled_node(node: dict[str, Any]) -> dict[str, Any]:
    if node["type"] == "object":
        inner = {name: _filled_node(one) for name, one in node.get("properties", {}).items()}
        return {
            **_CONTAINER_DEFAULTS,
            "required": [],
            "required_constraints": None,
            **node,
            "properties": inner,
        }
    if node["type"] == "array":
        return {**_CONTAINER_DEFAULTS, **node, "items": _filled_node(node.get("items", _ARRAY_ITEM))}
    return {**_LITERAL_DEFAULTS, **node}


def _extra(at: list[Any], holder: dict[str, Any]) -> dict[str, Any]:
    return _complaint(at, "Extra inputs are not permitted", holder[at[-1]], kind="extra_forbidden")


def _complaint(at: list[Any], problem: str, given: Any, *, kind: str = "value_error") -> dict[str, Any]:
    return {"type": kind, "loc": at, "msg": problem, "input": None if given is ... else given}

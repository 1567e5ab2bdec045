"""A declaration without what the platform fills in by itself when it is read back (protocol 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["has_own_value", "mapping", "without_defaults"]

_DEFAULTS: Final[Mapping[str, Any]] = {
    "expects_response": False,
    "response_timeout_secs": 20,
    "execution_mode": "immediate",
    "interruption_mode": "allow",
    "disable_interruptions": False,
    "pre_tool_speech": "auto",
    "force_pre_tool_speech": False,
    "tool_call_sound_behavior": "auto",
    "tool_error_handling_mode": "auto",
}
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_OWN_VALUES: Final = ("dynamic_variable", "constant_value", "is_omitted", "is_system_provided")


def without_defaults(tool_config: Mapping[str, Any]) -> dict[str, Any]:
    """The `tool_config` without the keys that say what holds anyway; for comparing two of them."""
    kept = {key: _plain(value) for key, value in tool_config.items() if key != "parameters"}
    kept = {key: value for key, value in kept.items() if value not in _EMPTY and not _is_default(key, value)}
    parameters = mapping(tool_config.get("parameters"))
    if parameters.get("properties"):
        kept["parameters"] = _node(parameters)
    return kept


def mapping(value: object) -> Mapping[str, Any]:
    """A value of an answer as the object that it should be; an empty one where it is none."""
    return value if isinstance(value, Mapping) else {}


def has_own_value(node: object) -> bool:
    """Whether the platform gives this value itself, and the model is not asked for it (protocol 5.2)."""
    return isinstance(node, Mapping) and any(not _is_unset(key, node.get(key)) for key in _OWN_VALUES)


def _is_unset(key: str, value: object) -> bool:
    """Whether a node's key says nothing; false is a value for a constant alone."""
    return value in _EMPTY or (value is False and key != "constant_value")


def _is_default(key: str, value: object) -> bool:
    return key in _DEFAULTS and type(value) is type(_DEFAULTS[key]) and value == _DEFAULTS[key]


def _plain(value: Any) -> Any:
    """A value without the empty ones inside it."""
    if isinstance(value, Mapping):
        inner = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in _EMPTY}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, Mapping):
            kept[key] = {name: _node(inner) for name, inner in value.items() if isinstance(inner, Mapping)}
        elif key == "items" and isinstance(value, Mapping):
            kept[key] = _node(value)
        elif key == "type" and isinstance(value, list):
            kept[key] = value[0] if len(value) == 1 else sorted(map(str, value))
        elif key == "required" and isinstance(value, list):
            kept[key] = sorted(map(str, value))
        elif key != "property_kind" and not _is_unset(key, value):
            kept[key] = _plain(value)
    return {key: value for key, value in kept.items() if value not in _EMPTY}

"""Which settings of an agent a client may override, and what is odd about an override (protocol 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentframework.spelling import did_you_mean

__all__ = ["OVERRIDES", "OverrideProblem", "check_override"]

_TEXT = (str,)
_LIST = (list,)
_WHOLE = (int,)
_NUMBER = (int, float)
_BOOL = (bool,)
_WORDS = {
    _TEXT: "a text",
    _LIST: "a list",
    _WHOLE: "a whole number",
    _NUMBER: "a number",
    _BOOL: "true or false",
}

OVERRIDES: Mapping[str, Any] = {
    "agent": {
        "first_message": _TEXT,
        "language": _TEXT,
        "max_conversation_duration_message": _TEXT,
        "native_mcp_server_ids": _LIST,
        "prompt": {
            "prompt": _TEXT,
            "llm": _TEXT,
            "reasoning_effort": _TEXT,
            "tool_ids": _LIST,
            "tool_ids_strict": _BOOL,
            "native_mcp_server_ids": _LIST,
            "knowledge_base": _LIST,
        },
    },
    "asr": {"keywords": _LIST},
    "turn": {
        "soft_timeout_config": {"message": _TEXT, "additional_soft_timeout_messages": _LIST},
        "noisy_environment_message": _TEXT,
    },
    "tts": {
        "model_id": _TEXT,
        "voice_id": _TEXT,
        "stability": _NUMBER,
        "speed": _NUMBER,
        "similarity_boost": _NUMBER,
        "clone_strength": _NUMBER,
        "supported_voices": _LIST,
        "pronunciation_dictionary_locators": _LIST,
    },
    "conversation": {"text_only": _BOOL, "max_duration_seconds": _WHOLE},
}
"""The tree of `conversation_config_override`; a leaf holds the types that its value may have."""


@dataclass(frozen=True, slots=True)
class OverrideProblem:
    """One odd place of an override; `unknown` where the key itself is in no list."""

    path: str
    text: str
    unknown: bool


def check_override(override: Mapping[str, Any]) -> Iterator[OverrideProblem]:
    """What is odd about a `conversation_config_override`, in its own order; nothing where all is known."""
    return _check(override, OVERRIDES, "")


def _check(given: Mapping[str, Any], known: Mapping[str, Any], place: str) -> Iterator[OverrideProblem]:
    for key, value in given.items():
        path = f"{place}{key[:64]}"
        expected = known.get(key)
        if expected is None:
            yield OverrideProblem(path, f"no such setting is known{_suggest(key, known)}", unknown=True)
        elif isinstance(expected, Mapping):
            if isinstance(value, Mapping):
                yield from _check(value, expected, f"{path}.")
            else:
                yield OverrideProblem(path, "an object was expected", unknown=False)
        elif value is None:
            yield OverrideProblem(path, "null; leave out what is not overridden", unknown=False)
        elif not _fits(value, expected):
            yield OverrideProblem(path, f"{_WORDS[expected]} was expected", unknown=False)


def _fits(value: object, expected: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in expected
    return isinstance(value, expected)


def _suggest(key: str, known: Mapping[str, Any]) -> str:
    elsewhere = [path for path in _leaves(OVERRIDES, "") if path.rpartition(".")[2] == key]
    return f"; did you mean {elsewhere[0]!r}?" if elsewhere else did_you_mean(key, known, after="; ")


def _leaves(known: Mapping[str, Any], place: str) -> Iterator[str]:
    for key, expected in known.items():
        if isinstance(expected, Mapping):
            yield from _leaves(expected, f"{place}{key}.")
        else:
            yield f"{place}{key}"

"""An override of the agent's settings is checked against the tree of protocol 2.3."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework.protocol.overrides import OVERRIDES, check_override

EVERYTHING = {
    "agent": {
        "first_message": "Hi",
        "language": "en",
        "max_conversation_duration_message": "Time is up",
        "prompt": {
            "prompt": "You are…",
            "llm": "gemini-2.5-flash",
            "reasoning_effort": "low",
            "tool_ids": ["tool_1"],
            "tool_ids_strict": True,
            "native_mcp_server_ids": [],
            "knowledge_base": [{"type": "file", "name": "KB", "id": "123", "usage_mode": "auto"}],
        },
    },
    "asr": {"keywords": ["Acme"]},
    "turn": {
        "soft_timeout_config": {"message": "Hmm…", "additional_soft_timeout_messages": ["One moment"]},
        "noisy_environment_message": "…",
    },
    "tts": {
        "model_id": "eleven_flash_v2_5",
        "voice_id": "v1",
        "stability": 0.5,
        "speed": 1,
        "similarity_boost": 0.8,
        "clone_strength": 0.5,
        "supported_voices": [],
        "pronunciation_dictionary_locators": [],
    },
    "conversation": {"text_only": True, "max_duration_seconds": 600},
}


def test_everything_that_may_be_overridden_is_fine() -> None:
    assert list(check_override(EVERYTHING)) == []


def test_each_part_may_be_empty() -> None:
    assert list(check_override({part: {} for part in OVERRIDES})) == []


def test_a_setting_in_the_wrong_place_is_shown_the_right_one() -> None:
    [problem] = check_override({"text_only": True})

    assert problem.unknown
    assert problem.path == "text_only"
    assert problem.text.endswith("did you mean 'conversation.text_only'?")


def test_a_misspelt_setting_is_shown_its_neighbour() -> None:
    [problem] = check_override({"agent": {"langage": "en"}})

    assert problem.path == "agent.langage"
    assert problem.text.endswith("did you mean 'language'?")


@pytest.mark.parametrize(
    ("override", "path", "expected"),
    [
        ({"conversation": {"text_only": "true"}}, "conversation.text_only", "true or false"),
        (
            {"conversation": {"max_duration_seconds": True}},
            "conversation.max_duration_seconds",
            "a whole number",
        ),
        ({"tts": {"stability": "0.5"}}, "tts.stability", "a number"),
        ({"tts": {"voice_id": None}}, "tts.voice_id", "null; leave out"),
        ({"asr": {"keywords": "Acme"}}, "asr.keywords", "a list"),
        ({"agent": "Hi"}, "agent", "an object"),
    ],
)
def test_a_value_of_another_type_is_odd(override: dict[str, Any], path: str, expected: str) -> None:
    [problem] = check_override(override)

    assert not problem.unknown
    assert problem.path == path
    assert problem.text.startswith(expected)

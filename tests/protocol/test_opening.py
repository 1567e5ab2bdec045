"""The opening frame, to the letter."""

from __future__ import annotations

from agentframework.protocol.opening import opening_message


def test_an_empty_opening_is_empty() -> None:
    assert opening_message(text_only=False).to_frame() == '{"type":"conversation_initiation_client_data"}'


def test_text_only_is_nested_beside_what_the_user_overrides() -> None:
    message = opening_message(
        text_only=True, overrides={"conversation": {"max_duration_seconds": 5}, "tts": {}}
    )
    assert message.conversation_config_override == {
        "conversation": {"text_only": True, "max_duration_seconds": 5},
        "tts": {},
    }


def test_the_users_own_word_on_text_only_wins() -> None:
    message = opening_message(text_only=True, overrides={"conversation": {"text_only": False}})
    assert message.conversation_config_override == {"conversation": {"text_only": False}}


def test_everything_has_its_place_and_nulls_among_the_variables_are_kept() -> None:
    message = opening_message(
        text_only=False,
        dynamic_variables={"a": None},
        custom_llm_extra_body={"t": 1},
        user_id="u",
        branch_id="b",
    )
    assert message.to_frame() == (
        '{"type":"conversation_initiation_client_data","custom_llm_extra_body":{"t":1},'
        '"dynamic_variables":{"a":null},"user_id":"u","branch_id":"b"}'
    )

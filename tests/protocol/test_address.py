"""Addresses of conversations below any base."""

from __future__ import annotations

import pytest

from agentframework.protocol.address import REGIONS, conversation_url


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://api.elevenlabs.io", "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=a"),
        ("http://127.0.0.1:8000/", "ws://127.0.0.1:8000/v1/convai/conversation?agent_id=a"),
        ("https://host/prefix/", "wss://host/prefix/v1/convai/conversation?agent_id=a"),
        ("ws://127.0.0.1:1", "ws://127.0.0.1:1/v1/convai/conversation?agent_id=a"),
    ],
)
def test_the_scheme_follows_the_base_and_its_path_is_kept(base: str, expected: str) -> None:
    assert conversation_url(base, "a") == expected


def test_values_are_encoded_and_empty_ones_left_out() -> None:
    url = conversation_url(REGIONS["eu"], "agent 1&x", environment="st/ging")
    assert url == (
        "wss://api.eu.residency.elevenlabs.io/v1/convai/conversation?agent_id=agent%201%26x&environment=st%2Fging"
    )

"""The error of a failed start says who ended it and how far it had come."""

from __future__ import annotations

import pytest

from agentframework.callbacks import DisconnectionDetails
from agentframework.protocol.client import ClientProtocol
from agentframework.session.ending import counts_of, start_error, what_was_counted


@pytest.mark.parametrize(
    ("details", "said"),
    [
        (DisconnectionDetails("user", phase="connect"), "the conversation was ended before it had started"),
        (
            DisconnectionDetails("error", 1008, "no such voice", phase="start", hint="look there"),
            "the agent's side closed with 1008 (no such voice) before the conversation had started; look there",
        ),
        (
            DisconnectionDetails("agent", 1000, "", phase="start"),
            "the agent's side closed with 1000 before the conversation had started",
        ),
        (DisconnectionDetails("error", message="no connection", phase="connect"), "no connection"),
        (DisconnectionDetails("error", phase="connect"), "the conversation could not be started"),
    ],
)
def test_a_failed_start_has_its_sentence(details: DisconnectionDetails, said: str) -> None:
    error = start_error(details)
    assert str(error) == said
    assert (error.phase, error.close_code) == (details.phase, details.close_code)


def test_a_conversation_without_anything_to_count_says_so() -> None:
    assert what_was_counted(counts_of(ClientProtocol()), None, ()) == "nothing to count"

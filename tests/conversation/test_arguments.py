"""What cannot work of a conversation's arguments is said when it is made, by name."""

from __future__ import annotations

from typing import Any

import pytest

from agentframework import (
    AsyncConversation,
    Callbacks,
    Client,
    Conversation,
    OnPremInitiationData,
    ReconnectPolicy,
    SessionEndedError,
    StartError,
)
from agentframework.conversation.base import BaseConversation


class HalfAnInterface:
    def start(self, input_callback: object) -> None: ...
    def output(self, audio: bytes) -> None: ...


@pytest.mark.parametrize("door", [Conversation, AsyncConversation])
@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (
            {"client": "sk_canary"},
            TypeError,
            "client must be a Client or the ElevenLabs SDK's own, not a str; for a key write Client(api_key=...)",
        ),
        ({"client": None}, TypeError, "client must be a Client or the ElevenLabs SDK's own, not None"),
        ({"agent_id": None}, TypeError, "agent_id must be a text, not None"),
        ({"agent_id": 5}, TypeError, "agent_id must be a text, not an int"),
        ({"agent_id": ""}, ValueError, "agent_id is empty"),
        ({"config": {}}, TypeError, "config must be a ConversationInitiationData, not a dict"),
        (
            {"on_prem_config": "ws://x"},
            TypeError,
            "on_prem_config must be an OnPremInitiationData, not a str",
        ),
        ({"client_tools": {}}, TypeError, "client_tools must be ClientTools or a ToolRegistry, not a dict"),
        (
            {"audio_interface": HalfAnInterface()},
            TypeError,
            "audio_interface must be an AudioInterface or an AudioBackend; a HalfAnInterface has no stop()",
        ),
        (
            {"callback_agent_response": "print"},
            TypeError,
            "callback_agent_response must be a function, not a str",
        ),
        (
            {"callbacks": 5},
            TypeError,
            "callbacks must be a Callbacks object or a sequence of them, not an int",
        ),
        (
            {"callbacks": [Callbacks(), print]},
            TypeError,
            "callbacks must be made of Callbacks objects, not a",
        ),
        ({"connect_timeout": "5"}, TypeError, "connect_timeout must be a number of seconds, not a str"),
        ({"connect_timeout": -1}, ValueError, "connect_timeout must be above 0 and finite, not -1"),
        (
            {"connect_timeout": float("nan")},
            ValueError,
            "connect_timeout must be above 0 and finite, not nan",
        ),
        ({"reconnect": "yes"}, TypeError, "reconnect must be True, False or a ReconnectPolicy, not a str"),
    ],
)
def test_what_cannot_work_is_named_with_what_would_be_right(
    door: type[BaseConversation], arguments: dict[str, Any], kind: type[Exception], said: str
) -> None:
    given = {"client": Client(), "agent_id": "agent_1", "requires_auth": False, **arguments}
    with pytest.raises(kind) as refused:
        door(**given)
    assert str(refused.value).startswith(said)
    assert "canary" not in str(refused.value)


def test_a_server_of_ones_own_needs_no_account() -> None:
    config = OnPremInitiationData("ws://127.0.0.1:9/")
    Conversation(None, "", requires_auth=False, on_prem_config=config, reconnect=ReconnectPolicy(attempts=2))


def test_a_conversation_that_was_ended_before_its_start_does_not_begin() -> None:
    """A signal may come that early."""
    conversation = Conversation(Client(base_url="http://127.0.0.1:9"), "agent_1", requires_auth=False)
    conversation.end_session()
    with pytest.raises(StartError):
        conversation.start_session()
    assert conversation.wait_for_session_end() is None
    with pytest.raises(SessionEndedError):
        conversation.send_user_message("hello?")

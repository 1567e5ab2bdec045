"""What one session is told before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agentframework.policy import Policy
from agentframework.protocol.messages import (
    ConversationInitiationClientDataMessage,
    EnclaveSetupConfigMessage,
)
from agentframework.session.reconnecting import ReconnectPolicy

__all__ = ["SessionSettings"]


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Times are in seconds.

    `tool_timeout` counts from the receipt of a call and is below the platform's 20 s (protocol 4.5), for tools that
    have no own; `declared_limits` says by tool how long the agent waits, where that is known: `math.inf` for ever.
    While a call runs the agent is told every `activity_interval` that somebody is there; 0 switches it off. `answers`
    says by tool that it is always or never answered, whatever the call says. `error_text` "result" sends what the
    model should read of an error as an ordinary result, because the platform hides the text of errors by default.
    At most `max_running` calls run at the same time, the others wait.
    Without `reconnect` a lost connection is the end.
    """

    initiation: ConversationInitiationClientDataMessage = field(
        default_factory=ConversationInitiationClientDataMessage
    )
    enclave_setup: EnclaveSetupConfigMessage | None = None
    connect_timeout: float = 10.0
    close_timeout: float = 2.0
    tool_timeout: float = 15.0
    declared_limits: Mapping[str, float] = field(default_factory=dict)
    activity_interval: float = 3.0
    answers: Mapping[str, bool] = field(default_factory=dict)
    error_text: Literal["error", "result"] = "error"
    max_open_calls: int = 8192
    max_running: int | None = None
    policy: Policy = field(default_factory=Policy)
    reconnect: ReconnectPolicy | None = None
